"""What became of churned pods, from made-up watch events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from upgrade_e2e.observers.pod_tracker import GONE, READY, STARTED, Measured, PodTracker
from upgrade_e2e.timeline import Outcome

WALL = 1_800_000_000.0
"""The wall clock at the origin: a whole second."""


def pod(
    name: str, *, started_s: float | None = None, ready: bool = False, deleted: bool = False
) -> dict[str, Any]:
    """A pod as the API shows it; `started_s` is cut to whole seconds, as the kubelet does."""
    state: dict[str, Any] = {"waiting": {}}
    if started_s is not None:
        at = datetime.fromtimestamp(int(WALL + started_s), UTC)
        state = {"running": {"startedAt": at.isoformat().replace("+00:00", "Z")}}
    meta = {"name": name, **({"deletionTimestamp": "2030-01-01T00:00:00Z"} if deleted else {})}
    status = {
        "containerStatuses": [{"state": state}],
        "conditions": [{"type": "Ready", "status": str(ready)}],
    }
    return {"metadata": meta, "spec": {"nodeName": "n"}, "status": status}


def tracker() -> PodTracker:
    return PodTracker(wall_zero_s=WALL, timeout_s=60.0)


def test_a_whole_life() -> None:
    seen = tracker()
    seen.created("a", "n", 1.0)
    seen.changed(pod("a"), 1.1)
    seen.changed(pod("a", started_s=2.7), 3.0)
    seen.changed(pod("a", started_s=2.7, ready=True), 4.5)
    seen.deleted("a", 10.0)
    seen.changed(pod("a", started_s=2.7, ready=True, deleted=True), 10.1)
    seen.gone("a", 11.5)
    assert seen.seen == [Measured(READY, "n", 2.0, 4.5), Measured(GONE, "n", 10.0, 11.5)]
    assert seen.alive() == 0


def test_a_pod_that_someone_else_deletes_counts_from_when_that_is_seen() -> None:
    seen = tracker()
    seen.created("a", "n", 1.0)
    seen.changed(pod("a", started_s=2, ready=True), 3.0)
    seen.changed(pod("a", started_s=2, ready=True, deleted=True), 7.0)
    seen.gone("a", 8.0)
    assert seen.seen[1:] == [Measured(GONE, "n", 7.0, 8.0)]


def test_a_pod_that_is_missing_from_a_list_is_gone() -> None:
    seen = tracker()
    seen.created("a", "n", 1.0)
    seen.created("b", "n", 1.0)
    seen.deleted("a", 5.0)
    seen.listed([pod("b")], 8.0, 9.0)
    assert seen.seen == [Measured(GONE, "n", 5.0, 9.0)]
    assert seen.alive() == 1


def test_a_pod_whose_creation_is_under_way_is_not_gone_because_a_list_lacks_it() -> None:
    seen = tracker()
    seen.created("asked", "n", 1.0)
    seen.created("accepted", "n", 1.0)
    seen.accepted("accepted", 3.0)
    seen.listed([], 2.0, 4.0)
    assert seen.alive() == 2
    seen.listed([], 5.0, 6.0)
    assert seen.alive() == 1
    seen.not_created("asked", 7.0)
    assert seen.seen == [Measured(READY, "n", 1.0, 7.0, Outcome.CREATE_FAILED)]


def test_a_pod_that_came_and_went_before_its_creation_failed_is_told_once() -> None:
    seen = tracker()
    seen.created("a", "n", 1.0)
    seen.changed(pod("a", started_s=2, ready=True), 3.0)
    seen.gone("a", 4.0)
    seen.not_created("a", 6.0)
    assert seen.seen == [Measured(READY, "n", 2.0, 3.0)]


def test_what_takes_too_long_is_one_timeout_and_nothing_more() -> None:
    seen = tracker()
    seen.created("a", "n", 1.0)
    seen.changed(pod("a", started_s=2), 3.0)
    seen.expire(61.9)
    assert seen.seen == []
    seen.expire(62.0)
    seen.expire(63.0)
    seen.changed(pod("a", started_s=2, ready=True), 70.0)
    assert seen.seen == [Measured(READY, "n", 2.0, 62.0, Outcome.TIMEOUT)]
    assert seen.to_delete("n") == ["a"]


def test_a_pod_that_never_starts_counts_from_its_creation() -> None:
    seen = tracker()
    seen.created("a", "n", 1.0)
    seen.expire(61.0)
    assert seen.seen == [Measured(READY, "n", 1.0, 61.0, Outcome.TIMEOUT)]


def test_what_is_unfinished_at_the_end_is_a_timeout() -> None:
    seen = tracker()
    seen.created("a", "n", 1.0)
    seen.created("b", "n", 1.0)
    seen.deleted("b", 4.0)
    assert seen.unfinished() == 2
    seen.close(5.0)
    assert {(one.stream, one.outcome) for one in seen.seen} == {
        (READY, Outcome.TIMEOUT),
        (GONE, Outcome.TIMEOUT),
    }
    assert seen.unfinished() == 0


def test_a_pod_that_the_api_did_not_take() -> None:
    seen = tracker()
    seen.created("a", "n", 1.0)
    seen.not_created("a", 4.0)
    assert seen.seen == [Measured(READY, "n", 1.0, 4.0, Outcome.CREATE_FAILED)]
    assert seen.alive() == 0


def test_a_pod_that_was_created_although_the_answer_was_lost_is_deleted() -> None:
    seen = tracker()
    seen.created("a", "n", 1.0)
    seen.not_created("a", 4.0)
    seen.changed(pod("a", started_s=2, ready=True), 5.0)
    assert seen.to_delete("n") == ["a"]
    assert seen.to_delete("other") == []
    seen.deleted("a", 6.0)
    seen.gone("a", 7.0)
    assert seen.to_delete("n") == []
    assert len(seen.seen) == 1


def test_a_start_counts_from_when_the_api_had_the_pod() -> None:
    seen = tracker()
    seen.created("a", "n", 1.0)
    seen.accepted("a", 2.5)
    seen.changed(pod("a"), 2.6)
    assert seen.starts == []
    seen.changed(pod("a", started_s=9.8), 12.0)
    seen.changed(pod("a", started_s=9.8, ready=True), 13.0)
    assert seen.starts == [Measured(STARTED, "n", 2.5, 9.0)]


def test_a_start_is_not_before_the_pod_although_its_time_is_cut() -> None:
    seen = tracker()
    seen.created("a", "n", 1.0)
    seen.accepted("a", 2.5)
    seen.changed(pod("a", started_s=2.9), 3.0)
    assert seen.starts == [Measured(STARTED, "n", 2.5, 2.5)]


def test_a_container_that_never_starts_is_one_timeout() -> None:
    seen = tracker()
    seen.created("a", "n", 1.0)
    seen.accepted("a", 2.0)
    seen.expire(61.0)
    seen.changed(pod("a", started_s=70, ready=True), 71.0)
    assert seen.starts == [Measured(STARTED, "n", 2.0, 61.0, Outcome.TIMEOUT)]


def test_a_pod_that_started_and_is_not_ready_in_time_has_started() -> None:
    seen = tracker()
    seen.created("a", "n", 1.0)
    seen.changed(pod("a", started_s=2), 2.5)
    seen.expire(70.0)
    assert [one.outcome for one in seen.starts] == [Outcome.OK]


def test_a_pod_that_the_api_did_not_take_or_that_went_unstarted_says_nothing_of_starts() -> None:
    seen = tracker()
    seen.created("refused", "n", 1.0)
    seen.not_created("refused", 4.0)
    seen.created("evicted", "n", 1.0)
    seen.accepted("evicted", 2.0)
    seen.changed(pod("evicted", deleted=True), 3.0)
    seen.gone("evicted", 5.0)
    seen.close(200.0)
    assert seen.starts == []


@given(started_s=st.floats(0, 1000), lag_s=st.floats(0, 50))
def test_the_lag_is_never_understated_and_overstated_by_less_than_a_second(
    started_s: float, lag_s: float
) -> None:
    seen = tracker()
    seen.created("a", "n", 0.0)
    seen.changed(pod("a", started_s=started_s, ready=True), started_s + lag_s)
    (one,) = seen.seen
    assert -1e-6 <= (one.to_s - one.from_s) - lag_s < 1 + 1e-6


class AnyOrder(RuleBasedStateMachine):
    """Whatever comes in whatever order: a duration is noted once and ends after it began."""

    NAMES = st.sampled_from(["a", "b", "c"])

    def __init__(self) -> None:
        super().__init__()
        self.tracker = tracker()
        self.now_s = 0.0
        self.births = 0

    def tick(self) -> float:
        self.now_s += 7.0
        return self.now_s

    @rule(name=NAMES)
    def create(self, name: str) -> None:
        if name not in self.tracker._alive:
            self.births += 1
            self.tracker.created(name, "n", self.tick())

    @rule(name=NAMES, started=st.booleans(), ready=st.booleans(), deleted=st.booleans())
    def change(self, name: str, started: bool, ready: bool, deleted: bool) -> None:
        now_s = self.tick()
        shown = pod(name, started_s=now_s - 3 if started else None, ready=ready, deleted=deleted)
        self.tracker.changed(shown, now_s)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        self.tracker.deleted(name, self.tick())

    @rule(name=NAMES)
    def vanish(self, name: str) -> None:
        self.tracker.gone(name, self.tick())

    @rule(names=st.sets(NAMES))
    def listing(self, names: set[str]) -> None:
        asked_s = self.tick()
        self.tracker.listed([pod(name) for name in names], asked_s, self.tick())

    @rule(name=NAMES, accepted=st.booleans())
    def answer(self, name: str, accepted: bool) -> None:
        (self.tracker.accepted if accepted else self.tracker.not_created)(name, self.tick())

    @rule()
    def expire(self) -> None:
        self.tracker.expire(self.tick())

    @invariant()
    def every_stretch_is_told_once(self) -> None:
        for stream in (READY, GONE):
            told = [one for one in self.tracker.seen if one.stream == stream]
            assert len(told) <= self.births
        assert all(one.from_s <= one.to_s for one in self.tracker.seen)

    @invariant()
    def every_start_is_noted_once(self) -> None:
        assert len(self.tracker.starts) <= self.births
        assert all(one.from_s <= one.to_s for one in self.tracker.starts)


TestAnyOrder = AnyOrder.TestCase
