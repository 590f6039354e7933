"""No node loses a program for want of memory, and none of its programs outgrows what it may use.

The story: a new kubelet leaked a little memory with each pod that came and went. Jobs came and went
all day. After two weeks the nodes ran out of memory, and the kernel's OOM killer ended whatever was
largest: here the kubelet, there a database. Every probe of the upgrade had been green, because
nobody had looked at what the new version used. And there was no slack: requests had been cut to
what the old version needed.

An upgrade replaces every program of a node in one go: kubelet, container runtime, kube-proxy,
CoreDNS and the control plane. So each pass looks at what they use, at both versions, and shows how
much of each node is left before and after it. Growth takes longer to show: see the scenario
kubelet_growth.
"""

import pytest

from upgrade_e2e import Inconclusive, NodeResources, NodeUsage, Upgraded
from upgrade_e2e.format import share

RESOURCES = NodeResources()


@pytest.mark.observes(RESOURCES)
def test_nothing_is_oom_killed(upgraded):
    """No container of the cluster's own, or of ours, and no program of a node is OOM killed."""
    usage = used_in(upgraded)
    assert not usage.oom_kills, usage.explain(usage.oom_kills)


@pytest.mark.observes(RESOURCES)
def test_nothing_is_evicted_under_pressure(upgraded):
    """No kubelet evicts a pod because its node runs out of memory, disk or process ids."""
    usage = used_in(upgraded)
    assert not usage.evictions, usage.explain(usage.evictions)


@pytest.mark.observes(RESOURCES)
def test_kubelets_stay_below_their_ceiling(upgraded, limits):
    """Each kubelet uses no more memory than Kubernetes' own test lets it have."""
    usage = used_in(upgraded)
    ceilings = usage.ceilings("kubelet", limits.resources)
    if not ceilings:
        raise Inconclusive(f"{usage.title}: the memory of no kubelet could be read.")
    broken = [one for one in ceilings if one.is_broken]
    assert not broken, usage.explain(broken)


@pytest.mark.observes(RESOURCES)
def test_runtimes_stay_below_their_ceiling(upgraded, limits):
    """Each container runtime uses no more memory than Kubernetes' own test lets it have."""
    usage = used_in(upgraded)
    ceilings = usage.ceilings("container runtime", limits.resources)
    if not ceilings:
        pytest.skip("no kubelet knows its runtime's cgroup; set its flag --runtime-cgroups")
    broken = [one for one in ceilings if one.is_broken]
    assert not broken, usage.explain(broken)


@pytest.mark.observes(RESOURCES)
def test_no_container_is_throttled(upgraded, limits):
    """No container with a CPU limit has to wait in more than a quarter of its CFS periods."""
    usage = used_in(upgraded)
    if not usage.throttled:
        pytest.skip("no container of the cluster's own has a CPU limit and ran for long; needs one")
    most = limits.resources.throttled_share
    broken = [one for one in usage.throttled if one.share > most]
    assert not broken, usage.explain([f"{one}, and may be in {share(most)}" for one in broken])


def used_in(upgraded: Upgraded) -> NodeUsage:
    """What nodes used; skips where there are no kubelets that could be asked."""
    if upgraded.capabilities.simulated:
        pytest.skip("a simulated node has no kubelet that publishes what it uses; needs a real one")
    return NodeUsage.of(upgraded.saw(RESOURCES))
