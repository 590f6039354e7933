"""One worker: the drain of the only node for ordinary pods goes through, simulated."""

from __future__ import annotations

import pytest

from tests.acceptance.sim_pass import Judged, judged_pass
from upgrade_e2e.cluster.room import ROOM_CHOICE
from upgrade_e2e.judge import Verdict

pytestmark = pytest.mark.quiet

NOT_JUDGED = {
    "the_api_stays_available",
    "the_api_stays_fast",
    "the_api_answers_between_absences",
    "nothing_is_oom_killed",
    "nothing_is_evicted_under_pressure",
    "kubelets_stay_below_their_ceiling",
    "runtimes_stay_below_their_ceiling",
    "no_container_is_throttled",
    "kubelets_do_not_grow_more_than_before",
}
"""They need three control planes, an API server that does not share its cores, or what simulated
nodes do not have: kubelets that publish what they use."""


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
    assert skipped == NOT_JUDGED


def test_the_record_says_where_the_workloads_ran(judged):
    assert "worker is the only node" in judged.record.choices[ROOM_CHOICE]


def test_no_request_failed_while_the_only_worker_was_drained(judged):
    (web,) = (seen for seen in judged.record.observers if seen.name == "web")
    assert web.samples > 1_000
    assert web.failures == 0, web.outages
