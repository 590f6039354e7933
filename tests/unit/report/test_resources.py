"""Slack and use of nodes: from readings to the record, and to tables that both pages show."""

from __future__ import annotations

import pytest

from tests.unit.judge.used import MIB, memory, read
from upgrade_e2e.judge import Limits, Views
from upgrade_e2e.report import resources_of
from upgrade_e2e.report.resource_texts import resource_lines, slack_texts, use_texts
from upgrade_e2e.timeline import Readings, SamplesBuilder, Stream, Timeline, Window

CPU = "node_cpu_usage_seconds_total"
DNS = {"namespace": "kube-system", "container": "coredns", "pod": "dns-1"}


def views(*series, name="resources"):
    """The views of a pass in which these were read."""
    builder = SamplesBuilder()
    builder.add_stream(Stream("cgroups@e2e-worker", "e2e-worker", "url", 10.0, 5.0))
    timeline = Timeline(
        Window(0.0, 200.0),
        samples={name: builder.build()},
        readings={name: Readings(series)},
    )
    return Views(timeline, Limits.default())


def room(metric, before, after, resource="memory"):
    """What the API said at both ends."""
    return read(metric, [before, after], every_s=150.0, resource=resource)


USED = read("node_memory_working_set_bytes", [100 * MIB, 180 * MIB, 150 * MIB])


def test_slack_is_what_is_left_at_both_ends():
    found = resources_of(
        views(
            USED,
            room("node_allocatable", 1000 * MIB, 1000 * MIB),
            room("node_requested", 300 * MIB, 400 * MIB),
        )
    )
    (row,) = [one for one in found.slack if one.resource == "memory"]
    assert row.used == (100 * MIB, 150 * MIB)
    texts = next(texts for texts in slack_texts(found) if texts[1] == "memory")
    assert texts == (
        "e2e-worker",
        "memory",
        "1000 MiB → 1000 MiB",
        "300 MiB → 400 MiB",
        "100 MiB → 150 MiB",
        "700 MiB → 600 MiB",
        "900 MiB → 850 MiB",
    )


def test_cpu_is_that_of_the_first_and_the_last_minute():
    seconds = [*(0.5 * n for n in range(11)), *(5 + 2.0 * n for n in range(1, 11))]
    found = resources_of(views(read(CPU, seconds)))
    (row,) = [one for one in found.slack if one.resource == "cpu"]
    assert row.used == (pytest.approx(0.05), pytest.approx(0.2))


def test_what_was_not_read_is_a_dash():
    found = resources_of(views(USED))
    texts = next(texts for texts in slack_texts(found) if texts[1] == "memory")
    assert texts[2] == texts[5] == "- → -"


def test_components_have_the_most_of_their_memory():
    found = resources_of(
        views(
            USED,
            memory([60, 90, 70]),
            read("go_memstats_heap_inuse_bytes", [20 * MIB, 30 * MIB]),
            read("process_cpu_seconds_total", [1, 2, 3]),
            read("container_memory_working_set_bytes", [20 * MIB], **DNS),
            read("container_memory_working_set_bytes", [25 * MIB], **{**DNS, "pod": "dns-2"}),
            read("container_memory_working_set_bytes", [99 * MIB], **{**DNS, "container": ""}),
            read("container_cpu_usage_seconds_total", [0, 1], **DNS),
        )
    )
    assert list(use_texts(found)) == [
        ("e2e-worker", "the node", "180 MiB", "-", "-", "-", "0", "0"),
        ("e2e-worker", "kubelet", "90 MiB", "30 MiB", "0.100 cores", "-", "0", "-"),
        ("e2e-worker", "kube-system/coredns", "25 MiB", "-", "0.100 cores", "-", "0", "-"),
    ]


def test_components_have_how_often_they_were_throttled_and_killed():
    pod = {**DNS, "id": "/kubepods/x"}
    status = {**DNS, "id": "", "source": "status"}
    unit = {"id": "/kubelet.slice/kubelet.service"}
    found = resources_of(
        views(
            USED,
            memory([60, 90]),
            read("container_cpu_cfs_throttled_periods_total", [0, 30], **pod),
            read("container_cpu_cfs_periods_total", [0, 120], **pod),
            read("container_oom_events_total", [0, 1], **pod),
            read("container_oom_events_total", [0, 2], **unit),
            read("oom_kill", [1.0], **status),
            read("oom_kill", [1.0], from_s=10.0, **status),
            read("oom_kill", [1.0], source="event", says="SystemOOM"),
            read("kubelet_evictions", [0, 1], eviction_signal="memory.available"),
            read("eviction", [1.0], source="event", namespace="kube-system", pod="dns-1"),
        )
    )
    assert [texts[1:2] + texts[5:] for texts in use_texts(found)] == [
        ("the node", "-", "1", "1"),
        ("kubelet", "-", "2", "-"),
        ("kube-system/coredns", "25%", "2", "-"),
    ]


def test_a_pass_without_such_readings_has_none():
    assert resources_of(views()) is None
    assert (
        resources_of(views(read("kubelet_pleg_last_seen_seconds", [1.0]), name="runtime")) is None
    )


def test_the_summary_has_a_row_for_each():
    found = resources_of(views(USED, memory([60])))
    lines = list(resource_lines(found))
    assert "## Slack of each node, before and after" in lines
    assert any(line.startswith("| e2e-worker | kubelet | 60 MiB |") for line in lines)
