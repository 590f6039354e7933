"""No new kubelet grows with the pods that come and go, more than the old one did.

The story: see node_resources. The leak was a few kilobytes for each pod, and it took two weeks to
kill. In a pass of minutes it is below any ceiling. So this drives the kubelets instead of waiting:
pods come and go in bursts on every worker, and the memory of each kubelet is followed from burst to
burst. The old version was driven in the same way, on the same node, minutes before. What both do is
load; what only the new one does is the leak.

A slope takes at least ten bursts on either side, after the first minute of each kubelet. A plain
pass ends before that, so this is left to `--profile nightly`.
"""

import pytest

from upgrade_e2e import NodeResources, NodeUsage, PodChurn

RESOURCES = NodeResources()
CHURN = PodChurn()


@pytest.mark.nightly
@pytest.mark.observes(RESOURCES, CHURN)
def test_kubelets_do_not_grow_more_than_before(upgraded, limits):
    """With each burst of pods, a new kubelet grows no more than the old one and a little."""
    if upgraded.capabilities.simulated:
        pytest.skip("a simulated node has no kubelet that publishes what it uses; needs a real one")
    usage = NodeUsage.of(upgraded.saw(RESOURCES))
    growths = usage.kubelet_growth(upgraded.saw(CHURN))
    most = limits.resources.growth_mib
    growing = [
        f"{one}; {one.more_mib:.2f} MiB more, and may be at most {most:g} MiB"
        for one in growths
        if one.more_mib > most
    ]
    assert not growing, usage.explain(growing)
    usage.require_cycles(growths)
