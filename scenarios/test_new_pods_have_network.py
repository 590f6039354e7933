"""A pod that is Ready has its network: ClusterIP, DNS, and pods on other nodes.

The story: an upgrade replaced nodes. Each new node was Ready as soon as its kubelet found a network
configuration, and the scheduler put pods there at once, while the network plugin's own agent and
kube-proxy on that node were still starting. The pods were Ready too, took traffic, and could reach
nothing: connections to their database timed out, lookups failed, and those that crashed for it came
back with a back-off of minutes. Nobody saw it in a test, because all nodes there were old.

So new pods try their network every 10 ms from their first moment on, on nodes whose kubelet has
just been replaced as well as on old ones; and when the upgrade is done a node joins at the new
version, for which pods wait that the scheduler binds. A pod that names its node passes by all
taints; users' pods do not, and taints are what can keep them off until the network is there.

On kind nothing does: a new node has no taint that waits for the network. That its pods are without
for a moment is then a finding and no news about the upgrade, so the strict claim is skipped there,
with the size of what was seen, and another one holds the new node to a bound. docs/scenarios.md
says which taint avoids it.

Nightly: each of these pods is a program of its own, and a node more takes time. The probes of a
plain pass would feel both.
"""

import pytest

from upgrade_e2e import NewPodsNetwork, Seen, Upgraded
from upgrade_e2e.format import duration

NETWORK = NewPodsNetwork()
TRIED = ("clusterip", "dns", "peer")
OLD, RESTARTED, NEW = "", "-early", "-new"
pytestmark = pytest.mark.nightly


@pytest.mark.observes(NETWORK)
def test_new_pods_have_network(upgraded, limits):
    """A new pod reaches the API's ClusterIP, cluster DNS and a pod on another node at once."""
    for tried in parts(saw(upgraded), OLD):
        assert tried.max_s <= limits.network.without_s, tried.explain()


@pytest.mark.observes(NETWORK)
def test_new_pods_have_network_after_a_kubelet_restart(upgraded, limits):
    """So does a pod that starts within a minute of its node's kubelet."""
    seen = parts(saw(upgraded), RESTARTED)
    if not seen:
        pytest.skip("no pod started within a minute of a kubelet; upgrade the node of a worker")
    for tried in seen:
        assert tried.max_s <= limits.network.without_s, tried.explain()


@pytest.mark.observes(NETWORK)
def test_new_pods_start_in_time(upgraded, limits):
    """A pod that is bound to a node starts soon, its network set up."""
    seen = saw(upgraded).only(stream="start")
    assert seen.p95_s <= limits.network.start_p95_s, seen.explain()


@pytest.mark.observes(NETWORK)
def test_a_new_node_gets_its_network(upgraded, limits):
    """Pods on a node that has just joined have their network within a bound."""
    for tried in on_new_nodes(upgraded):
        assert tried.max_s <= limits.network.new_node_s, tried.explain()


@pytest.mark.observes(NETWORK)
def test_no_pod_comes_before_the_network_of_a_new_node(upgraded, limits):
    """Pods on a node that has just joined have their network as soon as on any other node."""
    seen = on_new_nodes(upgraded)
    late = [tried for tried in seen if not tried.max_s <= limits.network.without_s]
    nodes = {stream.node for tried in late for stream in tried.streams}
    worst = ", ".join(f"{tried.title} {tried.quantile(1.0)}" for tried in late)
    if open_nodes := upgraded.unguarded(nodes):
        pytest.skip(
            f"finding: no taint keeps pods off {', '.join(open_nodes)} until its network is there, "
            f"and pods came before it. Without for up to: {worst}. {upgraded.taints(nodes)} "
            "docs/scenarios.md says which taint avoids it"
        )
    said = f"without for up to: {worst}; it may be at most {duration(limits.network.without_s)}"
    assert not late, "\n".join([said, *(one.explain() for one in late), upgraded.taints(nodes)])


def saw(upgraded: Upgraded) -> Seen:
    """What new pods saw; skips where there is no network that comes up."""
    if upgraded.capabilities.simulated:
        pytest.skip(
            "a simulated cluster has no network that comes up: its pods share this machine's"
        )
    return upgraded.saw(NETWORK)


def on_new_nodes(upgraded: Upgraded) -> list[Seen]:
    """What pods on new nodes tried; skips where no node joined."""
    seen = parts(saw(upgraded), NEW)
    if not seen:
        pytest.skip("no node joined in this pass; leave out --no-join-node, or use several nodes")
    return seen


def parts(seen: Seen, ending: str) -> list[Seen]:
    """The views of what was tried by pods of one kind of node, as far as there were any."""
    kinds = {stream.name.partition("@")[0] for stream in seen.streams}
    return [seen.only(stream=f"{one}{ending}") for one in TRIED if f"{one}{ending}" in kinds]
