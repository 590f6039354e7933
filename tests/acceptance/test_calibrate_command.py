"""`upgrade-e2e calibrate`: what it refuses, and simulated passes compared with its file."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.acceptance.command import TOOL, said, tool
from tests.unit.gate.made import planted, stock_pass, write
from upgrade_e2e.gate.stock import load_stock, weigh
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report import CostMark, load_record

WITHIN_S = 600
LIGHT = 'provider = "sim"\nscenario = ["dns_latency"]\nstock = "stock.toml"\n'
"""Names the file that is yet to be made, as a project's table does."""


@dataclass(frozen=True)
class Measured:
    """A folder in which two plain passes were made, and one with a fault."""

    folder: Path
    calibrated: subprocess.CompletedProcess[str]
    hurt: subprocess.CompletedProcess[str]

    def record(self, *names: str):
        """The record of one pass."""
        return load_record(self.folder.joinpath(*names))


def passes(*words, cwd):
    """A command that makes passes, to its end."""
    argv = [TOOL, *words]
    return subprocess.run(
        argv, cwd=cwd, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Two plain passes by `calibrate`, then one with a single CoreDNS pod."""
    folder = tmp_path_factory.mktemp("calibrate")
    (folder / "upgrade-e2e.toml").write_text(LIGHT)
    calibrated = passes("calibrate", "--times", "2", cwd=folder)
    fault = ("--fault", "coredns-replicas=1", "--artifacts-dir", "hurt")
    return Measured(folder, calibrated, passes("run", *fault, cwd=folder))


@pytest.mark.quiet
def test_passes_are_made_and_their_cost_is_written(measured):
    assert measured.calibrated.returncode == 0, said(measured.calibrated)
    assert "2 stock passes of v1.33 -> v1.34" in measured.calibrated.stdout
    assert "SIMULATED" in measured.calibrated.stdout
    (cost,) = load_stock(measured.folder / "stock.toml").costs
    assert (cost.passes, cost.simulated, cost.provider) == (2, True, "sim")
    assert cost.figures["dns"]["p99_s"].passes == 2


@pytest.mark.quiet
def test_what_was_made_is_not_made_again(measured):
    kept = measured.folder / "artifacts" / "calibration"
    before = [(kept / name / "run.json").stat().st_mtime_ns for name in ("01", "02")]
    written = (measured.folder / "stock.toml").read_text()
    done = tool("calibrate", "--times", "2", cwd=measured.folder)
    assert done.returncode == 0, said(done)
    assert "pass 1 of" not in done.stderr
    after = [(kept / name / "run.json").stat().st_mtime_ns for name in ("01", "02")]
    assert (after, (measured.folder / "stock.toml").read_text()) == (before, written)


@pytest.mark.quiet
def test_a_planted_fault_turns_the_marks(measured):
    hurt = measured.record("hurt")
    assert hurt.cost.marked_by == "stock"
    worse = {(row.observer, row.metric) for row in hurt.cost.marked(CostMark.WORSE)}
    assert {("dns", "failures"), ("dns", "longest_silence_s")} <= worse
    plain = measured.record("artifacts", "calibration", "02")
    again = weigh(plain, load_stock(measured.folder / "stock.toml"))
    assert again.marked(CostMark.WORSE) == ()


@pytest.mark.quiet
def test_summary_page_and_junit_say_the_same(measured):
    folder = measured.folder / "hurt"
    (said_in_junit,) = [
        one.get("value")
        for one in ET.parse(folder / "junit.xml").iter("property")  # noqa: S314 - our own
        if one.get("name") == "cost"
    ]
    assert said_in_junit.startswith("Next to stock, worse: dns:")
    assert said_in_junit in (folder / "summary.md").read_text()
    assert 'class="worse' in (folder / "report.html").read_text()


@pytest.mark.quiet
def test_the_hurt_pass_is_no_stock_pass(measured):
    done = tool("calibrate", "artifacts/calibration", "hurt", cwd=measured.folder)
    assert done.returncode == 2
    assert "hurt cannot be part of a stock cost: the fault coredns-replicas=1" in said(done)


def test_finished_runs_make_a_file_too(tmp_path):
    write(tmp_path / "runs", stock_pass(), stock_pass(verdict=Verdict.FAIL))
    done = tool("calibrate", "runs", "--output", "mine.toml", cwd=tmp_path)
    assert done.returncode == 0, said(done)
    assert "mine.toml has the cost of 2 stock passes" in done.stdout
    assert "In 1 of them a claim did not hold." in done.stdout
    assert load_stock(tmp_path / "mine.toml").costs[0].passes == 2


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--times", "0"), "times is 0"),
        (("runs", "--times", "3"), "so --times means nothing"),
        (("runs", "--workers", "3"), "so --workers means nothing"),
        (("missing",), "is not a directory"),
        (("runs",), "cannot be part of a stock cost: the fault"),
        (
            ("--provider", "sim", "--path", "v1.33,v1.34", "--path", "v1.34,v1.35"),
            "calibrate one path at a time",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_writes_nothing(tmp_path, words, why):
    write(tmp_path / "runs", planted())
    done = tool("calibrate", *words, cwd=tmp_path)
    assert done.returncode == 2, said(done)
    assert why in said(done)
    assert not (tmp_path / "stock.toml").exists()
    assert not (tmp_path / "artifacts").exists()


def test_a_fault_in_the_configuration_file_is_refused(tmp_path):
    (tmp_path / "upgrade-e2e.toml").write_text('provider = "sim"\nfault = ["no-prestop"]\n')
    done = tool("calibrate", cwd=tmp_path)
    assert done.returncode == 2
    assert "no-prestop is in the configuration file" in said(done)
