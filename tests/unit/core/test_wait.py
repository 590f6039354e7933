"""The one wait: ready, hopeless, deadline."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from upgrade_e2e.errors import DeadlinePassed, Hopeless
from upgrade_e2e.wait import Clock, Deadline, wait_for


@dataclass
class FakeTime:
    now_s: float = 0.0

    def clock(self) -> Clock:
        return Clock(now=lambda: self.now_s, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def test_returns_what_was_ready():
    time = FakeTime()
    seen = iter([1, 2, 3])
    got = wait_for("three", lambda: next(seen), lambda n: n == 3, Deadline(10), clock=time.clock())
    assert got == 3
    assert time.now_s == 2


def test_needs_several_in_a_row():
    seen = iter([True, False, True, True])
    time = FakeTime()
    wait_for("calm", lambda: next(seen), bool, Deadline(10, in_a_row=2), clock=time.clock())
    assert next(seen, "used up") == "used up"


def test_the_deadline_tells_the_last_observation():
    time = FakeTime()
    with pytest.raises(DeadlinePassed, match=r"pods did not happen within 3 s. Last seen: 'two'"):
        wait_for("pods", lambda: "two", lambda _: False, Deadline(3), clock=time.clock())
    assert time.now_s == 3


def test_hopeless_ends_at_once():
    time = FakeTime()
    with pytest.raises(Hopeless, match="image is missing"):
        wait_for(
            "pod",
            lambda: "ErrImagePull",
            lambda _: False,
            Deadline(60),
            hopeless=lambda _: "its image is missing",
            clock=time.clock(),
        )
    assert time.now_s == 0


@pytest.mark.parametrize("reason", ["", " \n"])
def test_an_empty_reason_ends_no_wait_unseen(reason):
    clock, wait = FakeTime().clock(), Deadline(60)
    with pytest.raises(ValueError, match="the wait for 'pod' was given up for an empty reason"):
        wait_for("pod", lambda: 1, lambda _: False, wait, hopeless=lambda _: reason, clock=clock)


def test_transient_errors_are_observations_and_others_are_raised():
    time = FakeTime()

    def refuse():
        raise ConnectionError("refused")

    with pytest.raises(DeadlinePassed, match="ConnectionError: refused"):
        wait_for(
            "api",
            refuse,
            bool,
            Deadline(2),
            transient=(ConnectionError,),
            clock=time.clock(),
        )
    with pytest.raises(ConnectionError):
        wait_for("api", refuse, bool, Deadline(2), clock=time.clock())
