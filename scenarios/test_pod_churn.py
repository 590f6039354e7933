"""Rapid create and delete during the upgrade does not make pod status lag.

The story: jobs came and went fast on big nodes. The kubelet's client was limited to 5 requests a
second towards the API, every pod costs it several, and so the status that the API showed fell
minutes behind what ran: Services sent traffic to pods long gone and ignored pods long ready. The
limits were raised in Kubernetes 1.27, but a kubelet configuration carried over from before, or one
that an upgrade resets, brings the old ones back.

Both claims are about a node's own kubelet, so they need no second node. What happens while the API
server is away, and until the node has heard from it again, is the topology's cost and not a lag of
the kubelet. It is left out, and a claim of its own says that it is not more than usual.
"""

import pytest

from upgrade_e2e import PodChurn

CHURN = PodChurn()


@pytest.mark.observes(CHURN)
def test_ready_is_visible_soon_after_start(upgraded, limits):
    """A container that runs is seen as Ready in the API soon after."""
    seen = upgraded.saw(CHURN).only(stream="started-to-ready")
    assert seen.p95_s <= limits.churn.ready_p95_s, seen.explain()


@pytest.mark.observes(CHURN)
def test_deleted_pods_are_gone_soon(upgraded, limits):
    """A pod that was deleted is gone from the API soon after."""
    seen = upgraded.saw(CHURN).only(stream="deleted-to-gone")
    assert seen.p95_s <= limits.churn.gone_p95_s, seen.explain()


@pytest.mark.observes(CHURN)
def test_pods_come_and_go(upgraded, limits):
    """Pods that are made become ready, and pods that are deleted go."""
    seen = upgraded.saw(CHURN)
    assert seen.failure_ratio <= limits.churn.failure_ratio, seen.explain()


@pytest.mark.observes(CHURN)
def test_nodes_hear_of_the_api_again(upgraded, limits):
    """Absences of the API server, with the time until nodes hear of it, take no more than usual."""
    seen = upgraded.saw(CHURN)
    assert seen.left_out_s <= limits.churn.left_out_s, seen.explain()
