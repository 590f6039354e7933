"""One worker: the drain of the only node for ordinary pods goes through, simulated."""

from __future__ import annotations

import pytest

from tests.acceptance.sim_pass import Judged, judged_pass
from tests.acceptance.test_sim_faults import NOT_SIMULATED
from upgrade_e2e.cluster.room import ROOM_CHOICE
from upgrade_e2e.judge import Verdict

pytestmark = pytest.mark.quiet


@pytest.fixture(scope="module")
def judged(tmp_path_factory) -> Judged:
    """A pass over one control plane and one worker, judged by every scenario."""
    return judged_pass(tmp_path_factory.mktemp("one-worker"), workers=1)


def test_the_upgrade_is_whole(judged):
    assert judged.record.failed_step is None
    assert judged.upgraded.nodes == 2
    for claim in ("every_component_is_at_the_target", "workloads_are_all_there"):
        assert judged.verdicts[claim] is Verdict.PASS, judged.explained[claim]


def test_every_other_scenario_is_judged(judged):
    skipped = {name for name, verdict in judged.verdicts.items() if verdict is Verdict.SKIP}
    assert skipped == NOT_SIMULATED


def test_the_record_says_where_the_workloads_ran(judged):
    assert "worker is the only node" in judged.record.choices[ROOM_CHOICE]


def test_no_request_failed_while_the_only_worker_was_drained(judged):
    (web,) = (seen for seen in judged.record.observers if seen.name == "web")
    assert web.samples > 1_000
    assert web.failures == 0, web.outages
