"""ci/test: each test is run by every run or by exactly one part of `ci/test --all`.

The script is run in a copy of the repository's ci folder in which everything that it calls only
writes down how it was called.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CALL = """#!/bin/sh
echo "$(basename "$0") $*" >> calls
case "$*" in *pytest*) printf '%s\\0' "$@" END >> tested; exit "${PYTEST_CODE:-0}" ;; esac
"""
IN_VENV = ("python", "ruff", "mypy", "lint-imports", "upgrade-e2e")
IN_CI = ("kind-host", "chromium", "node-image/build")


def rows(name: str, ci: Path = ROOT / "ci") -> list[dict[str, str]]:
    """A table of the ci folder."""
    with (ci / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", strict=True))


PARTS = {row["part"]: row for row in rows("parts.tsv")}


@dataclass(frozen=True)
class Copy:
    """A copy of the ci folder, committed, in which nothing real is called."""

    folder: Path

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run ci/test there."""
        return subprocess.run(
            ["bash", "ci/test", *words],
            cwd=self.folder,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def calls(self) -> list[str]:
        """Everything that was called, in order."""
        return (self.folder / "calls").read_text().splitlines()

    def tested(self) -> list[Selection]:
        """Each call of pytest."""
        calls = (self.folder / "tested").read_text().split("\0END\0")[:-1]
        return [Selection.of(call.split("\0")) for call in calls]

    def git(self, *words: str) -> str:
        """Run git there; what it printed."""
        names = ("-c", "user.name=test", "-c", "user.email=test@localhost")
        argv = ["git", *names, *words]
        done = subprocess.run(argv, cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()


@dataclass(frozen=True)
class Selection:
    """The folders and the marks that pytest was called with."""

    folders: tuple[str, ...]
    marks: str

    @classmethod
    def of(cls, words: list[str]) -> Selection:
        """Read a command line `-m pytest FOLDER... -m MARKS ...`."""
        folders = tuple(word for word in words if word.split("/")[0] in {"tests", "simulator"})
        return cls(folders, words[words.index("-m", words.index("pytest")) + 1])

    def has(self, test: str, marks: Marks) -> bool:
        """Whether the test is run."""
        inside = any(test.startswith(folder + "/") for folder in self.folders)
        return inside and bool(eval(self.marks, {"__builtins__": {}}, marks))  # noqa: S307 - ours


@dataclass(frozen=True)
class Mark:
    """What a name in an expression of marks stands for."""

    given: list[dict[str, str]]

    def __bool__(self) -> bool:
        return bool(self.given)

    def __call__(self, **wanted: str) -> bool:
        return any(wanted.items() <= one.items() for one in self.given)


@dataclass(frozen=True)
class Marks:
    """The names of an expression, for one test."""

    found: Mapping[str, list[dict[str, str]]]

    def __getitem__(self, name: str) -> Mark:
        return Mark(self.found.get(name, []))


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A copy whose programs only write down their calls."""
    (tmp_path / "ci" / "node-image").mkdir(parents=True)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in ("test", "parts.tsv", "passed.tsv", "versions"):
        shutil.copy(ROOT / "ci" / name, tmp_path / "ci" / name)
    (tmp_path / "ci" / "passed.tsv").write_text("part\tcommit\tdate\tseconds\tversions\n")
    for program in [f".venv/bin/{name}" for name in IN_VENV] + [f"ci/{name}" for name in IN_CI]:
        (tmp_path / program).write_text(CALL)
        (tmp_path / program).chmod(0o755)
    (tmp_path / ".gitignore").write_text(".venv\ncalls\ntested\n")
    made = Copy(tmp_path)
    made.git("init", "--quiet")
    made.git("add", ".")
    made.git("commit", "--quiet", "--message", "ci: a copy")
    return made


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Marks]:
    """Every test of the repository, with its marks."""
    file = tmp_path_factory.mktemp("collected") / "marks.json"
    argv = ["-m", "pytest", "--collect-only", "-q", "-p", "tests.collected"]
    done = subprocess.run(
        [sys.executable, *argv, "-p", "no:cacheprovider", "--collected-to", file],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {test: Marks(found) for test, found in json.loads(file.read_text()).items()}


def test_the_table_of_parts_is_whole():
    assert len(PARTS) == len(rows("parts.tsv"))
    for row in PARTS.values():
        assert None not in row, "a cell too many"
        assert all(row.values()), row
        assert (ROOT / row["tests"]).is_dir()
        assert int(row["minutes"]) < 60
        assert int(row["workers"]) in {0, 2}
    assert {row["part"] for row in rows("passed.tsv")} <= set(PARTS)


def test_every_test_is_in_every_run_or_in_exactly_one_part(copy, collected):
    assert copy.run("--kind").returncode == 0
    every_run = copy.tested()
    assert copy.run("--all").returncode == 0
    parts = copy.tested()[len(every_run) :]
    assert len(every_run) == 4
    assert len(parts) == len(PARTS)
    for test, marks in collected.items():
        runs = [one for one in (*every_run, *parts) if one.has(test, marks)]
        assert len(runs) == 1, f"{test} is run by {runs}"
    for part in parts:
        assert any(part.has(test, marks) for test, marks in collected.items()), part


def test_no_test_names_a_part_that_does_not_exist(collected):
    for test, marks in collected.items():
        named = marks["thorough"].given
        assert len(named) <= 1, test
        assert all(one["part"] in PARTS for one in named), (test, named)


def test_a_run_says_what_it_left_out_and_what_took_how_long(copy):
    done = copy.run("--fast")
    assert done.returncode == 0, done.stderr
    assert "left out: tests/kind" in done.stdout
    for part in PARTS:
        assert f"\n{part}, about " in done.stdout
    assert done.stdout.splitlines()[-1].endswith(" s  in all")
    assert not [one for one in copy.tested() if "tests/kind" in one.folders]


def test_images_that_only_a_part_needs_are_built_only_for_it(copy):
    assert copy.run("--kind").returncode == 0
    usual = (ROOT / "ci" / "versions").read_text().strip()
    assert [call for call in copy.calls() if call.startswith("build")] == [f"build {usual}"]
    assert copy.run("--all", "two-paths").returncode == 0
    more = PARTS["two-paths"]["more images"]
    assert copy.calls().count(f"build {usual} {more}") == 1
    assert f'NEWEST = "{more}"' in (ROOT / "tests" / "kind" / "test_parallel.py").read_text()


def test_a_part_without_clusters_leaves_the_machine_alone(copy):
    assert copy.run("--all", "simulated").returncode == 0
    assert not {"kind-host", "build"} & {call.split()[0] for call in copy.calls()}


def test_a_part_that_passed_is_recorded_once_with_its_commit(copy):
    head = copy.git("rev-parse", "--short=12", "HEAD")
    for part in ("ha", "simulated", "ha"):
        assert copy.run("--all", part).returncode == 0
    found = {row["part"]: row for row in rows("passed.tsv", copy.folder / "ci")}
    assert len(rows("passed.tsv", copy.folder / "ci")) == 2
    assert {row["commit"] for row in found.values()} == {head}
    assert found["ha"]["versions"] == (ROOT / "ci" / "versions").read_text().strip()
    assert found["simulated"]["versions"] == "simulated"
    assert f"passed on {head}" in copy.run("--list").stdout


def test_a_part_that_passed_on_changed_files_says_so(copy):
    (copy.folder / "new.py").write_text("")
    assert copy.run("--all", "simulated").returncode == 0
    assert rows("passed.tsv", copy.folder / "ci")[0]["commit"].endswith("+changes")


def test_a_part_that_failed_is_not_recorded_and_the_others_still_run(copy):
    done = copy.run("--all", PYTEST_CODE="1")
    assert done.returncode == 1
    assert len(copy.tested()) == len(PARTS)
    assert all(part in done.stderr for part in PARTS)
    assert rows("passed.tsv", copy.folder / "ci") == []


@pytest.mark.parametrize("words", [("--all", "nonsense"), ("--nonsense",), ("--kind", "x")])
def test_a_request_that_makes_no_sense_is_refused(copy, words):
    done = copy.run(*words)
    assert done.returncode == 2
    assert words[-1] in done.stderr
    assert not (copy.folder / "calls").exists()
