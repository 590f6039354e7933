"""How old a kubelet's list of its containers is, from readings with and without trouble."""

from __future__ import annotations

import numpy as np
import pytest

from upgrade_e2e.judge.pleg import PlegAges
from upgrade_e2e.judge.windows import Windows
from upgrade_e2e.timeline import Readings, Series
from upgrade_e2e.timeline.kubelet_metrics import (
    PLEG_LAST_SEEN,
    PLEG_METRICS,
    PLEG_RELISTS,
    PLEG_RELISTS_S,
    PLEG_RELISTS_UNDER,
    PROCESS_STARTED,
)

NODE = "e2e-worker"
UNIX = 1_800_000_000.0
SECOND = 1_000_000
LIMITS = ("0.5", "1", "2.5", "5", "10", "+Inf")


class Kubelet:
    """One that lists every second on the second; its clock is `ahead_s` of ours.

    `frozen` are stretches in which its runtime gives no list, `stuck` those in which its main loop
    does not publish the time, `failing` those in which each list is refused at once.
    """

    def __init__(self, *, frozen=(), stuck=(), failing=(), restarts=(), ahead_s=0.0, limits=LIMITS):
        self.limits = limits
        self.frozen, self.stuck, self.failing = frozen, stuck, failing
        self.restarts, self.ahead_s = (-1000.0, *restarts), ahead_s

    def readings(self, times):
        rows = [self.at(time) for time in times]
        at_us = np.array([round(time * SECOND) for time in times], np.int64)
        named = [(name, {}) for name in PLEG_METRICS if name != PLEG_RELISTS_UNDER]
        named += [(PLEG_RELISTS_UNDER, {"le": le}) for le in self.limits]
        return Readings(
            tuple(
                Series(
                    name,
                    NODE,
                    labels,
                    at_us,
                    np.array([row[labels.get("le", name)] for row in rows]),
                    "pleg",
                )
                for name, labels in named
            )
        )

    def at(self, now):
        begun = max(start for start in self.restarts if start <= now)
        seen, published, waits = None, None, []
        for second in np.arange(np.ceil(begun), now + 1e-9):
            if within(second, self.frozen):
                continue
            if seen is not None:
                waits.append(second - seen)
            if not within(second, self.failing):
                seen = second
            if not within(second, self.stuck):
                published = seen
        base = UNIX + self.ahead_s
        return {
            PLEG_LAST_SEEN: 0.0 if published is None else base + published,
            PLEG_RELISTS: float(len(waits)),
            PLEG_RELISTS_S: float(sum(waits)),
            PROCESS_STARTED: base + begun,
            **{le: float(sum(wait <= float(le) for wait in waits)) for le in self.limits},
        }


def within(second, stretches):
    return any(start < second < end for start, end in stretches)


def ages(times, **trouble):
    return PlegAges.of(Kubelet(**trouble).readings(times), NODE)


EVERY_2 = [0.5 + 2 * n for n in range(100)]


@pytest.mark.parametrize("ahead_s", [0.0, -37.0, 4000.0])
def test_a_runtime_that_answers_leaves_no_old_list_whatever_the_nodes_clock_says(ahead_s):
    found = ages(EVERY_2, ahead_s=ahead_s)
    assert len(found) == 100
    assert found.oldest()[0] < 1.5
    assert not len(found.silent(10.0))


def test_a_frozen_runtime_is_silent_from_the_last_list_on():
    found = ages(EVERY_2, frozen=[(50, 110)])
    assert found.oldest() == pytest.approx((60.0, 110.5), abs=1.5)
    (silent,) = found.silent(10.0).as_tuple()
    assert (silent.start_s, silent.end_s) == pytest.approx((50.5, 110.5), abs=1.5)


def test_a_short_silence_is_not_a_long_one():
    assert not len(ages(EVERY_2, frozen=[(50, 58)]).silent(10.0))


def test_a_kubelet_that_does_not_publish_the_time_but_goes_on_listing_hears_of_its_containers():
    """Its main loop waits for an API server that is away."""
    found = ages(EVERY_2, stuck=[(50, 90)])
    assert found.oldest()[0] < 5.0


def test_lists_that_fail_at_once_are_no_lists():
    found = ages(EVERY_2, failing=[(50, 110)])
    assert found.oldest()[0] == pytest.approx(58.0, abs=4.0)


def test_a_restart_of_the_kubelet_is_neither_silence_nor_an_age():
    times = [time for time in EVERY_2 if not 70 < time < 78]
    found = ages(times, restarts=[75.2])
    assert found.oldest()[0] < 5.0
    (restart,) = found.restarts.as_tuple()
    assert (restart.start_s, restart.end_s) == (68.5, 78.5)


def test_a_kubelet_that_gets_no_list_since_its_start_counts_from_that():
    found = ages(EVERY_2, restarts=[75.2], frozen=[(70, 140)])
    assert found.oldest()[0] == pytest.approx(138.5 - 75.2, abs=1.5)


def test_where_it_was_not_read_nothing_is_known():
    times = [time for time in EVERY_2 if not 60 < time < 100]
    found = ages(times)
    whole = Windows.of([0], [200 * SECOND])
    assert found.unread(whole, 2.0).total_us / SECOND == pytest.approx(100.5 - 58.5 - 5, abs=2)
    assert ages([]).unread(whole, 2.0).total_us == whole.total_us


def test_a_silence_that_began_unread_is_still_seen_from_its_beginning():
    times = [time for time in EVERY_2 if not 48 < time < 100]
    (silent,) = ages(times, frozen=[(50, 110)]).silent(10.0).as_tuple()
    assert silent.start_s == pytest.approx(50.5, abs=1.5)


def test_another_node_has_ages_of_its_own():
    readings = Kubelet(frozen=[(50, 110)]).readings(EVERY_2)
    assert len(PlegAges.of(readings, "e2e-worker2")) == 0


UNREAD = [time for time in EVERY_2 if not 50 < time < 116]


def test_a_frozen_runtime_shows_when_its_kubelet_can_be_read_again_and_its_lists_are_young():
    found = ages(UNREAD, frozen=[(50, 110)])
    assert found.oldest()[0] == pytest.approx(60.0, abs=4.0)
    (silent,) = found.silent(10.0).as_tuple()
    assert silent.end_s - silent.start_s == pytest.approx(60.0, abs=4.0)


def test_without_buckets_the_mean_wait_is_known():
    frozen = Kubelet(frozen=[(50, 110)], limits=()).readings(UNREAD)
    assert PlegAges.of(frozen, NODE).oldest()[0] == pytest.approx((60 + 8) / 9, abs=0.1)


def test_a_kubelet_that_was_not_read_for_long_but_went_on_listing_is_not_silent():
    assert ages(UNREAD).oldest()[0] < 1.5


def test_waits_of_a_process_that_is_gone_are_not_those_of_the_next():
    assert ages(UNREAD, frozen=[(50, 110)], restarts=[112.0]).oldest()[0] < 5.0
