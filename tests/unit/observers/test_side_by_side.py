"""Two observers of a kind in one cluster: neither touches what belongs to the other."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from tests.unit.observers.fake_api import FakeApi
from upgrade_e2e.observers import (
    ApiServer,
    DeployContext,
    DnsLookups,
    HttpEdge,
    HttpService,
    Observer,
    PodChurn,
    Wanted,
    Workload,
    label_observers,
)
from upgrade_e2e.observers.churn_loop import ChurnLoop
from upgrade_e2e.observers.rollout import Rollouts

ROLLING = Workload(rollout_every_s=30)
PAIRS: tuple[tuple[Observer, Observer], ...] = (
    (HttpService(rate_hz=1), HttpService(rate_hz=2)),
    (HttpEdge(HttpService(rate_hz=1)), HttpEdge(HttpService(rate_hz=2))),
    (DnsLookups(rate_hz=1), DnsLookups(rate_hz=2)),
    (ApiServer(rate_hz=1), ApiServer(rate_hz=2)),
    (PodChurn(burst=1), PodChurn(burst=2)),
)


def changed_by(observer: Observer, api: FakeApi, context: DeployContext) -> set[str]:
    """The paths of all objects that this observer applies."""
    before = len(api.requests)
    observer.deploy(context)
    return {path.partition("?")[0] for verb, path in api.requests[before:] if verb != "GET"}


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: type(pair[0]).__name__)
def test_no_object_belongs_to_two_observers(api: FakeApi, context: DeployContext, pair) -> None:
    made = label_observers([Wanted(one, "shop") for one in pair])
    mine, other = (changed_by(made[one], api, context) for one in pair)
    assert not mine & other
    assert bool(mine) == (type(pair[0]) is not DnsLookups)


def test_no_object_belongs_to_observers_of_two_kinds(api: FakeApi, context: DeployContext) -> None:
    made = label_observers([Wanted(one) for pair in PAIRS for one in pair])
    changed = [changed_by(one, api, context) for one in made.values()]
    assert sum(map(len, changed)) == len(set().union(*changed)) + 6  # two shared workloads


def test_every_object_is_named_after_the_label(api: FakeApi, context: DeployContext) -> None:
    edge = HttpEdge(HttpService(label="behind"), label="front")
    for observer in (HttpService(label="mine"), edge):
        observer.deploy(context)
    ApiServer(label="reads").deploy(context)
    PodChurn(label="bursts").deploy(context)
    inside = {path.rpartition("/")[2] for path in api.objects if "/namespaces/" in path}
    assert inside == {"mine", "front", "behind", "reads", "bursts"}


def test_the_canary_of_the_api_is_the_one_that_is_asked_for(context: DeployContext) -> None:
    probes = {p.name: p.settings for p in ApiServer(label="reads").deploy(context).host_probes}
    assert probes["get"]["url"].endswith("/configmaps/reads")
    assert probes["write"]["url"].endswith("/configmaps/reads")
    assert probes["watch"]["object"] == "reads"


def test_the_rollouts_are_those_of_its_own_workload(context: DeployContext) -> None:
    observer = HttpEdge(HttpService(label="behind", workload=ROLLING), label="front")
    (rollouts,) = observer.deploy(context).background_tasks
    assert isinstance(rollouts, Rollouts)
    assert rollouts.deployment == "behind"


def churn_loop_of(label: str, context: DeployContext) -> ChurnLoop:
    """The churn loop of a PodChurn with this label."""
    (churn_loop,) = PodChurn(label=label).deploy(context).background_tasks
    assert isinstance(churn_loop, ChurnLoop)
    return churn_loop


def test_churned_pods_are_those_of_one_label(api: FakeApi, context: DeployContext) -> None:
    client = churn_loop_of("bursts", context)._client
    pod = client.manifest(client.new_name(), "worker")
    assert pod["metadata"]["name"].startswith("bursts-")
    assert pod["metadata"]["labels"]["app.kubernetes.io/name"] == "bursts"
    (owner,) = pod["metadata"]["ownerReferences"]
    assert owner["name"] == "bursts"
    client.create("bursts-1", "worker")
    client.list_pods()
    assert next(client.watch_pods("0"))["object"]["metadata"]["name"] == "bursts-1"
    asked = [unquote(path) for verb, path in api.requests[-2:] if verb == "GET"]
    assert ["app.kubernetes.io/name=bursts" in path for path in asked] == [True, True]
