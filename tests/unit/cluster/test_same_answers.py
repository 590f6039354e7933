"""Both providers say the same of the same objects."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.unit.cluster import objects
from tests.unit.kind.fakes import node
from tests.unit.kind.upgraded import (
    CONTROL,
    V34,
    WORKER,
    KubeadmRunner,
    kubeadm_answers,
    upgraded_objects,
)
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.providers.kind import inspection as kind
from upgrade_e2e.providers.sim import inspection as sim

SYSTEM = "/api/v1/namespaces/kube-system"


@pytest.fixture
def certificate(tmp_path):
    """One that is valid for 200 days more, as that of kubeadm's answers."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "apiserver")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=200))
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "apiserver.crt"
    file.write_bytes(made.public_bytes(Encoding.PEM))
    return file


@pytest.fixture
def both(api, tmp_path, certificate):
    """Inspect the cluster of these objects as each provider does: kind's inventory, then sim's."""
    config = {"ClusterConfiguration": f"kubernetesVersion: {V34}\n"}
    api.answers |= upgraded_objects() | {f"{SYSTEM}/configmaps/kubeadm-config": {"data": config}}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(api.kubeconfig())
    runner = KubeadmRunner(answers=kubeadm_answers())
    nodes = (Node(CONTROL, Role.CONTROL_PLANE, runner), Node(WORKER, Role.WORKER, runner))
    cluster = Cluster("dev", kubeconfig, nodes)
    return lambda: (
        kind.inspect(cluster, kind.Target(V34, kubeconfig)),
        sim.inspect(cluster, V34, kubeconfig, certificate),
    )


def test_neither_has_a_complaint_about_a_good_upgrade(both):
    of_kind, of_sim = both()
    assert of_kind.complaints == of_sim.complaints == ()
    assert of_kind.components == of_sim.components
    assert round(of_sim.certificates_expire_in_d) == of_kind.certificates_expire_in_d


STUCK = {
    "unschedulable": objects.unschedulable(),
    "image missing": objects.image_missing(),
    "crashing": objects.crashing(),
    "unready": objects.unready(),
    "on a lost node": objects.on_lost_node(),
    "evicted": objects.evicted(),
    "failed": objects.failed(),
}


@pytest.mark.parametrize("shown", STUCK.values(), ids=STUCK)
def test_both_give_the_same_reason_for_a_stuck_pod(both, api, shown):
    api.answers["/api/v1/pods"] = {"items": [shown]}
    of_kind, of_sim = both()
    (sentence,) = of_kind.stuck_pods
    assert of_sim.stuck_pods == (sentence,)


@pytest.mark.parametrize("shown", [objects.running(), objects.completed()])
def test_both_take_a_pod_that_is_ready_or_done_for_well(both, api, shown):
    api.answers["/api/v1/pods"] = {"items": [shown]}
    assert [found.stuck_pods for found in both()] == [(), ()]


@pytest.mark.parametrize(
    ("plural", "parts"),
    [
        ("deployments", {"spec": {"replicas": 2}, "status": {"availableReplicas": 1}}),
        ("statefulsets", {"spec": {"replicas": 2}, "status": {"readyReplicas": 1}}),
        ("daemonsets", {"spec": {}, "status": {"desiredNumberScheduled": 2, "numberReady": 1}}),
    ],
)
def test_both_miss_the_same_replicas(both, api, plural, parts):
    workload = {"metadata": {"name": "db", "namespace": "shop"}, **parts}
    api.answers[f"/apis/apps/v1/{plural}"] = {"items": [workload]}
    expected = (f"{plural[:-1]} shop/db has 1 of 2 replicas",)
    assert [found.missing_workloads for found in both()] == [expected, expected]


@pytest.mark.parametrize("gone", ["etcd-dev-control-plane", "kube-proxy-dev-worker", "coredns"])
def test_both_miss_the_same_component(both, api, gone):
    shown = copy.deepcopy(api.answers[f"{SYSTEM}/pods"])
    shown["items"] = [p for p in shown["items"] if not p["metadata"]["name"].startswith(gone)]
    api.answers[f"{SYSTEM}/pods"] = shown
    of_kind, of_sim = both()
    assert of_kind.behind == of_sim.behind
    assert [part.found for part in of_kind.behind] == ["missing"]


def test_both_name_the_same_kubelet_that_stayed_behind(both, api):
    api.answers["/api/v1/nodes"] = {"items": [node(CONTROL, "v1.34.4"), node(WORKER, "v1.33.13")]}
    of_kind, of_sim = both()
    assert of_kind.behind == of_sim.behind
    assert of_kind.unfinished[0] == "kubelet on dev-worker is v1.33.13, not v1.34.4"
