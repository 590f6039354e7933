"""The container runtime of every node answers, and a node whose runtime does not is not Ready.

The story: a release of containerd froze on some nodes. Pods that ran went on running, the kubelet
renewed its lease, and the node stayed Ready for minutes, so the scheduler sent it new pods that
never started and the autoscaler saw nothing to replace. A kubelet asks its runtime for the version
before it writes the Ready condition, and waits two minutes for the answer: the condition is as old
as that wait. Upgrades bring new runtimes, and restart everything that talks to them.

So three things are watched: how long ago each kubelet heard of its containers, whether new
containers come up, and what the API server says of the node meanwhile. What keeps pods waiting for
other reasons is left out, node by node: the absences of the API server with the time until the node
heard of it again, and the time in which the node's own kubelet was restarted. A kubelet that cannot
be read, because it has no API server to check who asks, says nothing about its runtime.
"""

import pytest

from upgrade_e2e import Limits, RuntimeAnswers, Runtimes, Upgraded

RUNTIME = RuntimeAnswers()


@pytest.mark.observes(RUNTIME)
def test_kubelets_hear_of_their_containers(upgraded, limits):
    """No kubelet is without a young list of its containers for long."""
    runtimes = saw_runtimes(upgraded, limits)
    assert runtimes.pleg_age_s <= limits.runtime.pleg_age_s, runtimes.explain()


@pytest.mark.observes(RUNTIME)
def test_new_containers_come_up(upgraded, limits):
    """On no node do new pods wait for long without any container coming up."""
    runtimes = saw_runtimes(upgraded, limits, without="pleg")
    assert runtimes.silence_s <= limits.runtime.silence_s, runtimes.explain()


@pytest.mark.observes(RUNTIME)
def test_ready_is_true(upgraded, limits):
    """No node is called Ready for long while its container runtime is silent."""
    runtimes = saw_runtimes(upgraded, limits, without="pleg")
    assert runtimes.lied_s <= limits.runtime.lied_s, runtimes.explain()


def saw_runtimes(upgraded: Upgraded, limits: Limits, without: str = "") -> Runtimes:
    """What was seen of the runtimes; a paused node's own prober may have been blind."""
    if upgraded.capabilities.simulated:
        pytest.skip("the nodes of a simulated cluster have no container runtime")
    return Runtimes(upgraded.saw(RUNTIME, without=without), limits)
