"""Faults that are planted through the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.observers.fake_api import FakeApi, fake_cluster
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.errors import BadInput, DeadlinePassed
from upgrade_e2e.observers import CATALOGUE, DnsLookups, HttpEdge, HttpService, plant
from upgrade_e2e.observers import faults as module
from upgrade_e2e.observers.faults import alter, plant_before, without_lameduck
from upgrade_e2e.upgrade import Fault

COREFILE = """\
.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       ttl 30
    }
}
"""
DEPLOYMENT = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"
CONFIG = "/api/v1/namespaces/kube-system/configmaps/coredns"
WEB, EDGE, DNS = HttpService(), HttpEdge(), DnsLookups()


@pytest.fixture
def api() -> FakeApi:
    made = FakeApi()
    template = {"metadata": {"labels": {"k8s-app": "kube-dns"}}, "spec": {"containers": []}}
    spec = {"replicas": 2, "selector": {"matchLabels": {}}, "template": template}
    meta = {"metadata": {"name": "coredns"}}
    made.put(DEPLOYMENT, {"kind": "Deployment", **meta, "spec": spec})
    made.put(CONFIG, {"kind": "ConfigMap", "metadata": {"name": "coredns"}, "data": {}})
    made.objects[CONFIG]["data"]["Corefile"] = COREFILE
    return made


@pytest.fixture
def cluster(api: FakeApi, tmp_path: Path) -> Iterator[Cluster]:
    with fake_cluster(api, tmp_path) as made:
        yield made


def test_the_workload_loses_its_pre_stop(api: FakeApi, cluster: Cluster) -> None:
    faults = [Fault.parse("no-prestop")]
    web, edge, dns = alter([WEB, EDGE, DNS], faults)
    for workload in (web.workload, edge.backend.workload):
        assert (workload.pre_stop_s, workload.on_term) == (0.0, "exit")
        assert workload.readiness
    assert dns == DNS
    plant_before(faults, cluster)
    assert not api.requests


def test_the_workload_loses_its_readiness() -> None:
    (web,) = alter([WEB], [Fault.parse("no-readiness")])
    assert not web.workload.readiness
    assert web.workload.warm_up_s > WEB.workload.warm_up_s == 0
    assert web.workload.pre_stop_s == WEB.workload.pre_stop_s


def test_without_faults_nothing_is_altered(api: FakeApi, cluster: Cluster) -> None:
    assert alter([WEB, EDGE, DNS], []) == (WEB, EDGE, DNS)
    plant_before([Fault.parse("kubelet-qps=1"), Fault.parse("coredns-replicas=1@drain")], cluster)
    assert not api.requests


def test_coredns_is_scaled(api: FakeApi, cluster: Cluster) -> None:
    plant_before([Fault.parse("coredns-replicas=1")], cluster)
    assert api.objects[DEPLOYMENT]["spec"]["replicas"] == 1


def test_coredns_loses_its_lameduck_and_is_restarted(api: FakeApi, cluster: Cluster) -> None:
    plant(Fault.parse("coredns-no-lameduck@drain"), cluster)
    assert "lameduck" not in api.objects[CONFIG]["data"]["Corefile"]
    template = api.objects[DEPLOYMENT]["spec"]["template"]
    assert template["metadata"]["annotations"] == {
        "upgrade-e2e/restarted-for": "coredns-no-lameduck"
    }


def test_planting_waits_for_the_rollout(
    api: FakeApi, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.ready = False
    monkeypatch.setattr(module, "_ROLLOUT_S", 0.5)
    with pytest.raises(DeadlinePassed, match="rollout of CoreDNS"):
        plant(Fault.parse("coredns-replicas=1"), cluster)


def test_the_rest_of_the_corefile_stays() -> None:
    left = without_lameduck(COREFILE)
    assert "".join(left.split()) == "".join(COREFILE.replace("lameduck 5s", "").split())
    assert left.count("\n") == COREFILE.count("\n")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("coredns-replicas", "give a number"),
        ("coredns-replicas=few", "give a number"),
        ("no-such-fault", "there are coredns-no-lameduck"),
        ("no-prestop@drain", "write no-prestop without `@drain`"),
    ],
)
def test_a_fault_that_cannot_be_planted_says_why(cluster: Cluster, text: str, match: str) -> None:
    with pytest.raises(BadInput, match=match):
        plant(Fault.parse(text), cluster)


def test_a_built_in_fault_cannot_begin_at_a_step() -> None:
    with pytest.raises(BadInput, match="built into the workload"):
        alter([WEB], [Fault.parse("no-prestop@drain")])


def test_every_fault_can_be_planted_in_one_way() -> None:
    for name, fault in CATALOGUE.items():
        assert name == fault.name
        assert fault.breaks
        assert (fault.alters is None) != (fault.plants is None)
