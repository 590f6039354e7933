"""Probers in the network of their own node: where they run, and what they may do."""

from __future__ import annotations

import json

import pytest

from tests.unit.observers.fake_api import FakeApi
from upgrade_e2e.agent.main import parse_args
from upgrade_e2e.cluster.handle import JOINED_LABEL
from upgrade_e2e.observers.base import DeployContext, Probe
from upgrade_e2e.observers.node_prober import apply_node_probers, refused_pods
from upgrade_e2e.observers.objects import settled_nodes

EVERYWHERE = Probe("kubelet", "scrape", "https://{node_ip}:10250/metrics", 1.0, 2.0)
THERE = Probe("member", "scrape", "http://127.0.0.1:2381/metrics", 1.0, 2.0)
NAMESPACE = "/api/v1/namespaces/upgrade-e2e"
SETS = "/apis/apps/v1/namespaces/upgrade-e2e/daemonsets"


@pytest.fixture
def api(api_with_namespace: FakeApi) -> FakeApi:
    return api_with_namespace


def streams(api: FakeApi, name: str) -> list[str]:
    """What the probers of this DaemonSet send."""
    config = api.objects[f"{NAMESPACE}/configmaps/{name}-spec"]
    spec = json.loads(config["data"]["spec.json"])
    return [f"{stream['observer']}.{stream['name']}" for stream in spec["streams"]]


def pod(api: FakeApi, name: str) -> dict:
    """The pods of this DaemonSet."""
    return api.objects[f"{SETS}/{name}"]["spec"]["template"]["spec"]


def apply(context: DeployContext, own: dict, there: dict) -> tuple[str, ...]:
    """Apply probers for these probes."""
    return apply_node_probers(context, "run", "token", own, there)


def test_without_probes_nothing_is_applied(api: FakeApi, context: DeployContext) -> None:
    before = set(api.objects)
    assert apply(context, {}, {}) == ()
    assert set(api.objects) == before


def test_each_node_has_one_prober_with_all_that_is_asked_there(
    api: FakeApi, context: DeployContext
) -> None:
    names = apply(context, {"runtime": [EVERYWHERE]}, {"etcd": [THERE]})
    assert set(names) == {"node-prober", "control-plane-prober"}
    assert streams(api, "node-prober") == ["runtime.kubelet"]
    assert streams(api, "control-plane-prober") == ["runtime.kubelet", "etcd.member"]
    operators = set()
    for name in names:
        affinity = pod(api, name)["affinity"]["nodeAffinity"]
        required = affinity["requiredDuringSchedulingIgnoredDuringExecution"]
        ((settled, term),) = (one["matchExpressions"] for one in required["nodeSelectorTerms"])
        assert settled == {"key": JOINED_LABEL, "operator": "DoesNotExist"}
        assert term["key"] == "node-role.kubernetes.io/control-plane"
        operators.add((name, term["operator"]))
    assert operators == {("node-prober", "DoesNotExist"), ("control-plane-prober", "Exists")}


def test_without_probes_for_control_planes_all_nodes_are_alike(
    api: FakeApi, context: DeployContext
) -> None:
    assert apply(context, {"runtime": [EVERYWHERE]}, {}) == ("node-prober",)
    assert pod(api, "node-prober")["affinity"] == settled_nodes()


def test_without_probes_for_all_nodes_only_control_planes_are_probed(
    api: FakeApi, context: DeployContext
) -> None:
    assert apply(context, {}, {"etcd": [THERE]}) == ("control-plane-prober",)


def test_they_share_the_network_of_the_node_and_nothing_of_other_probers(
    api: FakeApi, context: DeployContext
) -> None:
    apply(context, {"runtime": [EVERYWHERE]}, {"etcd": [THERE]})
    spools = set()
    for name in ("node-prober", "control-plane-prober"):
        spec = pod(api, name)
        (container,) = spec["containers"]
        assert spec["hostNetwork"] is True
        assert spec["tolerations"] == [{"operator": "Exists"}]
        assert spec["serviceAccountName"] == "upgrade-e2e-node-prober"
        (port,) = container["ports"]
        assert parse_args(container["command"][4:]).listen == f"[$(NODE_IP)]:{port['hostPort']}"
        assert port["hostPort"] == port["containerPort"] != 9464
        names = {one["name"]: one["valueFrom"]["fieldRef"]["fieldPath"] for one in container["env"]}
        assert names == {"NODE_IP": "status.hostIP", "NODE_NAME": "spec.nodeName"}
        (spool,) = (volume for volume in spec["volumes"] if volume["name"] == "spool")
        spools.add(spool["hostPath"]["path"])
    assert len(spools | {"/var/lib/upgrade-e2e/upgrade-e2e"}) == 3


def test_they_may_read_kubelets_and_no_more(api: FakeApi, context: DeployContext) -> None:
    apply(context, {"runtime": [EVERYWHERE]}, {})
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    role = api.objects[f"{rbac}/clusterroles/upgrade-e2e-node-prober"]
    (rule,) = role["rules"]
    assert rule["verbs"] == ["get"]
    assert set(rule["resources"]) == {"nodes/metrics", "nodes/proxy", "nodes/stats"}
    binding = api.objects[f"{rbac}/clusterrolebindings/upgrade-e2e-node-prober"]
    (subject,) = binding["subjects"]
    assert f"{NAMESPACE}/serviceaccounts/{subject['name']}" in api.objects
    uid = api.objects[NAMESPACE]["metadata"]["uid"]
    for outside in (role, binding):
        (owner,) = outside["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["uid"]) == ("Namespace", "upgrade-e2e", uid)


def event(name: str, message: str) -> dict:
    """The event of a DaemonSet whose pod could not be made."""
    return {
        "kind": "Event",
        "metadata": {"name": f"{name}.1", "namespace": "upgrade-e2e"},
        "involvedObject": {"kind": "DaemonSet", "name": name},
        "reason": "FailedCreate",
        "message": message,
    }


def test_pods_that_the_cluster_refuses_are_said_to_be_refused(
    api: FakeApi, context: DeployContext
) -> None:
    names = ("node-prober",)
    assert refused_pods(context, names) == ""
    soon = "pods is forbidden: error looking up service account: not found"
    api.put(f"{NAMESPACE}/events/a", event("node-prober", soon))
    assert refused_pods(context, names) == "", "that passes by itself"
    why = 'pods "x" is forbidden: violates PodSecurity "baseline:latest": host namespaces'
    api.put(f"{NAMESPACE}/events/b", event("control-plane-prober", why))
    assert refused_pods(context, names) == "", "it is about another one"
    api.put(f"{NAMESPACE}/events/c", event("node-prober", why))
    said = refused_pods(context, names)
    assert "violates PodSecurity" in said
    assert "pod-security.kubernetes.io/enforce=privileged" in said
