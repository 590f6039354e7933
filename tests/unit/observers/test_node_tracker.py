"""When nodes and their kubelets started, and which taints they had."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from upgrade_e2e.observers.node_tracker import SOON_S, NodeTracker
from upgrade_e2e.timeline import EARLY, NEW

ZERO_UNIX_S = 1_000_000_000.0
NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
CILIUM = {"key": "node.cilium.io/agent-not-ready", "effect": "NoExecute"}
CONTROL = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
CORDON = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def stamp(at_s: float) -> str:
    return datetime.fromtimestamp(ZERO_UNIX_S + at_s, UTC).isoformat(timespec="seconds")


def node(
    name: str = "dev-worker", version: str = "v1.33.1", *, ready: float | None = -500.0, **spec: Any
) -> dict[str, Any]:
    since = {} if ready is None else {"lastTransitionTime": stamp(ready)}
    condition = {"type": "Ready", "status": "False" if ready is None else "True", **since}
    status = {"nodeInfo": {"kubeletVersion": version}, "conditions": [condition]}
    return {"metadata": {"name": name}, "spec": spec, "status": status}


@pytest.fixture
def nodes() -> NodeTracker:
    made = NodeTracker("dev", ZERO_UNIX_S)
    made.listed([node(), node("dev-worker2")], 1.0)
    return made


def test_a_node_that_is_long_up_has_late_pods(nodes: NodeTracker) -> None:
    assert nodes.ending_for("dev-worker", 10.0) == ""
    assert nodes.ending_for("unknown", 10.0) == ""


def test_a_node_that_became_ready_shortly_before_has_early_pods() -> None:
    made = NodeTracker("dev", ZERO_UNIX_S)
    made.listed([node(ready=-20.0)], 1.0)
    assert made.ending_for("dev-worker", 30.0) == EARLY
    assert made.ending_for("dev-worker", SOON_S - 20.0 + 1) == ""


def test_pods_after_a_kubelet_of_another_version_are_early_on_that_node(
    nodes: NodeTracker,
) -> None:
    nodes.changed(node(version="v1.34.1"), 100.0)
    assert nodes.ending_for("dev-worker", 100.5) == EARLY
    assert nodes.ending_for("dev-worker", 100.0 + SOON_S) == ""
    assert nodes.ending_for("dev-worker2", 100.5) == ""
    nodes.changed(node(version="v1.34.1"), 300.0)
    assert nodes.ending_for("dev-worker", 300.5) == "", "the same version is no start"


def test_a_node_that_is_not_ready_for_a_while_has_not_started_again(nodes: NodeTracker) -> None:
    nodes.changed(node(ready=None), 100.0)
    nodes.changed(node(ready=120.0), 120.0)
    assert nodes.ending_for("dev-worker", 121.0) == ""


def test_a_kubelet_that_says_that_it_started_is_believed_and_its_proxy_is_not(
    nodes: NodeTracker,
) -> None:
    def event(component: str, at_s: float) -> dict[str, Any]:
        return {
            "involvedObject": {"name": "dev-worker"},
            "source": {"component": component},
            "lastTimestamp": stamp(at_s),
        }

    nodes.restarted([event("kube-proxy", 200.0)])
    assert nodes.ending_for("dev-worker", 201.0) == ""
    nodes.restarted([event("kubelet", 200.0), event("kubelet", 200.0)])
    assert nodes.ending_for("dev-worker", 201.0) == EARLY
    assert len(nodes.starts["dev-worker"]) == 2


def test_pods_on_a_node_that_joined_are_apart_from_when_it_was_seen_and_from_ready_on(
    nodes: NodeTracker,
) -> None:
    nodes.changed(node("dev-worker3", ready=None, taints=[NOT_READY]), 400.0)
    assert nodes.joined == {"dev-worker3"}
    assert nodes.ending_for("dev-worker3", 401.0) == NEW
    nodes.changed(node("dev-worker3", ready=430.0), 430.0)
    assert nodes.ending_for("dev-worker3", 430.0 + SOON_S - 1) == NEW
    assert nodes.ending_for("dev-worker3", 430.0 + SOON_S) == ""


def test_nodes_of_the_first_list_have_not_joined(nodes: NodeTracker) -> None:
    assert nodes.joined == set()
    nodes.listed([node(), node("dev-worker2"), node("dev-worker3")], 50.0)
    assert nodes.joined == {"dev-worker3"}


def test_a_cordoned_node_is_known_until_it_is_open_again(nodes: NodeTracker) -> None:
    nodes.changed(node(unschedulable=True), 10.0)
    assert nodes.cordoned == {"dev-worker"}
    nodes.changed(node(), 20.0)
    assert nodes.cordoned == set()


def test_taints_of_the_network_are_spans_of_their_node(nodes: NodeTracker) -> None:
    nodes.changed(node("dev-worker3", ready=None, taints=[NOT_READY, CILIUM, CORDON]), 400.0)
    nodes.changed(node("dev-worker3", ready=None, taints=[CILIUM]), 400.4)
    nodes.changed(node(taints=[CONTROL]), 401.0)
    seen = {(s.name, s.kind, s.node, s.start_s, s.end_s) for s in nodes.spans(410.0)}
    assert seen == {
        (
            "taint node.kubernetes.io/not-ready:NoSchedule worker3",
            "taint", "worker3", 400.0, 400.4,
        ),
        (
            "taint node.cilium.io/agent-not-ready:NoExecute worker3",
            "taint", "worker3", 400.0, 410.0,
        ),
    }  # fmt: skip


def test_a_node_that_is_gone_has_no_taint_any_more(nodes: NodeTracker) -> None:
    nodes.changed(node("dev-worker3", ready=None, taints=[CILIUM]), 400.0)
    nodes.listed([node(), node("dev-worker2")], 405.0)
    (span,) = nodes.spans(999.0)
    assert span.end_s == 405.0
