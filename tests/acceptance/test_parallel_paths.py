"""Several paths at once: each once, apart from one another, one summary; and a worker that dies."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import psutil
import pytest

from tests.acceptance.running import WITHIN_S, Run, leaving_no_process

pytestmark = pytest.mark.quiet

FIRST, SECOND = "v1.33.13,v1.34.4", "v1.34.4,v1.35.4"
FOLDERS = (FIRST.replace(",", "-"), SECOND.replace(",", "-"))


def test_each_path_runs_once_on_a_worker_of_its_own_and_one_summary_tells_of_both(tmp_path):
    run = Run(tmp_path)
    words = ("--path", FIRST, "--path", SECOND, "-n", "2")
    with leaving_no_process(tmp_path), run.started(*words) as process:
        assert process.wait(WITHIN_S) == 0, run.output()
    records = [run.record(folder) for folder in FOLDERS]
    assert records[0]["run_id"] != records[1]["run_id"]
    for record in records:
        assert record["verdict"] == "PASS"
        assert [span["kind"] for span in record["spans"]].count("create") == 1
    summary = (tmp_path / "artifacts" / "summary.md").read_text()
    assert "v1.33.13 -> v1.34.4" in summary
    assert "v1.34.4 -> v1.35.4" in summary
    cases = ET.parse(tmp_path / "artifacts" / "junit.xml").getroot().iter("testcase")  # noqa: S314
    assert len(list(cases)) == sum(len(record["scenarios"]) for record in records)


def test_two_workers_for_one_path_make_one_pass(tmp_path):
    run = Run(tmp_path)
    with run.started("--path", FIRST, "-n", "2") as process:
        assert process.wait(WITHIN_S) == 0, run.output()
    assert run.output().count("> create") == 1
    assert len(run.record()["scenarios"]) == 3


def test_a_worker_that_dies_is_cleaned_up_after_and_its_path_is_not_called_good(tmp_path):
    run = Run(tmp_path)
    words = ("--path", FIRST, "--path", SECOND, "-n", "2")
    with leaving_no_process(tmp_path), run.started(*words) as process:
        run.wait_for(f"{FOLDERS[0]}: > kubeadm-apply", process)
        _worker_that_runs(FIRST, process.pid).kill()
        assert process.wait(WITHIN_S) not in {0, 130}, run.output()
    assert run.record(FOLDERS[1])["verdict"] == "PASS"
    told = (tmp_path / "artifacts" / "summary.md").read_text()
    assert "INCONCLUSIVE" in told
    assert run.output().count(f"{FOLDERS[0]}: > create") == 1, "a pass is never repeated"


def _worker_that_runs(path: str, pid: int) -> psutil.Process:
    """The process of pytest-xdist whose simulator began at the path's first version."""
    version = f"--version={path.partition(',')[0]}"
    for simulator in psutil.Process(pid).children(recursive=True):
        if version in simulator.cmdline():
            return simulator.parent()
    raise AssertionError(f"no simulator with {version}")


@pytest.mark.parametrize("words", [("--dist", "each"), ("--dist", "loadscope")])
def test_a_distribution_that_would_repeat_a_pass_is_refused(tmp_path, words):
    run = Run(tmp_path)
    with run.started("--path", FIRST, "-n", "2", "--", *words) as process:
        assert process.wait(60) == 2, run.output()
    assert "would run a path more than once" in run.output()
