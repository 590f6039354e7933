"""`upgrade-e2e report` as a person calls it."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.acceptance.command import said, tool
from tests.synthetic import Shape, write_run

SHAPE = Shape(20, 10)


@pytest.fixture(scope="module")
def pass_(tmp_path_factory):
    """A made-up pass."""
    folder = tmp_path_factory.mktemp("pass")
    write_run(folder, SHAPE)
    return folder


@pytest.fixture
def run(pass_, tmp_path):
    """A copy of it."""
    return shutil.copytree(pass_, tmp_path / "run")


def test_it_writes_the_page_into_the_run(run, tmp_path):
    done = tool("report", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == "run/report.html"
    assert "<h1>FAIL</h1>" in (run / "report.html").read_text()


def test_beside_a_baseline_with_a_trace(run, tmp_path):
    write_run(tmp_path / "earlier", Shape(20, 10, seed=8))
    words = ("--baseline", "earlier", "--output", "page.html", "--trace", "trace.json")
    done = tool("report", "run", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Compared with the baseline" in (tmp_path / "page.html").read_text()
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert {event["cat"] for event in events if "cat" in event} >= {"step", "phase", "outage"}
    assert not (run / "report.html").exists()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda run: (run / "run.json").unlink(), "not a finished run"),
        (lambda run: (run / "run.json").write_text('{"schema_version": 1,'), "not JSON"),
        (lambda run: (run / "run.json").write_text('{"schema_version": 9}'), "schema version 9"),
        (lambda run: (run / "samples/dns.npz").write_bytes(b"PK\3\4 torn"), "dns.npz"),
        (shutil.rmtree, "not a finished run"),
    ],
)
def test_a_run_that_cannot_be_read_is_exit_code_2_and_no_page(run, tmp_path, damage, told):
    damage(run)
    done = tool("report", "run", "--output", "page.html", cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in said(done)
    assert not (tmp_path / "page.html").exists()


def test_a_place_that_cannot_be_written_is_exit_code_2(run, tmp_path):
    done = tool("report", "run", "--output", "no/page.html", cwd=tmp_path)
    assert done.returncode == 2
    assert "no/page.html cannot be written" in said(done)
