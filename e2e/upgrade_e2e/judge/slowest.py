"""The slowest events, each with its step and its node: a percentile alone has neither."""

from __future__ import annotations

import numpy as np

from upgrade_e2e.format import duration, moment
from upgrade_e2e.judge.scope import Scope
from upgrade_e2e.judge.steps import Steps
from upgrade_e2e.timeline import Outcome

__all__ = ["slowest_events"]

MOST = 3
"""Own choice: the worst is what a reader looks for; a few show whether it stands alone."""


def slowest_events(scope: Scope, steps: Steps, most: int = MOST) -> tuple[str, ...]:
    """A sentence for each of the slowest events that count and came to their end, slowest first.

    The slowest event of each stream is chosen before any second one, so that more nodes are named.
    None where all streams probe at a fixed rate.
    """
    found: list[tuple[bool, int, int, str]] = []
    for track in scope.tracks:
        if not track.clocked:
            at = np.flatnonzero(track.timed & (track.outcome == Outcome.OK))
            slow = at[np.argsort(track.latency_us[at], kind="stable")[-most:]]
            found += [
                (turn == 0, int(track.latency_us[i]), int(track.sent_us[i]), track.stream.name)
                for turn, i in enumerate(reversed(slow))
            ]
    chosen = [event[1:] for event in sorted(found, reverse=True)[:most]]
    return tuple(_sentence(steps, *one) for one in sorted(chosen, reverse=True))


def _sentence(steps: Steps, latency_us: int, sent_us: int, stream: str) -> str:
    length_s, start_s = latency_us / 1e6, sent_us / 1e6
    during = steps.during(start_s, start_s + length_s)
    return f"{duration(length_s)} from {moment(start_s)} on, {during}: {stream}"
