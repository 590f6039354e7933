"""What the tests on real clusters share: the installed command, and proof that nothing is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pytest_upgrade_e2e import interrupts
from upgrade_e2e.providers.kind.doctor import examine
from upgrade_e2e.providers.kind.finding import UNSURE
from upgrade_e2e.providers.kind.ledger import Ledger

TOOL = str(Path(sys.executable).with_name("upgrade-e2e"))
HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
LIMITS = REPOSITORY / "ci" / "limits.toml"
OLD, NEW = (REPOSITORY / "ci" / "versions").read_text().split()
OLD_CLUSTER = "e2e-old"
# The claims that need three control planes.
API_CLAIMS = {"test_the_api_stays_available", "test_the_api_stays_fast"}
"""They need three control planes."""
ONE_CLAIMS = {"test_the_api_answers_between_absences", "test_the_api_comes_back"}
"""They stand in their place where there is one."""
LACKING = {"test_no_container_is_throttled"}
"""In clusters of stand-ins no container has a CPU limit."""
MINUTES = 60


def pytest_configure(config) -> None:
    """A request to end is an interruption, in the background too: what was made is deleted."""
    interrupts.install(config)


def pytest_collection_modifyitems(items) -> None:
    """Everything in here needs a real cluster; the hook sees tests of other folders too."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.kind)


@pytest.fixture(scope="session", autouse=True)
def machine() -> None:
    """The machine can run kind; else skip with what doctor says."""
    require(OLD, NEW)


def require(*versions: str) -> None:
    """Skip, with what doctor says, where a real cluster of one of these versions cannot be made."""
    found = examine(versions)
    problems = [str(one) for one in found if not one.ok or one.level is UNSURE]
    if problems:
        pytest.skip("this machine cannot run kind: " + "; ".join(problems))


@dataclass(frozen=True)
class Ran:
    """An `upgrade-e2e` command that ended."""

    code: int
    output: str
    artifacts: Path

    def record(self, path: str = "") -> dict:
        """run.json of the run, or of one of its paths."""
        return json.loads((self.artifacts / path / "run.json").read_text())

    def summary(self, path: str = "") -> str:
        """summary.md of the run."""
        return (self.artifacts / path / "summary.md").read_text()


@dataclass(frozen=True)
class Tool:
    """The installed command, run in a folder of its own."""

    folder: Path
    _started: list[subprocess.Popen[str]] = field(default_factory=list, repr=False)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start it without waiting, its output in `output`."""
        with (self.folder / "output").open("w") as output:
            process = subprocess.Popen(
                [TOOL, *words],
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def run(self, *words: str, within_s: float) -> Ran:
        """Run it to its end."""
        process = self.start(*words)
        try:
            code = process.wait(timeout=within_s)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{words} did not end within {within_s:g} s:\n{self.output()}")
        finally:
            self.end()
        return Ran(code, self.output(), self.folder / "artifacts")

    def end(self) -> None:
        """End what it started and what still runs, which deletes what it made."""
        for process in self._started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(timeout=120)

    def output(self) -> str:
        """What it has printed so far."""
        return (self.folder / "output").read_text()

    def wait_for_output(self, text: str, within_s: float) -> None:
        """Wait until it has printed `text`."""
        end = time.monotonic() + within_s
        while text not in self.output():
            assert time.monotonic() < end, f"{text!r} was not printed:\n{self.output()}"
            time.sleep(0.2)


@pytest.fixture
def tool(tmp_path: Path) -> Iterator[Tool]:
    """The command in a folder for one test; nothing of it runs afterwards."""
    made = Tool(tmp_path)
    yield made
    made.end()


@pytest.fixture(scope="module")
def module_tool(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    """The command in a folder for one module."""
    return Tool(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A plain pass under CI's limits: made once, for every test that reads what it left."""
    before = orphans()
    done = Tool(tmp_path_factory.mktemp("plain")).run(
        "run", "--provider", "kind", "--from", OLD, "--to", NEW, "--limits", str(LIMITS),
        within_s=20 * MINUTES,
    )  # fmt: skip
    print(done.output)
    print(done.summary())
    assert orphans() <= before
    return done


def orphans() -> set[str]:
    """Containers as passes make them, running or not, that no living pass has in its ledger.

    The ledger is read ahead of docker's list and after it: a pass beside this one makes and deletes
    its own meanwhile.
    """
    owned = _owned()
    listed = docker("ps", "-a", "--format", '{{.Names}} {{.Label "io.x-k8s.kind.cluster"}}')
    owned |= _owned()
    found = [line.split() for line in listed.splitlines()]
    ours = [names for names in found if names[1:] or names[0].startswith("upgrade-e2e-")]
    return {names[0] for names in ours if not owned & set(names)}


def docker(*words: str) -> str:
    """What a docker command printed."""
    done = subprocess.run(
        ["docker", *words], check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip()


def _owned() -> set[str]:
    return {entry.name for entry in Ledger().entries() if not entry.owner.is_dead}


@pytest.fixture(autouse=True, scope="module")
def nothing_left() -> Iterator[None]:
    """A module leaves no container behind that was not there before."""
    before = orphans()
    yield
    assert orphans() <= before
