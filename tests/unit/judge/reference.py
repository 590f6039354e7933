"""The rules of the judge once more, slow and plain: loops over samples and stretches.

Written from the rules in the docstrings, not from the code, so that a mistake would have to be
made twice. Times are integers in microseconds, stretches are pairs [start, end).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from upgrade_e2e.timeline import Outcome

NO, GOOD, BAD = "no", "good", "bad"


@dataclass(frozen=True, order=True)
class Shot:
    """One sample."""

    intended: int
    late: int
    latency: int
    outcome: int
    backend: int = 0

    @property
    def sent(self):
        return self.intended + self.late

    @property
    def done(self):
        return self.intended + max(self.late, self.latency)


@dataclass
class Line:
    """One stream with its samples; `interval` 0 follows events."""

    name: str
    node: str
    target: str
    interval: int
    shots: list = field(default_factory=list)


@dataclass
class Row:
    """Failures between two good answers; None for a good answer that is not there."""

    shots: list
    before: int | None = None
    after: int | None = None
    next_sent: int | None = None
    place: int = 0  # of the first failure among the samples that count
    interval: int = 0

    @property
    def first(self):
        return self.shots[0].sent

    @property
    def last(self):
        return self.shots[-1].sent

    @property
    def core_end(self):
        charged = self.first + self.interval
        if self.next_sent is not None:
            charged = min(charged, self.next_sent)
        return max(self.last, charged)


def length(stretches, inside=None, outside=()):
    """How much time lies in any of `stretches` (and of `inside`), and in none of `outside`."""
    inside = stretches if inside is None else inside
    edges = sorted({edge for pairs in (stretches, inside, outside) for p in pairs for edge in p})
    total = 0
    for left, right in pairwise(edges):
        if holds(stretches, left) and holds(inside, left) and not holds(outside, left):
            total += right - left
    return total


def holds(stretches, time):
    return any(start <= time < end for start, end in stretches)


def overlap(start, end, stretches):
    return length([(start, end)], stretches) if end > start else 0


def kept(line, low, high):
    """The samples that were meant for the window, by intended time, each once if clocked."""
    shots = sorted(
        (shot for shot in line.shots if low <= shot.intended <= high), key=lambda s: s.intended
    )
    if line.interval == 0:
        return shots
    once = []
    for shot in sorted(shots):
        if not once or once[-1] != shot:
            once.append(shot)
    return once


def lateness(line, low, high):
    """Where the prober ran late."""
    floor = max(line.interval, 10_000)
    return [(s.intended, s.sent) for s in kept(line, low, high) if s.late > floor]


def missing(line, low, high):
    """Where samples are missing."""
    shots, interval = kept(line, low, high), line.interval
    if not shots:
        return [(low, high)]
    found = []
    for one, two in pairwise(shots):
        if two.intended - one.intended > 1.5 * interval:
            found.append((one.intended + interval, two.intended))
    if shots[0].intended - low > 1.5 * interval:
        found.append((low, shots[0].intended))
    if high - shots[-1].intended > 1.5 * interval:
        found.append((shots[-1].intended + interval, high))
    return clip(found, low, high)


def clip(stretches, low, high):
    cut = [(max(start, low), min(end, high)) for start, end in stretches]
    return [(start, end) for start, end in cut if end > start]


def blind(line, low, high):
    """All time at which a clocked stream saw nothing."""
    found = lateness(line, low, high) + missing(line, low, high)
    shots = kept(line, low, high)
    unsent = [shot.intended for shot in shots if shot.outcome == Outcome.NOT_SENT]
    found.extend((at, at + line.interval) for at in unsent)
    for one, two in pairwise(shots):
        if two.intended - one.intended < 0.5 * line.interval:
            found.append((one.intended, two.intended + line.interval))
    return clip(found, low, high)


def weighed(line, lines, low, high):
    """Each sample in the order of sending, with what it proves and whether its latency counts."""
    asleep = missing(line, low, high)
    for other in lines:
        if other.node == line.node:
            asleep = asleep + lateness(other, low, high)
    found = []
    for shot in sorted(kept(line, low, high), key=lambda s: s.sent):
        slept = overlap(shot.sent, shot.done, asleep) > 0.25 * (shot.done - shot.sent)
        proves = BAD
        if shot.outcome == Outcome.OK:
            proves = GOOD
        elif shot.outcome == Outcome.NOT_SENT or (shot.outcome == Outcome.TIMEOUT and slept):
            proves = NO
        timed = (
            proves != NO
            and shot.outcome in (Outcome.OK, Outcome.TIMEOUT)
            and shot.late <= 10_000
            and not slept
        )
        found.append((shot, proves, timed))
    return found


def rows(weights, interval):
    """Failures in a row among the samples that count."""
    found, row, before = [], None, None
    counting = [(shot, proves) for shot, proves, _ in weights if proves != NO]
    for place, (shot, proves) in enumerate(counting):
        if proves == BAD:
            if row is None:
                row = Row([], before=before, place=place, interval=interval)
                found.append(row)
            row.shots.append(shot)
        else:
            if row is not None:
                row.after, row.next_sent, row = shot.done, shot.sent, None
            before = shot.sent
    return found


def quantile(exact, censored, share):
    """The nearest rank among all bounds, and whether censored samples could move it."""
    count = len(exact) + len(censored)
    rank = next(k for k in range(1, count + 1) if k / count >= share - 1e-12)
    low = sorted(exact + censored)[rank - 1]
    high = sorted(exact + [float("inf")] * len(censored))[rank - 1]
    return low, high != low


def innermost(spans, start, end):
    """The spans that [start, end] overlaps, but no step whose phase it overlaps."""
    hit = [s for s in spans if min(s.end_s, end) - max(s.start_s, start) > 0]
    parents = [(span.parent, span.hop) for span in hit]
    return [span for span in hit if (span.name, span.hop) not in parents]


def joined(found):
    """Rows of one stream that belong together: few good answers and little time in between."""
    groups = []
    for row in found:
        if groups:
            last = groups[-1][-1]
            goods = row.place - (last.place + len(last.shots))
            pause = row.first - last.last
            if goods < 20 and pause <= max(1_000_000, 2.5 * row.interval):
                groups[-1].append(row)
                continue
        groups.append([row])
    return groups


def target_outages(by_stream):
    """Groups of (stream, rows) whose stretches [first, core_end] overlap or touch."""
    items = [(name, group) for name, found in by_stream.items() for group in joined(found)]
    groups = [[item] for item in items]
    merged = True
    while merged:
        merged = False
        for i, one in enumerate(groups):
            for two in groups[i + 1 :]:
                if any(touch(a[1], b[1]) for a in one for b in two):
                    one.extend(two)
                    groups.remove(two)
                    merged = True
                    break
            if merged:
                break
    return groups


def touch(one, two):
    return one[0].first <= two[-1].core_end and two[0].first <= one[-1].core_end


def worst_share(group, streams):
    """The largest share of failing probes at any moment, streams weighing alike."""
    worst = 0.0
    for _, at in group:
        now = at[0].first
        share = 0.0
        for _, found in group:
            if found[0].first <= now <= found[-1].core_end:
                failures = sum(len(row.shots) for row in found)
                probes = found[-1].place + len(found[-1].shots) - found[0].place
                share += failures / probes
        worst = max(worst, share / streams)
    return worst
