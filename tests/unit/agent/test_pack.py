"""The agent as one file: equal sources give equal bytes, and nothing else is needed to run it."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from upgrade_e2e import agent
from upgrade_e2e.agent.pack import ARCHIVE, pack

FOLDER = Path(agent.__file__).parent
MODULES = sorted(path for path in FOLDER.glob("*.py") if path.name != "pack.py")


def test_equal_sources_give_equal_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the files' dates and the machine's time zone are."""
    before = pack()
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert pack() == before


def test_other_sources_give_other_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in FOLDER.glob("*.py"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr("upgrade_e2e.agent.pack.__file__", str(tmp_path / "pack.py"))
    assert pack() == (before := pack())
    (tmp_path / "clock.py").write_text("# another\n")
    assert pack() != before


def test_the_archive_holds_all_modules_but_its_packer() -> None:
    with zipfile.ZipFile(io.BytesIO(pack())) as archive:
        names = archive.namelist()
        assert names == ["__main__.py", *(f"agent/{path.name}" for path in MODULES)]
        for path in MODULES:
            assert archive.read(f"agent/{path.name}") == path.read_bytes()
    assert "agent/pack.py" not in names
    assert {"agent/main.py", "agent/layout.py", "agent/__init__.py"} <= set(names)


def test_the_archive_starts_without_the_project(tmp_path: Path) -> None:
    """In a bare environment and an empty folder; its name in the help is the agent's."""
    (tmp_path / ARCHIVE).write_bytes(pack())
    argv = [sys.executable, "-I", "-S", ARCHIVE, "probe", "--help"]
    env = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("usage: agent probe")
    assert "--spool" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_a_module_imports_the_standard_library_and_its_neighbours(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node.level == 1
            assert (FOLDER / f"{node.module}.py") in MODULES
        elif isinstance(node, ast.Import | ast.ImportFrom):
            first = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
            assert str(first).partition(".")[0] in sys.stdlib_module_names
