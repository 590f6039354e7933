"""A fresh environment with the wheel, inside a repository of a user who has other plugins too."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
GUARD_S = 300.0
"""Far above what it takes (docs/sim.md has the figure): only a hang is caught by time."""
OTHERS = ("fixtures", "pytest-parallel", "pytest-asyncio", "pytest-cov", "pytest-randomly")
UNDECLARED = ("py",)
"""What pytest-parallel needs for `--workers`, and does not ask for."""


@dataclass(frozen=True)
class Ran:
    """A command that ended, and the seconds that it took."""

    code: int
    out: str
    err: str
    took_s: float


@dataclass(frozen=True)
class Fresh:
    """A virtual environment at `folder`/.venv; `folder` is the user's repository."""

    folder: Path

    @property
    def bin(self) -> Path:
        """The folder of the environment's programs."""
        return self.folder / ".venv" / "bin"

    @property
    def first(self) -> Path:
        """The folder in which the first command was run."""
        return self.folder / "first"

    def run(self, program: str, *words: str | Path, cwd: Path | None = None, alone=False) -> Ran:
        """Run a program of the environment; `alone` without any other program in PATH."""
        path = str(self.bin) if alone else f"{self.bin}:{os.environ['PATH']}"
        return timed([self.bin / program, *words], cwd or self.folder, path)


def timed(argv, folder: Path, path: str) -> Ran:
    """Run to the end, without what this process says about Python."""
    inherited = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME", "PYTHONWARNINGS", "PYTEST_ADDOPTS")
    env = {key: value for key, value in os.environ.items() if key not in inherited}
    # Two workers run in one environment, and coverage cannot make one file twice at once.
    env["COVERAGE_FILE"] = f".coverage-{os.getpid()}"
    began = time.monotonic()
    done = subprocess.run(
        list(map(str, argv)),
        cwd=folder,
        env={**env, "PATH": path},
        capture_output=True,
        text=True,
        timeout=GUARD_S,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr, time.monotonic() - began)


def first_command(fresh: Fresh) -> dict[str, Ran]:
    """Make the environment, install as README says, and run the first command; once per run."""
    with locked(fresh.folder):
        saved = fresh.folder / "first.json"
        if not saved.exists():
            steps = _first_steps(fresh)
            saved.write_text(json.dumps({name: asdict(ran) for name, ran in steps.items()}))
    return {name: Ran(**ran) for name, ran in json.loads(saved.read_text()).items()}


def _first_steps(fresh: Fresh) -> dict[str, Ran]:
    fresh.first.mkdir(exist_ok=True)
    venv = [sys.executable, "-m", "venv", fresh.folder / ".venv"]
    steps = {"made": timed(venv, fresh.folder, os.environ["PATH"])}
    steps["installed"] = fresh.run("pip", "install", "--quiet", "--no-compile", ".", cwd=CHECKOUT)
    steps["ran"] = fresh.run("upgrade-e2e", "run", cwd=fresh.first, alone=True)
    return steps


def add_wheel_and_others(fresh: Fresh) -> Path:
    """Install the built wheel and the other plugins, once per run; the wheel's file.

    It comes after the first command, which must not need what the others bring along.
    """
    first_command(fresh)
    with locked(fresh.folder):
        wheels = fresh.folder / "dist"
        if not (fresh.folder / "crowded").exists():
            _run_all(fresh, [("wheel", "--no-deps", "--wheel-dir", str(wheels), str(CHECKOUT))])
            (wheel,) = wheels.glob("*.whl")
            again = ("install", "--no-compile", "--no-deps", "--force-reinstall", str(wheel))
            _run_all(fresh, [again, ("install", "--no-compile", *OTHERS, *UNDECLARED)])
            (fresh.folder / "crowded").touch()
    (wheel,) = wheels.glob("*.whl")
    return wheel


def _run_all(fresh: Fresh, commands: list[tuple[str, ...]]) -> None:
    for words in commands:
        ran = fresh.run("pip", *words)
        assert ran.code == 0, ran.out + ran.err


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Workers of one test run share the folder: one at a time."""
    with (folder / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
