"""The only function that polls: until ready, hopeless or the deadline."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from upgrade_e2e.errors import DeadlinePassed, Hopeless
from upgrade_e2e.format import duration

__all__ = ["Clock", "Deadline", "wait_for"]

T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Clock:
    """Time as a value, so that tests can bring their own: `now` and `sleep` in seconds."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Deadline:
    """How long to wait, how often to look, and how many times in a row it must be ready."""

    within_s: float
    every_s: float = 1.0
    in_a_row: int = 1


def wait_for(
    what: str,
    observe: Callable[[], T],
    ready: Callable[[T], bool],
    deadline: Deadline,
    *,
    hopeless: Callable[[T], str | None] = lambda _: None,
    transient: tuple[type[Exception], ...] = (),
    clock: Clock | None = None,
) -> T:
    """Observe until `ready` held `deadline.in_a_row` times, and return the last observation.

    `hopeless` returns a reason once waiting further is pointless (raises Hopeless), and None to go
    on; an empty reason is a mistake of the caller (raises ValueError). Errors listed in `transient`
    count as "not ready" and are shown as the last observation. Raises DeadlinePassed when the time
    is over. A line is logged only when the observation changes.
    """
    clock = clock or Clock()
    end = clock.now() + deadline.within_s
    streak, last_text = 0, ""
    while True:
        try:
            seen = observe()
        except transient as error:
            streak, text = 0, f"{type(error).__name__}: {error}"
        else:
            text = repr(seen)
            streak = streak + 1 if ready(seen) else 0
            if streak >= deadline.in_a_row:
                return seen
            if (reason := hopeless(seen)) is not None:
                raise Hopeless(f"{what} will not happen: {_given(reason, what)}. Last seen: {text}")
        if text != last_text:
            _log.debug("waiting for %s: %s", what, text)
            last_text = text
        if clock.now() >= end:
            raise DeadlinePassed(
                f"{what} did not happen within {duration(deadline.within_s)}. Last seen: {text}"
            )
        clock.sleep(min(deadline.every_s, max(0.0, end - clock.now())))


def _given(reason: str, what: str) -> str:
    """The reason; raises ValueError for an empty one, so that it never ends a wait unseen."""
    if not reason.strip():
        raise ValueError(
            f"the wait for {what!r} was given up for an empty reason; `hopeless` returns None to "
            "go on, and a sentence to give up."
        )
    return reason
