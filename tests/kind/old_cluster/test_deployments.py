"""New Deployments on a real cluster: they go through, and each fault stops them at its stage.

The faults are planted next to the drain of a worker, so that a step of the plan is under way when
they show.
"""

from __future__ import annotations

import re

import pytest
from kubernetes.client.exceptions import ApiException

from scenarios import test_deployments_go_through as page
from tests.kind.conftest import OLD_CLUSTER
from tests.kind.old_cluster.test_faults import FaultyPass, broken, moves
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.asking import get_if_there
from upgrade_e2e.judge import Verdict
from upgrade_e2e.wait import Deadline, wait_for

THROUGH = page.test_deployments_get_through_every_stage
SOON = page.test_deployments_are_available_soon
STAGES, P95 = "deployments_get_through_every_stage", "deployments_are_available_soon"
NODES = moves("worker", "worker2")
HOOK = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/upgrade-e2e-deployments"
pytestmark = pytest.mark.thorough(part="deployments")


@pytest.fixture
def faulty(old_cluster: Cluster, tmp_path) -> FaultyPass:
    """A pass on the shared cluster."""
    del old_cluster
    return FaultyPass(tmp_path)


def test_new_deployments_go_through_while_their_nodes_are_drained(
    faulty: FaultyPass, old_cluster: Cluster
):
    results = faulty.run("", (THROUGH,), NODES, watch_after_s=100)
    assert results[STAGES].verdict is Verdict.PASS, results
    # What is in no namespace goes with the namespace, which is being deleted by now.
    wait_for(
        "the end of the webhook's configuration",
        lambda: get_if_there(old_cluster, HOOK),
        lambda found: not found,
        Deadline(180),
        transient=(ApiException,),
    )


@pytest.mark.parametrize(
    ("fault", "stage", "words"),
    [
        # Pods on either worker need the provider.
        (
            "provider-starved",
            "started-to-issued",
            rf"timeout.*to be issued from .*{OLD_CLUSTER}-worker",
        ),
        # The API server asks the webhook before a pod has a node.
        ("webhook-down=fail", "accepted-to-admitted", r"create-failed.*@host"),
        ("webhook-down=ignore", "accepted-to-admitted", r"bad-answer.*@host"),
    ],
)
def test_a_fault_stops_new_deployments_at_its_stage(
    faulty: FaultyPass, fault: str, stage: str, words: str
):
    # Some must go through before: the outage is said to have begun after the last one of them.
    results = faulty.run(fault, (THROUGH, SOON), NODES, watch_after_s=130.0, watch_before_s=20.0)
    explained = broken(results[STAGES], rf"deployments {stage}: ")
    lines = [line for line in explained.splitlines() if re.search(words, line)]
    assert any(f"plant {fault}" in line for line in lines), explained
    assert results[P95].verdict is Verdict.FAIL, results[P95]
