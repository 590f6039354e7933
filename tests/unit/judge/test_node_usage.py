"""What nodes used: kills from every source, ceilings, throttled containers, and growth."""

from __future__ import annotations

import dataclasses

import pytest

from tests.unit.judge.used import MIB, UNIT, memory, read, usage
from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import Limits, view_of
from upgrade_e2e.judge.node_usage import NodeUsage
from upgrade_e2e.observers.kills import EVICTION, OOM_KILL
from upgrade_e2e.timeline import (
    Outcome,
    Readings,
    SamplesBuilder,
    Span,
    Stream,
    Timeline,
    Window,
)

LIMITS = Limits.default().resources
STARTED = read("process_start_time_seconds", [1, 1, 1])
DNS = {"namespace": "kube-system", "pod": "dns-1", "container": "coredns", "id": "/kubepods/x"}
SWAP = Span("swap-kubelet worker", "swap-kubelet", 200.0, 210.0, node="worker")


def oom(values, **labels):
    """The counter of a cgroup's OOM kills."""
    return read("container_oom_events_total", values, **{**DNS, **labels})


@pytest.mark.parametrize(
    "labels",
    [{}, {"namespace": "upgrade-e2e"}, {"namespace": "", "pod": "", "container": "", "id": UNIT}],
)
def test_a_counter_that_rises_is_an_oom_kill(labels):
    spans = (Span("drain worker", "drain", 5.0, 15.0, node="worker"),)
    (said,) = usage(STARTED, oom([0, 2, 2], **labels), spans=spans).oom_kills
    assert "2 times" in said
    assert "drain worker" in said


@pytest.mark.parametrize(
    "series",
    [
        oom([0, 0, 0]),
        oom([3, 3, 3]),
        oom([0, 5, 5], namespace="default"),
        oom([0, 5, 5], container=""),
    ],
)
def test_counters_that_stay_and_containers_of_others_are_none(series):
    assert usage(STARTED, series).oom_kills == ()


def test_what_a_page_had_when_it_was_first_read_is_from_before_the_pass():
    other_page = dataclasses.replace(STARTED, stream="kubelet")
    counter = read("container_oom_events_total", [3, 3], from_s=4.0, **DNS)
    assert usage(other_page, counter).oom_kills == ()
    page = read("container_memory_rss", [1, 1], from_s=2.0, id=UNIT)
    (said,) = usage(other_page, page, counter).oom_kills
    assert "3 times" in said


def test_a_kill_that_the_api_shows_has_its_pod_node_and_step():
    kill = read(OOM_KILL, [1.0], from_s=12.0, **{**DNS, "source": "status", "says": ""})
    spans = (Span("drain worker", "drain", 5.0, 15.0, node="worker"),)
    (said,) = usage(kill, spans=spans).oom_kills
    assert said.startswith("coredns of kube-system/dns-1 on e2e-worker: its status says OOMKilled")
    assert said.endswith("drain worker")


def test_an_event_of_a_node_says_its_own_words():
    labels = {"namespace": "", "pod": "", "container": "", "source": "event"}
    kill = read(OOM_KILL, [1.0], says="SystemOOM: victim kubelet", **labels)
    (said,) = usage(kill).oom_kills
    assert "on e2e-worker: SystemOOM: victim kubelet; seen at" in said


def test_evictions_show_in_a_counter_that_is_born_with_the_first_and_in_a_status():
    counter = read("kubelet_evictions", [1, 1], from_s=10.0, eviction_signal="memory.available")
    status = read(EVICTION, [1.0], **{**DNS, "source": "status", "says": "low on memory"})
    first, second = usage(STARTED, counter, status).evictions
    assert "memory.available" in first
    assert "low on memory" in second
    assert usage(STARTED, oom([0, 1])).evictions == ()


def ceiling(*series, component="kubelet"):
    """The one ceiling of these readings."""
    (found,) = usage(*series).ceilings(component, LIMITS)
    return found


@pytest.mark.parametrize(("pods", "limit"), [(0, 200), (50, 250), (100, 300), (250, 300)])
def test_the_ceiling_of_a_kubelet_goes_with_its_pods(pods, limit):
    found = ceiling(memory([90, 120, 100]), read("kubelet_running_pods", [0, pods]))
    assert (found.used_mib, found.limit_mib, found.pods) == (120, limit, pods)
    assert str(found).endswith(f"; {found.when}")
    assert found.when.startswith("at ")


@pytest.mark.parametrize(("mib", "broken"), [(200, False), (200.5, True)])
def test_a_ceiling_is_broken_above_its_limit(mib, broken):
    assert ceiling(memory([90, mib])).is_broken is broken


def test_without_the_cgroup_the_kubelets_own_figure_stands_in_and_says_so():
    found = ceiling(read("process_resident_memory_bytes", [80 * MIB]))
    assert found.used_mib == 80
    assert "resident memory of its process" in str(found)
    both = ceiling(memory([90]), read("process_resident_memory_bytes", [80 * MIB]))
    assert "anonymous memory of its cgroup" in str(both)


@pytest.mark.parametrize("unit", ["containerd.service", "crio.service"])
def test_a_runtime_is_known_by_its_unit_in_whatever_slice(unit):
    series = read("container_memory_rss", [130 * MIB], id=f"/system.slice/{unit}")
    assert ceiling(series, component="container runtime").is_broken


def test_a_runtime_that_no_kubelet_knows_has_no_ceiling():
    assert usage(memory([90])).ceilings("container runtime", LIMITS) == ()


def periods(throttled, whole, **labels):
    """The two counters of a container with a CPU limit."""
    names = ("container_cpu_cfs_throttled_periods_total", "container_cpu_cfs_periods_total")
    return [
        read(name, values, **{**DNS, **labels})
        for name, values in zip(names, (throttled, whole), strict=True)
    ]


def test_throttled_containers_come_with_their_share_the_worst_first():
    some = periods([0, 10], [0, 100])
    more = periods([0, 60], [0, 120], container="other")
    others = periods([0, 99], [0, 100], namespace="default")
    found = usage(*some, *more, *others).throttled
    assert [one.share for one in found] == [0.5, 0.1]
    assert str(found[0]).startswith("other of kube-system/dns-1 on e2e-worker: throttled in 50")


def test_an_explanation_has_each_of_what_was_found():
    text = usage(STARTED).explain(["one", "two"])
    assert text.splitlines() == ["resources: 2 found: one", "two"]


def churn(every_s: float = 10.0, count: int = 50):
    """What a PodChurn saw that deleted three pods in each burst."""
    builder = SamplesBuilder()
    stream = Stream("deleted-to-gone@e2e-worker", "e2e-worker", "pods", 0.0, 90.0)
    index = builder.add_stream(stream)
    for number in range(count):
        for pod in range(3):
            at_us = round((number * every_s + pod * 0.1) * 1e6)
            builder.add(index, intended_us=at_us, latency_us=1000, outcome=Outcome.OK)
    samples = {"churn": builder.build()}
    return view_of(Timeline(Window(0.0, 500.0), samples=samples), "churn")


def grown(after_mib: float, *, before_mib: float = 0.0, spans=(SWAP,)):
    """The growth of a kubelet that is swapped after 20 of 50 cycles."""
    mib = [60 + before_mib * number for number in range(20)]
    mib += [70 + after_mib * number for number in range(30)]
    return usage(memory(mib, from_s=5.0), spans=spans).kubelet_growth(churn())


def test_a_leak_of_the_new_kubelet_shows_with_its_size():
    used = usage()
    (growth,) = grown(2.0)
    assert growth.more_mib == pytest.approx(2.0)
    assert growth.more_mib > LIMITS.growth_mib
    used.require_cycles([growth])


def test_what_both_versions_grow_is_no_growth_of_the_new_one():
    (growth,) = grown(1.0, before_mib=1.0)
    assert growth.more_mib == pytest.approx(0.0, abs=1e-9)


def test_too_few_cycles_after_the_swap_are_inconclusive():
    late = Span("swap-kubelet worker", "swap-kubelet", 400.0, 410.0, node="worker")
    found = grown(2.0, spans=(late,))
    with pytest.raises(Inconclusive, match=r"fewer than 10 cycles .* e2e-worker; watch for longer"):
        usage().require_cycles(found)


@pytest.mark.parametrize("spans", [(), (Span("swap", "swap-kubelet", 1.0, 2.0, node="worker2"),)])
def test_without_a_swap_there_is_nothing_to_compare(spans):
    with pytest.raises(Inconclusive, match="no node on which pods came and went"):
        grown(2.0, spans=spans)


def test_figures_are_of_what_was_seen_in_the_watched_window():
    builder = SamplesBuilder()
    builder.add_stream(Stream("cgroups@e2e-worker", "e2e-worker", "url", 10.0, 5.0))
    timeline = Timeline(
        Window(0.0, 25.0),
        samples={"resources": builder.build()},
        readings={"resources": Readings((memory([90, 95, 99, 500]),))},
    )
    (found,) = NodeUsage.of(view_of(timeline, "resources")).ceilings("kubelet", LIMITS)
    assert found.used_mib == 99
