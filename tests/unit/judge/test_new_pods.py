"""The claims about new pods and their network, held against passes that are made up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from scenarios import test_new_pods_have_network as scenario
from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import Limits
from upgrade_e2e.judge.taints import taint_sentence, taint_spans, unguarded
from upgrade_e2e.providers.base import Capabilities
from upgrade_e2e.run import Upgraded
from upgrade_e2e.timeline import (
    TAINT,
    Connection,
    Outcome,
    SamplesBuilder,
    Span,
    Stream,
    Timeline,
    Window,
)

LIMITS = Limits.default()
END_S = 300
NEW_NODE = "dev-worker3"
NOT_READY, GUARD = "node.kubernetes.io/not-ready:NoSchedule", "readiness.k8s.io/Net:NoSchedule"
Event = tuple[float, float, Outcome]

usual = scenario.test_new_pods_have_network
restarted = scenario.test_new_pods_have_network_after_a_kubelet_restart
in_time = scenario.test_new_pods_start_in_time
bounded = scenario.test_a_new_node_gets_its_network
strict = scenario.test_no_pod_comes_before_the_network_of_a_new_node


def steady(lasts_s: float = 0.001) -> list[Event]:
    """One pod every ten seconds."""
    return [(at_s, lasts_s, Outcome.OK) for at_s in range(2, END_S - 5, 10)]


def upgraded(
    more: Mapping[str, Iterable[Event]] | None = None,
    spans: tuple[Span, ...] = (),
    *,
    simulated: bool = False,
) -> Upgraded:
    """A pass in which pods on `dev-worker` were well, and what else was seen."""
    seen: dict[str, Iterable[Event]] = {
        **{f"{kind}@dev-worker": steady() for kind in (*scenario.TRIED, "gateway")},
        "start@dev-worker": steady(0.8),
        **(more or {}),
    }
    builder = SamplesBuilder()
    api = builder.add_stream(Stream("api@host", "host", "/readyz", 0.2, 2.0, Connection.NEW))
    for slot in range(END_S * 5):
        builder.add(api, intended_us=slot * 200_000, latency_us=2_000, outcome=Outcome.OK)
    for name, events in seen.items():
        kind, _, node = name.partition("@")
        stream = builder.add_stream(Stream(name, node, f"{kind} of pods", 0.0, 30.0))
        for at_s, lasts_s, outcome in events:
            builder.add(
                stream,
                intended_us=round(at_s * 1e6),
                latency_us=round(lasts_s * 1e6),
                outcome=outcome,
            )
    timeline = Timeline(Window(0.0, END_S), spans, {"network": builder.build()})
    capabilities = Capabilities("kind", simulated=simulated)
    return Upgraded(timeline, ("v1.33.1", "v1.34.1"), LIMITS, capabilities)


def on_new_node(**lasts_s: float) -> dict[str, list[Event]]:
    """Pods on a new node that were without one thing for so long, and well a second later."""
    return {
        f"{kind}-new@{NEW_NODE}": [
            (280.0, lasts_s.get(kind, 0.001), Outcome.OK),
            (281.0, 0.001, Outcome.OK),
        ]
        for kind in scenario.TRIED
    }


def taint(what: str, start_s: float = 279.0, end_s: float = 280.5, node: str = "worker3") -> Span:
    return Span(f"taint {what} {node}", TAINT, start_s, end_s, node=node)


@pytest.mark.parametrize("claim", [usual, in_time])
def test_where_pods_are_well_the_claims_hold(claim) -> None:
    claim(upgraded(), LIMITS)


@pytest.mark.parametrize("kind", scenario.TRIED)
def test_one_pod_that_is_without_for_longer_breaks_the_claim_and_is_named(kind: str) -> None:
    late = {f"{kind}@dev-worker": [*steady(), (150.5, 1.4, Outcome.OK)]}
    with pytest.raises(AssertionError, match=rf"network {kind}.*\n.*longest 1\.4"):
        usual(upgraded(late), LIMITS)


def test_a_pod_that_never_got_it_breaks_the_claim() -> None:
    never = {"dns@dev-worker": [*steady(), (150.5, 30.0, Outcome.TIMEOUT)]}
    with pytest.raises(AssertionError, match="1 timeout"):
        usual(upgraded(never), LIMITS)


def test_the_gateway_is_for_reference_alone() -> None:
    usual(upgraded({"gateway@dev-worker": steady(20.0)}), LIMITS)


def test_early_pods_are_judged_apart() -> None:
    early = {"peer-early@dev-worker": [(100.5, 4.0, Outcome.OK)]}
    usual(upgraded(early), LIMITS)
    with pytest.raises(AssertionError, match="network peer-early"):
        restarted(upgraded(early), LIMITS)
    with pytest.raises(pytest.skip.Exception, match="within a minute of a kubelet"):
        restarted(upgraded(), LIMITS)


def test_pods_that_start_late_break_the_claim_about_starting() -> None:
    with pytest.raises(AssertionError, match="network start"):
        in_time(upgraded({"start@dev-worker": steady(6.5)}), LIMITS)


def test_without_a_new_node_there_is_nothing_to_claim_about_it() -> None:
    for claim in (bounded, strict):
        with pytest.raises(pytest.skip.Exception, match="no node joined"):
            claim(upgraded(), LIMITS)


def test_a_new_node_that_nothing_guards_is_a_finding_with_its_size_and_no_failure() -> None:
    passed = upgraded(on_new_node(clusterip=3.9, dns=4.1), (taint(NOT_READY),))
    bounded(passed, LIMITS)
    usual(passed, LIMITS)
    with pytest.raises(pytest.skip.Exception) as found:
        strict(passed, LIMITS)
    said = str(found.value)
    assert f"no taint keeps pods off {NEW_NODE}" in said
    assert "network clusterip-new 3.9 s, network dns-new 4.1 s" in said
    assert "peer" not in said
    assert f"worker3 had {NOT_READY} from 279.00 s on for 1.5 s" in said
    assert "docs/scenarios.md" in said


def test_a_new_node_that_a_taint_guards_is_held_to_the_strict_claim() -> None:
    passed = upgraded(on_new_node(clusterip=3.9), (taint(NOT_READY), taint(GUARD)))
    with pytest.raises(AssertionError, match=rf"network clusterip-new[\s\S]*{GUARD}") as broken:
        strict(passed, LIMITS)
    assert str(broken.value).splitlines()[0] == (
        "without for up to: network clusterip-new 3.9 s; it may be at most 1 s"
    )


def test_a_new_node_whose_pods_are_well_holds_the_strict_claim_with_and_without_a_taint() -> None:
    strict(upgraded(on_new_node()), LIMITS)
    strict(upgraded(on_new_node(), (taint(GUARD),)), LIMITS)


def test_a_new_node_that_takes_too_long_is_a_failure_in_any_case() -> None:
    with pytest.raises(AssertionError, match=r"network clusterip-new[\s\S]*longest 19"):
        bounded(upgraded(on_new_node(clusterip=19.0)), LIMITS)


def test_a_simulated_pass_skips_before_it_is_asked_what_it_saw() -> None:
    for claim in (usual, restarted, in_time, bounded, strict):
        with pytest.raises(pytest.skip.Exception, match="simulated"):
            claim(upgraded(simulated=True), LIMITS)


def test_a_pass_in_which_pods_stopped_coming_is_blind() -> None:
    short = {f"{kind}@dev-worker": steady()[:20] for kind in (*scenario.TRIED, "gateway", "start")}
    with pytest.raises(Inconclusive, match="network was blind"):
        usual(upgraded(short), LIMITS)


def test_early_pods_in_the_place_of_late_ones_are_no_blindness() -> None:
    """A single worker: for a minute after its kubelet started all its pods are early ones."""
    seen = {}
    for kind in (*scenario.TRIED, "gateway", "start"):
        seen[f"{kind}@dev-worker"] = [one for one in steady() if not 100 <= one[0] < 160]
        seen[f"{kind}-early@dev-worker"] = [one for one in steady() if 100 <= one[0] < 160]
    usual(upgraded(seen), LIMITS)
    restarted(upgraded(seen), LIMITS)


def test_a_taint_is_no_cause_of_what_is_seen_in_its_time() -> None:
    spans = (Span("drain worker", "drain", 100.0, 200.0, node="worker"), taint(NOT_READY, 90, 250))
    never = {"dns@dev-worker": [*steady(), (150.5, 30.0, Outcome.TIMEOUT)]}
    (outage,) = upgraded(never, spans).saw(scenario.NETWORK).only(stream="dns").outages
    assert outage.cause.names == ("drain worker",)


SPANS = (taint(GUARD, 5.0, 6.0), taint(NOT_READY, 1.0, 2.0, "worker4"), taint(NOT_READY))


def test_taints_are_in_time_order_and_of_the_nodes_that_are_asked_for() -> None:
    assert [span.start_s for span in taint_spans(SPANS)] == [1.0, 5.0, 279.0]
    assert {span.node for span in taint_spans(SPANS, ["dev-worker3"])} == {"worker3"}
    assert taint_spans((Span("drain worker3", "drain", 0, 1, node="worker3"),)) == ()


def test_only_a_taint_that_waits_for_the_network_guards_a_node() -> None:
    nodes = ["dev-worker3", "dev-worker4", "dev-worker5"]
    assert unguarded(SPANS, nodes) == ("dev-worker4", "dev-worker5")
    assert unguarded(SPANS, []) == ()


def test_a_node_without_taints_is_said_to_have_none() -> None:
    assert taint_sentence(SPANS, ["dev-worker9"]) == "No taint was seen there."
