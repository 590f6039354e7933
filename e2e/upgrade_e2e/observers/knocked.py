"""What a new pod wrote about its network, read; pure, without any API calls.

The agent's `knock` writes it (see agent/knock.py) as its termination message, so that it comes with
the status of the pod and nothing more has to be asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

from upgrade_e2e.timeline import Origin, Outcome

__all__ = ["SLOW_START_S", "Knocked", "PodStory", "Without", "read_story"]

SLOW_START_S = 0.5
"""Own choice: where the interpreter takes longer to come up, the machine was busy. No more than
this of the time before the first try counts."""
_US = 1_000_000
_FORMAT = "1"
_HEAD, _ROW = 7, 7
_LEAST_CUT_S = 1.0
"""Own choice: of a pod that was ended sooner than this after its start, nothing is known."""


@dataclass(frozen=True)
class Without:
    """How long a pod was without one thing, in microseconds since its process started.

    `lasted_us` counts from `from_us`. The outcome is OK when it had it in the end, else TIMEOUT,
    and then `lasted_us` is a lower bound. `failed` is the number of tries that failed.
    """

    from_us: int
    lasted_us: int
    outcome: Outcome
    failed: int


@dataclass(frozen=True)
class Knocked:
    """What a pod knows of one thing that it tried; times in microseconds since its process started.

    None stands for what did not happen. `outcomes` says how the tries that failed ended.
    """

    name: str
    answered_us: int | None
    sent_us: int | None
    failed: int
    first_failed_us: int | None
    last_failed_us: int | None
    outcomes: str = ""


@dataclass(frozen=True)
class PodStory:
    """All that a pod wrote. `monotonic_us` and `unix_us` are when its process started."""

    boot_id: str
    monotonic_us: int
    unix_us: int
    first_us: int
    ended_us: int
    tried: tuple[Knocked, ...]

    def shares_kernel(self, boot_id: str) -> bool:
        """Whether the pod ran under the kernel of this boot, so that clocks are the same."""
        return bool(boot_id) and self.boot_id == boot_id

    def started_s(self, origin: Origin, boot_id: str) -> float:
        """When its process started, in seconds since the origin.

        `boot_id` is that of this machine. Another machine's monotonic clock says nothing here, so
        its wall clock must do.
        """
        if self.shares_kernel(boot_id):
            return self.monotonic_us / _US - origin.monotonic_s
        return self.unix_us / _US - origin.unix_s

    def without(self, tried: Knocked) -> Without | None:
        """How long it was without one thing; None where it was ended too soon to say.

        A first try that was answered counts alone: nothing shows that there was a time without.
        After a failed one the time counts from the start of the process, when it was not there
        either, but for what the interpreter took beyond SLOW_START_S.
        """
        if tried.answered_us is not None and tried.sent_us is not None and not tried.failed:
            return Without(tried.sent_us, tried.answered_us - tried.sent_us, Outcome.OK, 0)
        from_us = max(0, self.first_us - round(SLOW_START_S * _US))
        if tried.answered_us is not None:
            return Without(from_us, tried.answered_us - from_us, Outcome.OK, tried.failed)
        lasted_us = self.ended_us - from_us
        if not tried.failed or lasted_us < _LEAST_CUT_S * _US:
            return None
        return Without(from_us, lasted_us, Outcome.TIMEOUT, tried.failed)


def read_story(text: str) -> PodStory:
    """Read what a pod wrote; raises ValueError for what no such pod writes."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    head = lines[0] if lines else []
    if head[:2] != ["knock", _FORMAT] or len(head) != _HEAD:
        raise ValueError(f"not what a pod writes that tried its network: {text[:200]!r}")
    times = [int(word) for word in head[3:]]
    return PodStory(head[2], times[0], times[1], times[2], times[3], tuple(map(_row, lines[1:])))


def _row(words: list[str]) -> Knocked:
    if len(words) != _ROW:
        raise ValueError(f"not a line about a thing that was tried: {' '.join(words)[:200]!r}")
    name, answered, sent, failed, first, last, outcomes = words
    return Knocked(
        name=name,
        answered_us=_time(answered),
        sent_us=_time(sent),
        failed=int(failed),
        first_failed_us=_time(first),
        last_failed_us=_time(last),
        outcomes="" if outcomes == "-" else outcomes,
    )


def _time(word: str) -> int | None:
    return None if word == "-" else int(word)
