"""All faults are planted by steps of the plan, or the pass says that they were not."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from tests.unit.observers.fake_api import FakeApi, fake_cluster
from upgrade_e2e.cli.machine import faults as faults_command
from upgrade_e2e.errors import BadInput, ClusterGone, E2eError, FaultNotPlanted, Inconclusive
from upgrade_e2e.judge import Limits, Verdict
from upgrade_e2e.observers import HttpService
from upgrade_e2e.providers.base import Capabilities
from upgrade_e2e.run import PassRequest, PassSettings, RunningPass
from upgrade_e2e.run.composing import compose
from upgrade_e2e.run.finished_pass import FinishedPass
from upgrade_e2e.run.planning import make_plan
from upgrade_e2e.run.progress import Silence
from upgrade_e2e.upgrade import Fault, Step
from upgrade_e2e.upgrade.faults import CATALOGUE

WEB = HttpService()
COREDNS = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"


@dataclass
class FakeProvider:
    """Writes down what it is asked to do; `trouble` is raised by its `plant` steps."""

    cluster: object
    trouble: Exception | None = None
    done: list[str] = field(default_factory=list)
    capabilities: Capabilities = field(default_factory=lambda: Capabilities("sim"))

    def create(self, plan, marks):
        self.done.append("create")
        return self.cluster

    def perform(self, step, cluster):
        self.done.append(step.name)
        if step.kind == "plant" and self.trouble is not None:
            raise self.trouble


@pytest.fixture
def api():
    """A cluster whose CoreDNS has two replicas."""
    made = FakeApi()
    template = {
        "metadata": {"labels": {}},
        "spec": {"containers": [{"name": "coredns", "image": "coredns:1"}]},
    }
    spec = {"replicas": 2, "selector": {"matchLabels": {}}, "template": template}
    made.put(COREDNS, {"kind": "Deployment", "metadata": {"name": "coredns"}, "spec": spec})
    return made


@pytest.fixture
def make(api, tmp_path):
    """A pass with some faults, on the fake cluster."""
    with fake_cluster(api, tmp_path) as cluster:

        def made(*faults, observers=(WEB,), trouble=None):
            settings = PassSettings(provider="sim", faults=tuple(map(Fault.parse, faults)))
            plan = make_plan(("v1.33", "v1.34"), settings)
            provider = FakeProvider(cluster, trouble)
            what = PassRequest(
                plan, provider, observers, settings, Limits.default(), tmp_path, Silence(), "a" * 32
            )
            return RunningPass(what)

        yield made


def advance(running):
    """Create the cluster and go through the upgrade, with nobody watching."""
    running._prepare()
    running._advance(running.what.plan.upgrade)


def record_of(running, error=""):
    return compose(FinishedPass(running, None, error, cluster_made=True, duration_s=1.0), ())


def test_every_fault_has_a_span_where_it_was_planted(make, api):
    faults = ("no-prestop", "coredns-replicas=1@drain", "kubelet-qps=1")
    running = make(*faults)
    advance(running)
    names = [span.name for span in running.spans]
    assert names[:3] == ["create", "plant no-prestop", "plant kubelet-qps=1"]
    at = names.index("plant coredns-replicas=1@drain")
    assert names[at + 1] == "drain control-plane"
    assert names == [step.name for step in running.what.plan.steps if step.kind != "verify"]
    assert not any(span.error for span in running.spans)


def test_the_provider_plants_only_the_faults_of_nodes(make, api):
    running = make("no-prestop", "coredns-replicas=1@drain", "kubelet-qps=1")
    advance(running)
    planted = [name for name in running.what.provider.done if name.startswith("plant")]
    assert planted == ["plant kubelet-qps=1"]
    assert api.objects[COREDNS]["spec"]["replicas"] == 1


def test_a_fault_of_the_cluster_is_planted_before_its_step(make, api):
    seen = {}
    running = make("coredns-replicas=1@drain")
    perform = running.what.provider.perform

    def watched(step, cluster):
        seen.setdefault(step.kind, api.objects[COREDNS]["spec"]["replicas"])
        perform(step, cluster)

    running.what.provider.perform = watched
    advance(running)
    assert (seen["kubeadm-apply"], seen["drain"]) == (2, 1)


def test_the_record_names_the_faults_that_were_planted(make, api):
    running = make("coredns-replicas=1@drain", "no-prestop")
    running._prepare()
    assert record_of(running).faults == ("no-prestop",)
    running._advance(running.what.plan.upgrade)
    record = record_of(running)
    assert record.faults == ("no-prestop", "coredns-replicas=1@drain")
    assert record.choices["fault no-prestop"] == "no-prestop"


@pytest.mark.parametrize("fault", ["no-prestop", "no-readiness"])
def test_a_fault_without_a_workload_is_refused_before_anything_is_created(make, fault):
    running = make(fault, observers=())
    with pytest.raises(BadInput, match="changes nothing"):
        running.run()
    assert running.what.provider.done == []


def test_a_fault_that_changes_nothing_proves_nothing(make):
    running = make("coredns-replicas=2")
    with pytest.raises(Inconclusive, match="has 2 replicas already"):
        running.run()
    assert running.what.provider.done == ["create", "export-logs"]


@pytest.mark.parametrize("fault", ["coredns-replicas=2@drain", "kubelet-qps=1@drain"])
def test_a_fault_that_cannot_be_planted_at_its_step_fails_no_upgrade(make, fault):
    running = make(fault, trouble=E2eError("no way into the node."))
    with pytest.raises(Inconclusive, match=f"plant {fault}") as caught:
        advance(running)
    assert running.failed_step is None
    assert not any(name.startswith("drain") for name in running.what.provider.done)
    record = record_of(running, str(caught.value))
    assert record.verdict is Verdict.INCONCLUSIVE


def test_what_the_client_raises_while_planting_is_no_crash(make):
    running = make("kubelet-qps=1", trouble=ConnectionResetError("gone"))
    with pytest.raises(Inconclusive, match="could not be planted: ConnectionResetError"):
        advance(running)


def test_a_cluster_that_is_gone_is_said_to_be_gone(make):
    running = make("kubelet-qps=1", trouble=ClusterGone("the simulator has ended."))
    with pytest.raises(Inconclusive, match="simulator has ended") as caught:
        advance(running)
    assert not isinstance(caught.value.__cause__.__cause__, FaultNotPlanted)


def test_the_command_lists_every_fault_and_who_plants_it():
    lines = CliRunner().invoke(faults_command).stdout.splitlines()
    listed = {line.split()[0]: line for line in lines if line and not line.startswith(" ")}
    assert set(listed) == {"write", *(kind.form for kind in CATALOGUE)}
    assert "kind, sim" in listed["kubelet-qps=1"]
    assert "any cluster" in listed["no-prestop"]
    assert "kube-system/coredns" in listed["coredns-replicas=1"]


def test_a_fault_of_backups_is_planted_where_they_are_kept(make, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr("upgrade_e2e.run.planting.plant_in_backups", lambda *a: asked.append(a))
    running = make()
    running._prepare()
    plant = Step("plant", 60.0, about="backup-stale")
    running._perform(plant)
    running._observation = SimpleNamespace(keepers={"backup": "its task"})
    running._perform(plant)
    fault, work = Fault("backup-stale"), tmp_path / "work"
    assert asked == [(fault, (), work), (fault, ("its task",), work)]
    assert running.what.provider.done == ["create"]


def test_a_fault_of_backups_without_any_is_refused_before_anything_is_created(make, monkeypatch):
    running = make()
    monkeypatch.setattr("upgrade_e2e.run.pass_.planted_in", lambda _: (Fault("backup-stale"),))
    with pytest.raises(BadInput, match="scenario backup_is_restorable"):
        running.run()
    assert running.what.provider.done == []
