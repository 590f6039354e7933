"""What happened in a pass, in words: the worst first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from upgrade_e2e.format import duration, share
from upgrade_e2e.report.record import BrownoutRow, ObserverResult, OutageRow, RunRecord
from upgrade_e2e.report.runtime_row import NotReady
from upgrade_e2e.report.slow_event import SlowEvent
from upgrade_e2e.report.step_words import when
from upgrade_e2e.report.worst import Event, kind_of, worst_events

__all__ = ["happened"]

_Row = OutageRow | BrownoutRow

MOST = 3
"""Own choice: what is read in ten seconds."""
_WHOLE = 0.95
"""From this share of failing probes on, a sentence does not speak of a part of them."""
_MOST_OF_IT = 0.5
"""A node that was not Ready for more than this share of an outage is named with it."""
_BEHIND_SERVICES = frozenset({"DnsLookups", "HttpService", "HttpEdge"})
"""The types of observers that ask pods through a Service."""
# By the type of the observer: what it watches, and what its probes are.
_WATCHED: Mapping[str, tuple[str, str]] = {
    "DnsLookups": ("Cluster DNS", "lookups"),
    "HttpService": ("The web service", "requests"),
    "HttpEdge": ("The edge", "requests"),
    "ApiServer": ("The API server", "requests"),
    "GuardRails": ("The guard rails", "objects"),
    "EtcdBackup": ("A snapshot of etcd", "snapshots"),
}
_ROLLED = frozenset({"HttpService", "HttpEdge"})
"""The types of observers whose workload is rolled while it is watched."""
_SILENT = "timeout"
# By the outcome that most of its probes had.
_FAILED: Mapping[str, str] = {
    _SILENT: "did not answer",
    "refused": "refused connections",
    "reset": "cut connections",
    "reset-in-body": "cut answers short",
    "unreachable": "could not be reached",
    "4xx": "answered with a client error (4xx)",
    "5xx": "answered with a server error (5xx)",
    "nxdomain": "did not know a name that exists",
    "servfail": "failed lookups (SERVFAIL)",
    "create-failed": "refused new objects",
    "lost": "lost what it had acknowledged",
    "admitted": "let through what is forbidden",
    "webhook-failed": "refused objects because an admission webhook could not be called",
}
_NODE = re.compile(r"(?:^|-)((?:control-plane|worker)\d*)$")
# By the type of the observer, where its failures are no answers.
_BROKEN: Mapping[str, str] = {"EtcdBackup": "was not whole"}
# By the type of the observer, what it makes; its slow events are about one of these.
_MADE: Mapping[str, str] = {
    "PodChurn": "A pod",
    "Deployments": "A new Deployment",
    "NewPodsNetwork": "A new pod",
}


def happened(run: RunRecord, most: int = MOST) -> tuple[str, ...]:
    """A sentence for each of the worst things that observers saw, the worst first."""
    return tuple(_told(run, seen, event) for seen, event in worst_events(run, most))


def _told(run: RunRecord, seen: ObserverResult, event: Event) -> str:
    if isinstance(event, SlowEvent):
        return _slow_sentence(run, seen, event)
    return _sentence(run, seen, event)


def _slow_sentence(run: RunRecord, seen: ObserverResult, event: SlowEvent) -> str:
    what = _MADE.get(kind_of(run, seen.name), seen.name)
    between, to, until = event.stream.partition("-to-")
    how = f"from {between} to {until}" if to else f"({event.stream})"
    during = when(event.cause, event.told, rolled=False)
    parts = [what, "took", duration(event.at_least_s), how, *_where(run, event.nodes), during]
    return f"{' '.join(parts)}."


def _sentence(run: RunRecord, seen: ObserverResult, row: _Row) -> str:
    what, probes = _subject(run, seen.name)
    broken = _BROKEN.get(kind_of(run, seen.name))
    how = _slowness(row) if isinstance(row, BrownoutRow) else broken or _failure(row, probes)
    parts = [what, how, *_where(run, row.nodes), _lasted(row)]
    if row.share < _WHOLE:
        parts.append(f"({share(row.share)} of the {probes} at worst)")
    parts.append(when(row.cause, row.told, rolled=kind_of(run, seen.name) in _ROLLED))
    return f"{' '.join(parts)}{_not_ready(run, seen, row)}."


def _slowness(row: BrownoutRow) -> str:
    return f"took up to {duration(row.slowest_s)} to answer"


def _subject(run: RunRecord, label: str) -> tuple[str, str]:
    what, probes = _WATCHED.get(kind_of(run, label), (label, "probes"))
    usual = label in {"dns", "web", "edge", "api", "guard", "backup", what}
    return what if usual else f"{what} ({label})", probes


def _failure(row: OutageRow, probes: str) -> str:
    most = max(row.outcomes, key=lambda label: row.outcomes[label], default="")
    if most == _SILENT and row.share < _WHOLE:
        return f"left {probes} without an answer"
    return _FAILED.get(most, f"failed ({most})" if most else "failed")


def _where(run: RunRecord, nodes: Sequence[str]) -> Iterator[str]:
    names = [_short(node) for node in nodes if node != "host"]
    if names and len(names) == run.control_planes + run.workers:
        yield "on every node"
    elif names:
        yield f"on {_listed(names)}"


def _lasted(outage: _Row) -> str:
    if outage.at_most_s is None:
        return f"for {duration(outage.at_least_s)} or longer"
    if outage.at_least_s == 0:
        return f"for at most {duration(outage.at_most_s)}"
    return f"for {duration(outage.at_least_s)}"


def _not_ready(run: RunRecord, seen: ObserverResult, row: _Row) -> str:
    """Which nodes were not Ready for most of it: no Service sends anything to their pods then."""
    if kind_of(run, seen.name) not in _BEHIND_SERVICES:
        return ""
    said = [
        f"; {_short(one.node)} was not Ready for {duration(away.lasted_s)} then"
        for one in run.runtimes
        for away in one.not_ready
        if _shared_s(row, away) > row.at_least_s * _MOST_OF_IT
    ]
    return "".join(said)


def _shared_s(row: _Row, away: NotReady) -> float:
    until_s = min(row.start_s + row.at_least_s, away.start_s + away.lasted_s)
    return until_s - max(row.start_s, away.start_s)


def _short(node: str) -> str:
    """`worker2` of `upgrade-e2e-1a2b3c-worker2`; a node of another kind keeps its name."""
    match = _NODE.search(node)
    return match[1] if match else node


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
