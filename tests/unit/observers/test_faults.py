"""Faults that are planted through the API."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from tests.unit.observers.fake_api import FakeApi, Object
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.errors import BadInput, DeadlinePassed, FaultNotPlanted
from upgrade_e2e.observers import (
    DeployContext,
    DnsLookups,
    HttpEdge,
    HttpService,
    Observer,
    Parts,
    Workload,
    alter,
    plant,
)
from upgrade_e2e.observers import faults as module
from upgrade_e2e.observers.faults import CHANGES, PLANTERS, RESTORERS, put_back, without_lameduck
from upgrade_e2e.upgrade import Fault
from upgrade_e2e.upgrade.faults import CATALOGUE

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
    template = {
        "metadata": {"labels": {"k8s-app": "kube-dns"}},
        "spec": {"containers": [{"name": "coredns", "image": "coredns:1"}]},
    }
    spec = {"replicas": 2, "selector": {"matchLabels": {}}, "template": template}
    meta = {"metadata": {"name": "coredns"}}
    made.put(DEPLOYMENT, {"kind": "Deployment", **meta, "spec": spec})
    made.put(CONFIG, {"kind": "ConfigMap", "metadata": {"name": "coredns"}, "data": {}})
    made.objects[CONFIG]["data"]["Corefile"] = COREFILE
    return made


def test_the_workload_loses_its_pre_stop() -> None:
    faults = [Fault.parse("no-prestop")]
    web, edge, dns = alter([WEB, EDGE, DNS], faults)
    for workload in (web.workload, edge.backend.workload):
        assert (workload.pre_stop_s, workload.on_term) == (0.0, "exit")
        assert workload.readiness
    assert dns == DNS


def test_the_workload_loses_its_readiness() -> None:
    (web,) = alter([WEB], [Fault.parse("no-readiness")])
    assert not web.workload.readiness
    assert web.workload.warm_up_s > WEB.workload.warm_up_s == 0
    assert web.workload.pre_stop_s == WEB.workload.pre_stop_s


def test_without_faults_of_the_workload_nothing_is_altered() -> None:
    assert alter([WEB, EDGE, DNS], []) == (WEB, EDGE, DNS)
    others = [Fault.parse("kubelet-qps=1"), Fault.parse("coredns-replicas=1@drain")]
    assert alter([WEB, EDGE, DNS], others) == (WEB, EDGE, DNS)


@pytest.mark.parametrize("observers", [[], [DNS]])
@pytest.mark.parametrize("name", CHANGES)
def test_a_fault_without_a_workload_is_refused(observers: list[Observer], name: str) -> None:
    with pytest.raises(BadInput, match=r"has a workload; select one .* rollout_502"):
        alter(observers, [Fault.parse(name)])


@pytest.mark.parametrize("name", CHANGES)
def test_a_fault_that_the_workload_has_already_is_refused(name: str) -> None:
    like_that = CHANGES[name](Workload())
    observers = [HttpService(workload=like_that), HttpEdge(backend=HttpService(workload=like_that))]
    with pytest.raises(BadInput, match="the workload of web, edge is like that already"):
        alter(observers, [Fault.parse(name)])
    assert alter([*observers, WEB], [Fault.parse(name)])[2] != WEB


def test_an_observer_of_a_user_can_be_altered_too() -> None:
    @dataclasses.dataclass(frozen=True)
    class Mine:
        workload: Workload = dataclasses.field(default_factory=Workload)
        name: str = "mine"

        def deploy(self, context: DeployContext) -> Parts:
            return Parts()

        def altered(self, change: Callable[[Workload], Workload]) -> Mine:
            return Mine(change(self.workload))

    (mine,) = alter([Mine()], [Fault.parse("no-readiness")])
    assert not mine.workload.readiness


def test_coredns_is_scaled(api: FakeApi, cluster: Cluster) -> None:
    plant(Fault.parse("coredns-replicas=1"), cluster)
    assert api.objects[DEPLOYMENT]["spec"]["replicas"] == 1


def test_as_many_replicas_as_there_are_already_change_nothing(
    api: FakeApi, cluster: Cluster
) -> None:
    with pytest.raises(FaultNotPlanted, match="has 2 replicas already"):
        plant(Fault.parse("coredns-replicas=2@drain"), cluster)
    assert {method for method, _ in api.requests} == {"GET"}


def test_a_corefile_without_lameduck_cannot_lose_it(api: FakeApi, cluster: Cluster) -> None:
    plant(Fault.parse("coredns-no-lameduck"), cluster)
    api.requests.clear()
    with pytest.raises(FaultNotPlanted, match="has no `lameduck`"):
        plant(Fault.parse("coredns-no-lameduck"), cluster)
    assert {method for method, _ in api.requests} == {"GET"}


@pytest.mark.parametrize("fault", ["coredns-replicas=1", "coredns-no-lameduck"])
def test_a_cluster_without_coredns_takes_no_fault_of_it(
    api: FakeApi, cluster: Cluster, fault: str
) -> None:
    api.status = 404
    with pytest.raises(FaultNotPlanted, match="could not be planted"):
        plant(Fault.parse(fault), cluster)


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


def test_every_fault_of_workload_and_cluster_is_planted_here() -> None:
    assert set(CHANGES) == {kind.name for kind in CATALOGUE if kind.acts_on == "workload"}
    assert set(PLANTERS) == {kind.name for kind in CATALOGUE if kind.acts_on == "cluster"}
    assert set(RESTORERS) <= set(PLANTERS)


def _limited(api: FakeApi, cluster: Cluster) -> str:
    """Plant the fault, with a pod of the new template played by the test."""
    fault = Fault.parse("memory-limit=kube-system/coredns:20Mi")

    def roll(path: str, thing: Object) -> None:
        if path == DEPLOYMENT:
            spec = thing["spec"]["template"]["spec"]
            pod = {"kind": "Pod", "metadata": {"name": "dns"}, "spec": spec}
            api.put("/api/v1/namespaces/kube-system/pods/dns", pod)

    api.hooks.append(roll)
    plant(fault, cluster)
    return str(fault)


def test_a_memory_limit_is_set_and_what_was_there_is_put_back(api, cluster) -> None:
    container = api.objects[DEPLOYMENT]["spec"]["template"]["spec"]["containers"][0]
    container["resources"] = {"limits": {"memory": "170Mi"}, "requests": {"memory": "70Mi"}}
    fault = Fault.parse(_limited(api, cluster))
    changed = api.objects[DEPLOYMENT]["spec"]["template"]["spec"]["containers"][0]
    assert changed["resources"] == {"limits": {"memory": "20Mi"}, "requests": {"memory": "20Mi"}}
    put_back([fault, Fault.parse("coredns-replicas=1")], cluster)
    again = api.objects[DEPLOYMENT]["spec"]["template"]["spec"]["containers"][0]
    assert again["resources"] == {"limits": {"memory": "170Mi"}, "requests": {"memory": "70Mi"}}


def test_the_same_memory_limit_again_changes_nothing(api, cluster) -> None:
    fault = _limited(api, cluster)
    with pytest.raises(FaultNotPlanted, match="has this limit already"):
        plant(Fault.parse(fault), cluster)


def test_a_workload_that_is_not_there_cannot_be_limited(api, cluster) -> None:
    with pytest.raises(FaultNotPlanted, match="no Deployment, DaemonSet or StatefulSet gone"):
        plant(Fault.parse("memory-limit=kube-system/gone:20Mi"), cluster)
    put_back([Fault.parse("memory-limit=kube-system/gone:20Mi")], cluster)


def test_nothing_is_put_back_where_nothing_was_changed(api, cluster) -> None:
    before = dict(api.objects[DEPLOYMENT]["metadata"])
    put_back([Fault.parse("memory-limit=kube-system/coredns:20Mi")], cluster)
    assert api.objects[DEPLOYMENT]["metadata"] == before
