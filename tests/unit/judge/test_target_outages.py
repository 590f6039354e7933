"""Which failures belong together, by example."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from upgrade_e2e.judge import view_of
from upgrade_e2e.timeline import Outcome, Span

from .made import failing, steady, to_timeline

WHOLE = (0, 10_000_000)
NODES = ("worker", "worker2", "worker3")


def seen(lines):
    return view_of(to_timeline(lines, *WHOLE), "web")


def on_nodes(fail=None, nodes=NODES):
    return [steady(name=f"new@{node}", node=node, fail=fail) for node in nodes]


def one_of_three_backends_broken(line, first, last, rng):
    """Samples go to one of three backends; web-b answers 502."""
    for number, shot in enumerate(line.shots):
        backend = rng.randrange(1, 4)
        bad = backend == 2 and first <= number < last
        outcome = Outcome.HTTP_5XX if bad else Outcome.OK
        line.shots[number] = replace(shot, backend=backend, outcome=int(outcome))
    return line


def test_a_full_outage_is_one_for_all_streams():
    (outage,) = seen(on_nodes(failing(range(300, 320)))).outages
    assert not outage.partial
    assert outage.nodes == NODES
    assert (len(outage.streams), outage.of_streams) == (3, 3)
    assert (outage.failures, outage.share) == (60, 1.0)
    assert outage.at_least_s == pytest.approx(0.19)


def test_an_outage_on_one_node_is_partial():
    lines = on_nodes()
    lines[1] = steady(name="new@worker2", node="worker2", fail=failing(range(300, 320)))
    (outage,) = seen(lines).outages
    assert outage.partial
    assert outage.share == pytest.approx(1 / 3)
    assert outage.nodes == ("worker2",)


def test_one_broken_backend_of_three_is_one_partial_outage():
    rng = random.Random(3)
    lines = [one_of_three_backends_broken(line, 200, 500, rng) for line in on_nodes()]
    view = seen(lines)
    (outage,) = view.outages
    assert len(view.stream_outages) > 100
    assert outage.partial
    assert outage.share == pytest.approx(1 / 3, abs=0.1)
    assert outage.backends == ("web-b",)
    assert outage.at_least_s == pytest.approx(3.0, abs=0.1)
    assert view.downtime_s < outage.at_least_s
    assert view.backends["web-b"].failed == outage.failures
    assert view.backends["web-a"].failed == 0


def test_new_connections_fail_and_kept_ones_do_not():
    lines = [steady(fail=failing(range(300, 320))), steady(name="reused@worker")]
    (outage,) = seen(lines).outages
    assert outage.share == 0.5
    assert outage.streams == ("new@worker",)


def test_outages_one_after_another_are_apart():
    fail = failing([*range(300, 310), *range(330, 340)])
    assert len(seen([steady(fail=fail)]).outages) == 2


@pytest.mark.parametrize(("good", "expected"), [(19, 1), (20, 2)])
def test_twenty_good_answers_part_two_outages(good, expected):
    assert len(seen([steady(fail=failing([300, 301 + good]))]).outages) == expected


@pytest.mark.parametrize(("second", "expected"), [(60, 1), (61, 2)])
def test_more_than_a_second_parts_two_outages(second, expected):
    line = steady(count=100, interval=100_000, fail=failing([50, second]))
    assert len(seen([line]).outages) == expected


@pytest.mark.parametrize(("second", "expected"), [(52, 1), (53, 2)])
def test_probes_slower_than_a_second_are_joined_over_one_good_answer(second, expected):
    line = steady(count=100, interval=2_000_000, fail=failing([50, second]))
    assert len(view_of(to_timeline([line], 0, 200_000_000), "web").outages) == expected


def test_targets_are_apart():
    fail = failing(range(300, 320))
    lines = [steady(fail=fail, target="read"), steady(fail=fail, target="write", name="w@worker")]
    assert [outage.target for outage in seen(lines).outages] == ["read", "write"]


def test_clock_error_blames_more():
    spans = [Span("drain", "drain", 1.0, 2.995), Span("kubelet", "kubelet", 2.995, 5.0)]
    timeline = to_timeline([steady(fail=failing([300]))], *WHOLE, spans)
    assert view_of(timeline, "web").outages[0].cause.names == ("kubelet",)
    samples = timeline.samples["web"]
    unsure = tuple(replace(stream, clock_error_s=0.010) for stream in samples.streams)
    timeline = replace(timeline, samples={"web": replace(samples, streams=unsure)})
    assert view_of(timeline, "web").outages[0].cause.names == ("kubelet", "drain")


def test_clock_error_joins_more():
    one = steady(fail=failing(range(300, 303)))
    two = steady(name="new@worker2", node="worker2", fail=failing(range(304, 307)))
    timeline = to_timeline([one, two], *WHOLE)
    assert len(view_of(timeline, "web").outages) == 2
    samples = timeline.samples["web"]
    unsure = tuple(replace(stream, clock_error_s=0.010) for stream in samples.streams)
    timeline = replace(timeline, samples={"web": replace(samples, streams=unsure)})
    assert len(view_of(timeline, "web").outages) == 1


def test_the_worst_comes_first():
    fail = failing([*range(100, 102), *range(300, 350), *range(700, 710)])
    view = seen([steady(fail=fail)])
    assert [outage.failures for outage in view.outage_set.worst(2)] == [50, 10]
    assert [outage.failures for outage in view.outages] == [2, 50, 10]
