"""What became of each pod that tried its network."""

from __future__ import annotations

from typing import Any

import pytest

from upgrade_e2e.observers.knock_tracker import KnockSample, KnockTracker
from upgrade_e2e.timeline import Origin, Outcome

ORIGIN = Origin(unix_s=1_000.0, monotonic_s=0.0)
TRIES = "clusterip 130500 130000 0 - - -\ndns 900000 890000 70 130000 880000 timeout=70\n"


def story(at_s: float) -> str:
    return f"knock 1 boot {round(at_s * 1e6)} 0 130000 900000\n{TRIES}"


def pod(name: str = "p", node: str = "worker", **state: Any) -> dict[str, Any]:
    spec = {"nodeName": node} if node else {}
    statuses = [{"state": state}] if state else []
    return {"metadata": {"name": name}, "spec": spec, "status": {"containerStatuses": statuses}}


@pytest.fixture
def pods() -> KnockTracker:
    made = KnockTracker(ORIGIN, "boot", 30.0)
    made.created("p", "worker", 10.0)
    return made


def over(pods: KnockTracker, message: str) -> None:
    pods.changed(pod(terminated={"message": message}), 13.0)


def test_a_pod_that_said_what_it_knows_gives_a_sample_for_each_thing(pods: KnockTracker) -> None:
    pods.changed(pod(node=""), 10.1)
    pods.changed(pod(), 10.5)
    pods.changed(pod(running={}), 12.0)
    over(pods, story(11.5))
    assert pods.samples == [
        KnockSample("start", "worker", "p", 10.5, pytest.approx(1.0), 11.5),
        KnockSample("clusterip", "worker", "p", pytest.approx(11.63), pytest.approx(500e-6), 11.5),
        KnockSample("dns", "worker", "p", 11.5, pytest.approx(0.9), 11.5, Outcome.OK, 70),
    ]
    assert pods.to_delete() == ["p"]
    assert not pods.foreign
    over(pods, story(11.5))
    assert len(pods.samples) == 3, "it is read once"


def test_where_its_binding_was_not_seen_its_start_is_not_known(pods: KnockTracker) -> None:
    over(pods, story(11.5))
    assert [one.kind for one in pods.samples] == ["clusterip", "dns"]


def test_a_pod_under_another_kernel_is_placed_by_its_wall_clock(pods: KnockTracker) -> None:
    over(pods, "knock 1 other 7 1011500000 130000 900000\n" + TRIES)
    assert pods.foreign
    assert pods.samples[0].started_s == pytest.approx(11.5)


def test_a_pod_that_said_nothing_that_can_be_read_is_a_failure_to_start(
    pods: KnockTracker,
) -> None:
    pods.changed(pod(), 10.5)
    over(pods, "OCI runtime create failed")
    (one,) = pods.samples
    assert (one.kind, one.outcome) == ("start", Outcome.OTHER)
    assert "pod p on worker: not what a pod writes" in pods.troubles[0]
    assert pods.to_delete() == ["p"]


def test_a_pod_that_does_not_start_is_a_timeout_once(pods: KnockTracker) -> None:
    pods.changed(pod(), 10.5)
    pods.expire(40.4)
    assert pods.samples == []
    pods.expire(40.5)
    pods.expire(60.0)
    (one,) = pods.samples
    assert (one.kind, one.from_s, one.lasted_s, one.outcome) == (
        "start", 10.5, 30.0, Outcome.TIMEOUT,
    )  # fmt: skip


def test_a_pod_that_a_taint_keeps_off_says_nothing_and_goes(pods: KnockTracker) -> None:
    pods.changed(pod(node=""), 10.5)
    pods.expire(41.0)
    assert pods.samples == []
    assert pods.to_delete() == ["p"]


def test_a_pod_that_runs_is_waited_for(pods: KnockTracker) -> None:
    pods.changed(pod(running={}), 11.0)
    pods.expire(45.0)
    assert pods.to_delete() == []
    assert (pods.running(), pods.on_their_way(), pods.alive("worker")) == (1, 1, 1)
    pods.expire(72.0)
    assert pods.to_delete() == ["p"]


def test_at_the_end_only_what_was_long_on_its_way_counts(pods: KnockTracker) -> None:
    pods.created("q", "worker", 11.0)
    pods.changed(pod(), 10.5)
    pods.changed(pod("q"), 14.0)
    pods.close(16.0)
    assert [one.pod for one in pods.samples] == ["p"]


def test_a_pod_that_nobody_asked_for_is_a_stray_and_goes(pods: KnockTracker) -> None:
    pods.not_created("p")
    pods.changed(pod(), 10.5)
    assert pods.to_delete() == ["p"]
    pods.gone("p")
    assert pods.to_delete() == pods.everyone() == []


def test_what_a_list_does_not_have_is_gone_unless_it_is_younger(pods: KnockTracker) -> None:
    pods.created("young", "worker", 20.0)
    pods.listed([], 15.0, 16.0)
    assert pods.everyone() == ["young"]
