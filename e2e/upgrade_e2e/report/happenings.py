"""What happened in a pass, in words: the worst first, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from upgrade_e2e.format import duration, share
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report.record import (
    BrownoutRow,
    ObserverResult,
    OutageRow,
    RunRecord,
    ScenarioResult,
)
from upgrade_e2e.report.runtime_row import NotReady

__all__ = ["advice", "happened"]

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
_UNFELT = frozenset({"EtcdHealth", "NodeResources", "RuntimeAnswers"})
"""Types of observers whose holes nobody feels: a member of etcd is away whenever it is replaced,
and a kubelet lets nobody read while the API server is away for long."""
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
# Steps and their phases: what goes on, with the node of the step.
_PHASES: Mapping[str, str] = {
    "addons": "kubeadm replaced CoreDNS and kube-proxy",
    "static-pods": "the new kubelet of {node} restarted its static pods",
    "settle": "the static pods of {node} came back",
    "ready": "the kubelet of {node} was replaced",
}
_STEPS: Mapping[str, str] = {
    "kubeadm-apply": "kubeadm upgraded the control plane on {node}",
    "kubeadm-node": "kubeadm upgraded {node}",
    "roll-addons": "kubeadm replaced CoreDNS and kube-proxy",
    "wait-for-watches": "nodes had yet to hear from the API server",
    "drain": "{node} was drained",
    "swap-kubelet": "the kubelet of {node} was replaced",
    "uncordon": "{node} was opened for pods again",
    "join-node": "{node} joined the cluster",
    "check": "the cluster was checked after {node}",
    "rollout": "{node} was rolled",
    "watch-before": "nothing was upgraded yet",
    "watch-after": "the upgrade was over",
    "plant": "the fault {node} was planted",
}
_FINDING = "finding: "
"""How the reason of a scenario begins that is skipped for what it found in the cluster."""


def happened(run: RunRecord, most: int = MOST) -> tuple[str, ...]:
    """A sentence for each of the worst things that observers saw, the worst first."""
    return tuple(_sentence(run, seen, row) for seen, row in _worst(run, most))


def _worst(run: RunRecord, most: int) -> list[tuple[ObserverResult, _Row]]:
    """The worst holes: those of observers whose claims are broken first, as they say why.

    Then by length times share. Of those of one observer at one time there is one.
    """
    broken = {
        name
        for result in run.scenarios
        if result.verdict is Verdict.FAIL
        for name in result.observers
    }
    rows: list[tuple[ObserverResult, _Row]] = []
    for seen in run.observers:
        if _kind(run, seen.name) in _UNFELT:
            continue
        rows += [(seen, row) for row in seen.outages]
        rows += [(seen, row) for row in seen.brownouts]
    rows.sort(key=lambda pair: (pair[0].name not in broken, -pair[1].weight, pair[1].start_s))
    chosen: list[tuple[ObserverResult, _Row]] = []
    for seen, row in rows:
        if len(chosen) < most and not any(
            seen is other and _overlap(row, kept) for other, kept in chosen
        ):
            chosen.append((seen, row))
    return chosen


def advice(run: RunRecord) -> str:
    """What to do after this pass, in a sentence or two."""
    if run.failed_step is not None:
        return f"See below why {run.failed_step.step!r} failed; the logs of the nodes are in logs/."
    if run.verdict is Verdict.PASS:
        if found := [one.name for one in run.scenarios if _is_finding(one)]:
            return (
                "Nothing needs to be done about the upgrade. Read what was found by "
                f"{', '.join(found)}: it is about the cluster, so it is skipped and no verdict."
            )
        return "Nothing needs to be done."
    if run.verdict is Verdict.FAIL:
        return (
            "Open report.html at the time of the worst outage. What the application can tolerate "
            "goes into a --limits file with its reason; what it cannot is to be fixed first."
        )
    return "Nothing is proved either way: fix what kept the pass from being judged, and run again."


def _is_finding(result: ScenarioResult) -> bool:
    return result.verdict is Verdict.SKIP and result.explanation.startswith(_FINDING)


def _sentence(run: RunRecord, seen: ObserverResult, row: _Row) -> str:
    what, probes = _subject(run, seen.name)
    broken = _BROKEN.get(_kind(run, seen.name))
    how = _slowness(row) if isinstance(row, BrownoutRow) else broken or _failure(row, probes)
    parts = [what, how, *_where(run, row.nodes), _lasted(row)]
    if row.share < _WHOLE:
        parts.append(f"({share(row.share)} of the {probes} at worst)")
    parts.append(_during(row, rolled=_kind(run, seen.name) in _ROLLED))
    return f"{' '.join(parts)}{_not_ready(run, seen, row)}."


def _kind(run: RunRecord, label: str) -> str:
    """The type of the observer."""
    return run.observers_as_written.get(label, "").partition("(")[0]


def _slowness(row: BrownoutRow) -> str:
    return f"took up to {duration(row.slowest_s)} to answer"


def _subject(run: RunRecord, label: str) -> tuple[str, str]:
    what, probes = _WATCHED.get(_kind(run, label), (label, "probes"))
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


def _during(outage: _Row, *, rolled: bool) -> str:
    if not outage.cause:
        return outage.told
    # A rollout of the watched workload explains only what its own observers see.
    first, *others = sorted(outage.cause, key=lambda name: _is_rollout(name) and not rolled)
    also = " (or in another step)" if len(others) == 1 else ""
    if len(others) > 1:
        also = f" (or in one of {len(others)} other steps)"
    return f"while {_step(first)}{also}"


def _not_ready(run: RunRecord, seen: ObserverResult, row: _Row) -> str:
    """Which nodes were not Ready for most of it: no Service sends anything to their pods then."""
    if _kind(run, seen.name) not in _BEHIND_SERVICES:
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


def _is_rollout(name: str) -> bool:
    return name.startswith("rollout ")


def _step(name: str) -> str:
    step, _, phase = name.partition(": ")
    kind, _, node = step.partition(" ")
    if phase in _PHASES and (node or "{node}" not in _PHASES[phase]):
        return _PHASES[phase].format(node=node)
    if phase and kind == "kubeadm-apply":
        return f"kubeadm replaced {phase} on {node}"
    return _STEPS[kind].format(node=node) if kind in _STEPS else f"the step {name} went on"


def _overlap(one: _Row, other: _Row) -> bool:
    return (
        one.start_s <= other.start_s + other.at_least_s
        and other.start_s <= one.start_s + one.at_least_s
    )


def _short(node: str) -> str:
    """`worker2` of `upgrade-e2e-1a2b3c-worker2`; a node of another kind keeps its name."""
    match = _NODE.search(node)
    return match[1] if match else node


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
