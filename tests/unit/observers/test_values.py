"""Observers are values that check themselves when they are made."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
from typing import Any

import pytest

from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers import (
    ApiServer,
    Deployments,
    DnsLookups,
    EtcdBackup,
    EtcdHealth,
    GuardRails,
    HttpEdge,
    HttpService,
    NewPodsNetwork,
    NodeResources,
    Observer,
    PodChurn,
    RuntimeAnswers,
    Workload,
    label_or_kind,
)
from upgrade_e2e.observers.checks import RESERVED

ALL = (
    ApiServer,
    Deployments,
    DnsLookups,
    EtcdBackup,
    EtcdHealth,
    GuardRails,
    HttpEdge,
    HttpService,
    NewPodsNetwork,
    NodeResources,
    PodChurn,
    RuntimeAnswers,
)
KINDS: dict[str, type] = {kind.__name__: kind for kind in (*ALL, Workload)}
NOT_RATES = (0, -1, 1000.5, math.inf, math.nan, 10**400, "50", True, None)
NOT_TIMEOUTS = (0, -1.0, 3601, math.inf, math.nan, "2", True, None)
NOT_SECONDS = (-0.1, math.inf, math.nan, "5", True)
NOT_COUNTS = (0, -1, 2.0, "3", True, None)
NOT_LABELS = (
    "My Web",
    "checkout.upgrade-e2e",
    "-web",
    "web-",
    "2web",
    "web_2",
    "w" * 41,
    "wéb",
    "web\n",
    " ",
    7,
    None,
    ["web"],
)
NOT_SERVICES = ("kubernetes", "a.b.c", ".default", "kubernetes.", "Kube.default", "a b.c", "", None)
NOT_DOMAINS = (".", "cluster.local.", "Cluster.local", "cluster..local", "a" * 64, None)


RATES = (
    "ApiServer.rate_hz",
    "DnsLookups.rate_hz",
    "DnsLookups.side_hz",
    "DnsLookups.reused_hz",
    "EtcdBackup.writes_hz",
    "EtcdHealth.rate_hz",
    "EtcdHealth.canaries_hz",
    "GuardRails.rate_hz",
    "HttpEdge.rate_hz",
)
EVERY = (
    "Deployments.every_s",
    "EtcdBackup.every_s",
    "NewPodsNetwork.every_s",
    "NewPodsNetwork.early_every_s",
    "NewPodsNetwork.new_every_s",
    "NodeResources.every_s",
    "PodChurn.every_s",
    "RuntimeAnswers.every_s",
)
TIMES = ("Workload.pre_stop_s", "Workload.warm_up_s", "Workload.drain_s")
REFUSED: tuple[tuple[tuple[str, ...], tuple[Any, ...], str], ...] = (
    ((*RATES, "HttpService.rate_hz"), NOT_RATES, "more than 0 and at most 1000"),
    (tuple(f"{kind.__name__}.timeout_s" for kind in ALL), NOT_TIMEOUTS, "more than 0 and at most"),
    (tuple(f"{kind.__name__}.label" for kind in ALL), NOT_LABELS, "like 'my-web'"),
    (tuple(f"{kind.__name__}.label" for kind in ALL), tuple(RESERVED), "that the probers need"),
    (("DnsLookups.service",), NOT_SERVICES, "like 'kubernetes.default'"),
    (("DnsLookups.cluster_domain",), NOT_DOMAINS, "like 'cluster.local'"),
    (("PodChurn.burst", "Workload.replicas"), NOT_COUNTS, "a whole number, 1 or more"),
    (EVERY, (0, *NOT_SECONDS, None), "a number of seconds, more than 0"),
    (("RuntimeAnswers.pods",), (3, None, Workload()), "pods=PodChurn()"),
    (("Workload.rollout_every_s",), (0, *NOT_SECONDS), "a number of seconds, more than 0"),
    (TIMES, (*NOT_SECONDS, None), "a number of seconds, 0 or more"),
    (("Workload.on_term",), ("drian", "", None, ["exit"]), "one of 'drain', 'exit'"),
    (("Workload.pdb_min_available",), (3, 4), "keeps all 3 replicas blocks every drain"),
    (("Workload.pdb_min_available",), (-1, 1.5, True), "from 0 (no budget) to 2"),
    (("HttpService.workload",), ("web", None), "workload=Workload()"),
    (("HttpEdge.backend",), (Workload(), None), "backend=HttpService()"),
    (("EtcdBackup.into",), ("gs://bucket/x", "s3://"), "s3://BUCKET/PREFIX"),
    (("EtcdBackup.s3_endpoint",), ("http://127.0.0.1:7070",), "s3://BUCKET/PREFIX"),
    (("EtcdBackup.etcd_programs",), ("/none",), "has no program etcd"),
)
"""Fields, values that they refuse, and words of the refusal."""


@pytest.mark.parametrize(("fields", "values", "words"), REFUSED, ids=range(len(REFUSED)))
def test_a_value_that_cannot_work_is_refused(fields, values, words) -> None:
    for field, value in itertools.product(fields, values):
        kind, _, name = field.partition(".")
        with pytest.raises(BadInput, match=re.escape(words)) as refused:
            KINDS[kind](**{name: value})
        assert str(refused.value).startswith(f"{field} is {value!r}")
        assert str(refused.value).endswith(".")


def test_every_field_that_can_be_wrong_is_in_the_table() -> None:
    seen = {field for fields, *_ in REFUSED for field in fields}
    there = {f"{k}.{field.name}" for k, kind in KINDS.items() for field in dataclasses.fields(kind)}
    assert there - seen == {"Workload.readiness"}


def test_a_value_at_the_edge_of_what_works_is_taken() -> None:
    HttpService(rate_hz=1000, timeout_s=3600, label="w" * 40)
    HttpService(rate_hz=0.01, timeout_s=0.01, label="a")
    DnsLookups("web2.my-namespace", cluster_domain="k8s")
    Workload(replicas=1, pdb_min_available=0)
    Workload(replicas=9, pdb_min_available=8)
    Workload(pre_stop_s=0, warm_up_s=0, drain_s=0, on_term="exit")
    PodChurn(burst=1, every_s=0.1)


def test_a_name_that_is_too_long_as_a_whole_is_refused() -> None:
    long = ".".join(["d" * 60] * 4)
    with pytest.raises(BadInput, match="the whole name that DnsLookups looks up"):
        DnsLookups("kubernetes.default", cluster_domain=long)


def test_defaults_stay() -> None:
    """Histories are kept by label, and go by these rates."""
    labels = {kind: label_or_kind(kind()) for kind in ALL}
    assert labels == {
        ApiServer: "api",
        Deployments: "deployments",
        DnsLookups: "dns",
        EtcdBackup: "backup",
        EtcdHealth: "etcd",
        GuardRails: "guard",
        HttpEdge: "edge",
        HttpService: "web",
        NewPodsNetwork: "network",
        NodeResources: "resources",
        PodChurn: "churn",
        RuntimeAnswers: "runtime",
    }
    assert {kind().label for kind in ALL} == {""}
    assert (HttpService().rate_hz, HttpEdge().rate_hz, DnsLookups().rate_hz) == (50, 50, 50)
    assert (ApiServer().rate_hz, DnsLookups().side_hz, DnsLookups().reused_hz) == (10, 10, 20)
    assert (PodChurn().burst, PodChurn().every_s, PodChurn().timeout_s) == (3, 10, 90)
    assert (RuntimeAnswers().pods, RuntimeAnswers().every_s) == (PodChurn(), 5)
    assert (Deployments().every_s, Deployments().timeout_s) == (15, 30)
    assert [kind().timeout_s for kind in (HttpService, HttpEdge, DnsLookups)] == [2, 2, 2]
    assert ApiServer().timeout_s == 5
    assert (GuardRails().rate_hz, GuardRails().timeout_s) == (10, 12)
    assert (DnsLookups().service, DnsLookups().cluster_domain) == (
        "kubernetes.default",
        "",
    )
    assert HttpEdge().backend == HttpService()
    assert HttpService().workload == Workload(
        replicas=3,
        pre_stop_s=5,
        on_term="drain",
        pdb_min_available=2,
        rollout_every_s=None,
        readiness=True,
        warm_up_s=0,
        drain_s=10,
    )


def test_a_label_of_its_own_is_what_an_observer_is_called() -> None:
    assert [label_or_kind(kind(label="mine")) for kind in ALL] == ["mine"] * len(ALL)


def test_what_is_watched_may_come_first_and_everything_else_by_its_word() -> None:
    assert DnsLookups("checkout.shop", rate_hz=20).service == "checkout.shop"
    checkout = HttpService(rate_hz=5)
    assert HttpEdge(checkout, rate_hz=20).backend == checkout
    by_word = (ApiServer, Deployments, GuardRails, HttpService, PodChurn, RuntimeAnswers, Workload)
    for kind in by_word:
        with pytest.raises(TypeError, match="positional argument"):
            kind(5)
    with pytest.raises(TypeError, match="positional argument"):
        DnsLookups("checkout.shop", 20)
    with pytest.raises(TypeError, match="positional argument"):
        HttpEdge(checkout, 20)


@pytest.mark.parametrize("kind", [*ALL, Workload])
def test_they_are_frozen_values(kind: type) -> None:
    assert kind() == kind()
    assert hash(kind()) == hash(kind())
    name = dataclasses.fields(kind)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(kind(), name, 1)


def test_an_edge_and_its_backend_need_two_labels() -> None:
    for make in (
        lambda: HttpEdge(label="web"),
        lambda: HttpEdge(HttpService(label="edge")),
        lambda: HttpEdge(HttpService(label="mine"), label="mine"),
    ):
        with pytest.raises(BadInput, match=r"are both called '(web|edge|mine)'"):
            make()


def more(workload: Workload) -> Workload:
    """The same with more replicas, and the budget that it had."""
    return dataclasses.replace(workload, replicas=7)


SEVEN = Workload(replicas=7, pdb_min_available=2)


def test_the_workload_of_an_observer_can_be_altered() -> None:
    web = HttpService(rate_hz=7, label="mine")
    assert web.altered(more) == HttpService(rate_hz=7, label="mine", workload=SEVEN)
    edge = HttpEdge(web, rate_hz=9, label="front")
    assert edge.altered(more) == HttpEdge(web.altered(more), rate_hz=9, label="front")
    assert edge.altered(more).backend.label == "mine"


def test_what_a_workload_becomes_is_checked_too() -> None:
    with pytest.raises(BadInput, match="blocks every drain"):
        HttpService().altered(lambda workload: dataclasses.replace(workload, replicas=2))


def test_without_a_number_the_budget_lets_one_replica_go_at_a_time() -> None:
    for replicas in (1, 2, 3, 9):
        workload = Workload(replicas=replicas)
        assert workload.min_available == replicas - 1
        assert workload == Workload(replicas=replicas, pdb_min_available=replicas - 1)
    assert Workload(replicas=2, pdb_min_available=0).min_available == 0


class Foreign:
    """An observer of someone else, without a label and without a kind."""

    label = ""

    def deploy(self, context: object) -> None:
        """See Observer."""


def test_an_observer_with_neither_label_nor_kind_is_refused() -> None:
    foreign: Observer = Foreign()  # type: ignore[assignment]
    with pytest.raises(BadInput, match="give it one"):
        label_or_kind(foreign)
