"""New Deployments go through, from the API to the first answer, while the cluster is upgraded.

The story: requests and limits were cut until hardly any slack was left. The program that gives
pods their credentials was cut too, and became so short of CPU that it answered too late. No new
pod got a credential, none became ready, and every deployment of the company stood still. What ran
already went on, so every dashboard of the cluster was green. An upgrade provokes the same: it
restarts all pods, so that for minutes everyone asks for a credential at once. And it takes away
what a new Deployment needs on its way: a webhook, the controllers, a node with room.

So a small Deployment comes and goes all the time, and needs what a real one needs: a webhook that
injects a token, a provider that gives a credential for it, a Service. Each stage is judged by
itself, because the first one that fails is where to look.

What happens while the API server is away, while the controllers have no leader, and until a node
has heard from the API again, is the topology's cost. It is left out, and a claim of its own says
that it is not more than usual.

Nightly: it needs 20 Deployments in the time that is not left out, and so one every 5 s where there
is one control plane. The probes of a plain pass would feel that load.
"""

import pytest

from upgrade_e2e import Deployments, Seen, Upgraded

DEPLOYMENTS = Deployments()
STAGES = (
    "created-to-accepted",
    "accepted-to-admitted",
    "admitted-to-scheduled",
    "started-to-issued",
    "scheduled-to-available",
    "available-to-answering",
    "deleted-to-gone",
)
pytestmark = pytest.mark.nightly


@pytest.mark.observes(DEPLOYMENTS)
def test_deployments_get_through_every_stage(upgraded, limits):
    """New Deployments get a pod, a node and a credential, become available, answer, and go."""
    seen = saw_deployments(upgraded)
    for stage in STAGES:
        part = seen.only(stream=stage)
        assert part.failure_ratio <= limits.deployments.failure_ratio, part.explain()


@pytest.mark.observes(DEPLOYMENTS)
def test_deployments_are_available_soon(upgraded, limits):
    """No more new Deployments are late than one in a hundred, as far as so few can show."""
    seen = saw_deployments(upgraded).only(stream="created-to-available")
    assert seen.proven_p99_s <= limits.deployments.available_p99_s, seen.explain()


@pytest.mark.observes(DEPLOYMENTS)
def test_deployments_wait_for_the_control_plane_no_longer_than_usual(upgraded, limits):
    """Absences of API server and controllers take no more time from Deployments than usual."""
    seen = saw_deployments(upgraded)
    assert seen.left_out_s <= limits.deployments.left_out_s, seen.explain()


def saw_deployments(upgraded: Upgraded) -> Seen:
    """What was seen of new Deployments; skips where there is no admission webhook."""
    if upgraded.capabilities.simulated:
        pytest.skip("a simulated cluster has no admission webhooks; needs a real one")
    return upgraded.saw(DEPLOYMENTS)
