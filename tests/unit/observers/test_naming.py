"""The labels of a pass: never the same twice, and the same from run to run."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers import (
    ApiServer,
    DnsLookups,
    HttpEdge,
    HttpService,
    Observer,
    PodChurn,
    Wanted,
    Workload,
    as_written,
    label_observers,
)
from upgrade_e2e.observers.naming import distinct

SHIPPED = HttpService(rate_hz=50, workload=Workload(rollout_every_s=90))
SHIPPED_EDGE = HttpEdge(SHIPPED, rate_hz=20)
MINE = HttpService(rate_hz=20)
OTHER = HttpService(rate_hz=10)
DNS_LABEL = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")


def labels(*wanted: Wanted | Observer) -> list[str]:
    """The labels that these get, in order."""
    asked = [one if isinstance(one, Wanted) else Wanted(one) for one in wanted]
    made = label_observers(asked)
    return [made[one.observer].label for one in asked]


def test_a_lone_observer_of_each_kind_has_the_plain_word() -> None:
    lone = (HttpService(), HttpEdge(), DnsLookups(), ApiServer(), PodChurn())
    modules = [Wanted(one, "checkout") for one in lone]
    assert labels(*modules) == ["web", "edge", "dns", "api", "churn"]


def test_only_the_label_differs_from_what_was_written() -> None:
    made = label_observers([Wanted(MINE, "checkout"), Wanted(SHIPPED_EDGE)])
    assert made[MINE] == HttpService(rate_hz=20, label="web")
    edge = made[SHIPPED_EDGE]
    assert isinstance(edge, HttpEdge)
    assert (edge.rate_hz, edge.backend.workload) == (20, SHIPPED.workload)


def test_a_label_that_was_given_is_kept() -> None:
    assert labels(HttpService(label="shop"), MINE) == ["shop", "web"]
    assert labels(MINE, HttpService(label="web")) == ["web-2", "web"]
    assert labels(PodChurn(label="web"), Wanted(MINE, "shop")) == ["web", "web-shop"]


@pytest.mark.parametrize("first", [True, False])
def test_shipped_scenarios_have_the_plain_word(first: bool) -> None:
    shipped, mine = Wanted(SHIPPED, "rollout_502", shipped=True), Wanted(MINE, "checkout")
    if first:
        assert labels(shipped, mine) == ["web", "web-checkout"]
    else:
        assert labels(mine, shipped) == ["web-checkout", "web"]


def test_the_third_one_of_a_module_has_a_number() -> None:
    wanted = [Wanted(HttpService(rate_hz=hz), "My_Shop.v2") for hz in (1, 2, 3, 4)]
    assert labels(*wanted) == ["web", "web-my-shop-v2", "web-my-shop-v2-2", "web-my-shop-v2-3"]


def test_without_a_module_there_is_a_number() -> None:
    assert labels(MINE, OTHER, SHIPPED) == ["web", "web-2", "web-3"]
    assert labels(MINE, Wanted(OTHER, "тест"), Wanted(SHIPPED, "__")) == ["web", "web-2", "web-3"]


def test_a_label_is_never_too_long() -> None:
    long = "a_module_whose_name_goes_on_and_on_and_on_and_on"
    made = labels(*[Wanted(HttpService(rate_hz=hz), long) for hz in range(1, 13)])
    assert len(set(made)) == 12
    assert {len(label) <= 40 for label in made} == {True}
    assert made[1] == "web-a-module-whose-name-goes-on-and-on-a"


def test_a_long_word_gives_way_to_a_label_that_was_given() -> None:
    given_label = HttpService(label="web-shop", rate_hz=3)
    wanted = (Wanted(MINE, "shop"), Wanted(OTHER, "shop"), Wanted(given_label))
    assert labels(*wanted) == ["web", "web-shop-2", "web-shop"]


def test_equal_observers_share_one_label() -> None:
    again = HttpService(rate_hz=20.0)
    assert labels(OTHER, Wanted(MINE, "b"), Wanted(again, "a")) == ["web", "web-a", "web-a"]
    assert labels(OTHER, Wanted(again, "a"), Wanted(MINE, "b")) == ["web", "web-a", "web-a"]


def test_one_that_is_also_shipped_counts_as_shipped() -> None:
    wanted = (Wanted(MINE, "a"), Wanted(SHIPPED, "a"), Wanted(SHIPPED, "rollout", shipped=True))
    assert labels(*wanted) == ["web-a", "web", "web"]


def backend(edge: Observer, wanted: list[Wanted]) -> str:
    """The label of what is behind `edge`."""
    labelled = label_observers(wanted)[edge]
    assert isinstance(labelled, HttpEdge)
    return labelled.backend.label


def test_an_edge_shares_its_backend_with_an_equal_observer() -> None:
    for wanted in itertools.permutations([Wanted(SHIPPED_EDGE), Wanted(SHIPPED)]):
        assert backend(SHIPPED_EDGE, list(wanted)) == "web"
        assert label_observers(wanted)[SHIPPED].label == "web"


def test_another_backend_has_a_label_of_its_own() -> None:
    edge = HttpEdge(OTHER)
    for wanted in itertools.permutations([Wanted(edge, "shop"), Wanted(MINE, "shop")]):
        assert label_observers(wanted)[MINE].label == "web"
        assert backend(edge, list(wanted)) == "web-shop"


def test_a_backend_that_is_watched_as_well_comes_as_early_as_any_other() -> None:
    assert labels(HttpEdge(MINE), MINE, OTHER) == ["edge", "web", "web-2"]
    assert labels(HttpEdge(MINE), OTHER) == ["edge", "web"]


def test_two_edges_of_one_backend_share_it() -> None:
    slow, fast = HttpEdge(MINE, rate_hz=5), HttpEdge(MINE, rate_hz=50)
    wanted = [Wanted(slow), Wanted(fast)]
    assert labels(*wanted) == ["edge", "edge-2"]
    assert (backend(slow, wanted), backend(fast, wanted)) == ("web", "web")


def test_a_shipped_backend_has_the_plain_word() -> None:
    wanted = [Wanted(MINE, "shop"), Wanted(SHIPPED_EDGE, "rollout_502", shipped=True)]
    assert labels(*wanted) == ["web-shop", "edge"]
    assert backend(SHIPPED_EDGE, wanted) == "web"


@pytest.mark.parametrize(
    "pair",
    [
        (HttpService(label="shop"), HttpService(label="shop", rate_hz=3)),
        (HttpService(label="shop"), DnsLookups(label="shop")),
        (HttpService(label="shop"), HttpEdge(HttpService(label="shop", rate_hz=3))),
    ],
)
def test_two_of_the_same_label_are_refused(pair: tuple[Observer, Observer]) -> None:
    for one, other in (pair, pair[::-1]):
        with pytest.raises(BadInput, match="two different observers are named 'shop'") as refused:
            label_observers([Wanted(one), Wanted(other)])
        assert repr(pair[0]) in str(refused.value)
        assert "rate_hz=3" in str(refused.value) or "DnsLookups(" in str(refused.value)
        assert "another label" in str(refused.value)


def test_no_label_is_that_of_a_shipped_scenario() -> None:
    mine = HttpService(label="web", rate_hz=20)
    with pytest.raises(BadInput, match=r"histories use that .*another label") as refused:
        label_observers([Wanted(mine, "shop"), Wanted(SHIPPED, "rollout_502", shipped=True)])
    assert repr(mine) in str(refused.value)
    assert repr(SHIPPED) in str(refused.value)


@dataclass(frozen=True)
class Foreign:
    """An observer of someone else, which has a label and takes no other."""

    label: str
    depth: int = 0

    def deploy(self, context: object) -> None:
        """See Observer."""


def test_an_observer_that_takes_no_label_keeps_its_own() -> None:
    assert label_observers([Wanted(Foreign("web")), Wanted(MINE, "shop")]) == {
        Foreign("web"): Foreign("web"),
        MINE: HttpService(rate_hz=20, label="web-shop"),
    }
    with pytest.raises(BadInput, match="two different observers are named 'x'"):
        label_observers([Wanted(Foreign("x")), Wanted(Foreign("x", depth=1))])
    with pytest.raises(BadInput, match="has no label, and none can be chosen"):
        label_observers([Wanted(Foreign(""))])
    with pytest.raises(BadInput, match="like 'my-web'"):
        label_observers([Wanted(Foreign("a.b"))])


def test_without_labels_two_of_a_kind_are_not_distinct() -> None:
    assert distinct([MINE, DnsLookups(), MINE]) == (MINE, DnsLookups())
    with pytest.raises(BadInput, match="named 'web'"):
        distinct([MINE, OTHER])
    with pytest.raises(BadInput, match="named 'web'"):
        distinct([MINE, HttpEdge(OTHER)])
    with pytest.raises(BadInput, match="like 'my-web'"):
        distinct([Foreign("a.b")])


GIVEN = tuple(HttpService(label=label) for label in ("shop", "web-2", "web-a", "edge-web-a"))
TAKEN = (HttpService(label="web"), HttpService(label="dns"), DnsLookups(label="edge"))
"""Labels that are the plain words of other kinds, or of other observers."""


def observers(*given: Observer) -> st.SearchStrategy[Observer]:
    """Observers of every kind, without a label or from `given`."""
    web = st.builds(HttpService, rate_hz=st.integers(1, 4))
    backends = web | st.sampled_from(GIVEN)
    return st.one_of(
        web,
        st.sampled_from((*GIVEN, *given)),
        st.builds(HttpEdge, backends, rate_hz=st.integers(1, 3)),
        st.builds(DnsLookups, rate_hz=st.integers(1, 3)),
        st.builds(ApiServer, rate_hz=st.integers(1, 3)),
        st.builds(PodChurn, burst=st.integers(1, 3)),
    )


MODULES = st.sampled_from(["", "a", "2", "web_a", "Shop.Café", "m" * 50])
WANTED = st.lists(st.builds(Wanted, observers(*TAKEN), module=MODULES), max_size=12)
POLITE = st.lists(st.builds(Wanted, observers(), module=MODULES), max_size=12)


def all_of(made: dict[Observer, Observer]) -> dict[Observer, str]:
    """The labels of all observers and of the backends inside, by what was written."""
    inside = {
        one.backend: copy.backend.label
        for one, copy in made.items()
        if isinstance(one, HttpEdge) and isinstance(copy, HttpEdge)
    }
    outside = {one: copy.label for one, copy in made.items()}
    for one in set(inside) & set(outside):
        assert inside[one] == outside[one]
    return {**inside, **outside}


@given(WANTED)
def test_labels_are_dns_labels_and_never_the_same_twice(wanted: list[Wanted]) -> None:
    made = label_observers(wanted)
    assert set(made) == {one.observer for one in wanted}
    names = all_of(made)
    assert len(set(names.values())) == len(names)
    for one, label in names.items():
        assert DNS_LABEL.fullmatch(label)
        assert not one.label or one.label == label
    assert distinct(made.values()) == tuple(made.values())


@given(POLITE, POLITE)
def test_shipped_observers_have_the_plain_words(before: list[Wanted], after: list[Wanted]) -> None:
    shipped = (SHIPPED, SHIPPED_EDGE, DnsLookups(rate_hz=50), ApiServer(rate_hz=9), PodChurn())
    ours = [Wanted(one, "ours", shipped=True) for one in shipped]
    made = label_observers([*before, *ours, *after])
    assert [made[one].label for one in shipped] == ["web", "edge", "dns", "api", "churn"]
    assert made[SHIPPED_EDGE] == HttpEdge(made[SHIPPED], rate_hz=20, label="edge")


@given(WANTED)
def test_the_first_of_each_kind_has_the_plain_word(wanted: list[Wanted]) -> None:
    made = label_observers(wanted)
    given_labels = {one.label for one in all_of(made) if one.label}
    for kind in (HttpEdge, DnsLookups, ApiServer, PodChurn):
        unnamed = [one for one in made if isinstance(one, kind) and not one.label]
        if unnamed and kind.kind not in given_labels:
            assert made[unnamed[0]].label == kind.kind


@given(WANTED, st.randoms())
def test_the_order_of_equal_observers_does_not_matter(wanted: list[Wanted], random: Random) -> None:
    groups: dict[Observer, list[Wanted]] = {}
    for one in wanted:
        groups.setdefault(one.observer, []).append(one)
    for group in groups.values():
        random.shuffle(group)
    shuffled = [groups[one.observer].pop() for one in wanted]
    assert label_observers(wanted) == label_observers(shuffled)


def test_equal_observers_are_written_alike_and_only_what_is_not_the_default():
    assert as_written(HttpService()) == "HttpService()"
    assert as_written(HttpService(rate_hz=50)) == as_written(HttpService(rate_hz=50.0))
    assert as_written(DnsLookups("a.b", rate_hz=5)) == "DnsLookups(service='a.b', rate_hz=5)"
    inside = HttpEdge(HttpService(workload=Workload(replicas=4)))
    assert as_written(inside) == "HttpEdge(backend=HttpService(workload=Workload(replicas=4)))"
    assert as_written(Workload(replicas=3, pdb_min_available=2)) == "Workload()"
    assert as_written(Workload(replicas=4, pdb_min_available=3)) == "Workload(replicas=4)"
    assert as_written(Workload(pdb_min_available=1)) == "Workload(pdb_min_available=1)"
    assert as_written(HttpService(workload=Workload(readiness=False))) == (
        "HttpService(workload=Workload(readiness=False))"
    )
