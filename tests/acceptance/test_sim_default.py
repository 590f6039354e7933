"""Without any option and without docker: a simulated pass, and each artifact says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.sim.cluster import processes_of

pytestmark = pytest.mark.quiet

BIN = Path(sys.executable).parent
SCENARIO = """
import pytest

@pytest.mark.observes()
def test_claim(upgraded):
    assert upgraded.capabilities.simulated
"""


@dataclass(frozen=True)
class Ran:
    """A command that ended; `lines` are what it printed to stdout."""

    code: int
    lines: list[str]
    said: str
    artifacts: Path


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """`upgrade-e2e run`, on a machine whose PATH has nothing but this environment."""
    folder = tmp_path_factory.mktemp("run")
    env = {**os.environ, "PATH": str(BIN)}
    argv = [BIN / "upgrade-e2e", "run"]
    done = subprocess.run(
        argv, cwd=folder, env=env, capture_output=True, text=True, timeout=180, check=False
    )
    lines = done.stdout.strip().splitlines()
    return Ran(done.returncode, lines, done.stderr, folder / "artifacts")


def test_it_does_the_main_job(ran):
    assert ran.code == 0, "\n".join([*ran.lines, ran.said])
    record = json.loads((ran.artifacts / "run.json").read_text())
    assert record["verdict"] == "PASS"
    assert record["path"][0].startswith("v1.33.")
    assert record["path"][1].startswith("v1.34.")
    assert {"web", "edge", "dns", "churn", "api"} == {seen["name"] for seen in record["observers"]}
    assert min(seen["samples"] for seen in record["observers"]) >= 100


def test_one_sentence_says_why_it_is_simulated(ran):
    assert "simulated cluster, because docker is not installed" in ran.said


def test_the_last_line_says_simulated(ran):
    assert ran.lines[-1].startswith("SIMULATED")


def test_every_artifact_says_simulated(ran):
    assert json.loads((ran.artifacts / "run.json").read_text())["simulated"] is True
    assert "**SIMULATED**" in (ran.artifacts / "summary.md").read_text()
    index = json.loads((ran.artifacts / "samples" / "index.json").read_text())
    assert index["simulated"] is True
    assert index["note"].startswith("SIMULATED")
    assert set(index["files"]) == {file.name for file in ran.artifacts.glob("samples/*.npz")}
    cases = list(ET.parse(ran.artifacts / "junit.xml").iter("testcase"))  # noqa: S314 - our own
    assert cases
    for case in cases:
        told = {item.get("name"): item.get("value") for item in case.iter("property")}
        assert told["simulated"] == "true"
        assert told["verdict"] in {"PASS", "SKIP"}


def test_nothing_is_left(ran):
    assert processes_of(ran.artifacts) == []


def test_kind_that_was_named_is_not_replaced(tmp_path):
    argv = [BIN / "upgrade-e2e", "run", "--provider=kind", "--from=v1.33.13", "--to=v1.34.4"]
    env = {**os.environ, "PATH": str(BIN)}
    done = subprocess.run(
        argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert "install it" in said
    assert not (tmp_path / "artifacts" / "samples").exists()


def test_pytest_chooses_alike(pytester, monkeypatch):
    monkeypatch.setenv("PATH", str(BIN))
    pytester.makepyfile(SCENARIO)
    result = pytester.runpytest_subprocess(
        "-p",
        "no:cacheprovider",
        "--upgrade-path=v1.33,v1.34",
        "--upgrade-watch-before=0",
        "--upgrade-watch-after=0",
    )
    assert result.ret == 0
    result.stdout.fnmatch_lines(["upgrade-e2e: *simulated cluster, because docker*"])
    assert result.outlines[-1].startswith("SIMULATED")
