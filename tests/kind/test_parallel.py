"""Two paths at a time: each once, on a cluster of its own; one of them ends on cgroup v1's 1.35."""

from __future__ import annotations

import pytest

from tests.kind.conftest import LIMITS, MINUTES, NEW, OLD, Ran, Tool, orphans, require

pytestmark = pytest.mark.thorough(part="two-paths")

NEWEST = "v1.35.4"
FIRST, SECOND = f"{OLD}-{NEW}", f"{NEW}-{NEWEST}"


@pytest.fixture(scope="module")
def ran(module_tool: Tool) -> Ran:
    """Both paths, with a worker each."""
    require(NEWEST)
    before = orphans()
    done = module_tool.run(
        "run", "--path", f"{OLD},{NEW}", "--path", f"{NEW},{NEWEST}", "-n", "2", "--workers", "1",
        "--fast-control-plane", "--scenario", "upgrade_path", "--limits", str(LIMITS),
        within_s=20 * MINUTES,
    )  # fmt: skip
    print(done.output)
    assert orphans() <= before
    return done


def test_both_paths_pass(ran):
    assert ran.code == 0, ran.output
    for path in (FIRST, SECOND):
        assert ran.record(path)["verdict"] == "PASS"


def test_one_summary_tells_of_both(ran):
    assert "v1.33.13 -> v1.34.4" in ran.summary()
    assert "v1.34.4 -> v1.35.4" in ran.summary()


def test_each_path_ran_once_on_a_cluster_of_its_own(ran):
    runs = [ran.record(path) for path in (FIRST, SECOND)]
    assert runs[0]["run_id"] != runs[1]["run_id"]
    for record in runs:
        assert [span["kind"] for span in record["spans"]].count("create") == 1


def test_choices_that_change_what_is_measured_are_named(ran):
    for path in (FIRST, SECOND):
        assert "fast-control-plane" in ran.record(path)["choices"]
        assert "request-timeout" in ran.summary(path)
