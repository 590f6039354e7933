"""Draining a node with kubectl, and saying what the drain waits for or failed by."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.drain_watch import DrainWatch
from upgrade_e2e.cluster.evictions import Holdup, Weight
from upgrade_e2e.cluster.nodes import node_of
from upgrade_e2e.errors import Blocked, CommandFailed
from upgrade_e2e.providers.kind.admin import kubectl
from upgrade_e2e.providers.kind.journal import Journal
from upgrade_e2e.upgrade import Marks, Step

__all__ = ["blocked_by", "drain", "shortened"]

LINES_SHOWN = 12
POD_LINES_SHOWN = 5
PODS_NAMED = 3
# What kubectl writes of a pod that it may not evict, and of pods that it refuses to delete at all.
_REFUSED = re.compile(
    r'error when evicting pods?/"(?P<name>[^"]+)" -n "(?P<namespace>[^"]+)"'
    r"(?: \(will retry after \d+s\))?: (?P<said>.+?)(?:, continuing command\.\.\.)?$"
)
_CANNOT_DELETE = re.compile(r"cannot delete (?P<what>[^\[\]()]*?) \(use (?P<flag>--[\w-]+) to")
_PODS_AFTER = re.compile(r"\(use [^)]*\): (?P<pods>[\w./-]+(?:, [\w.-]+/[\w.-]+)*)")
# What it writes when its own time is over: asking again would only begin that time again.
_TIME_IS_OVER = re.compile(
    r"global timeout reached|error when waiting for pod .*: context deadline exceeded"
)
_OF_ERRORS = re.compile(r"error|unknown|unable|cannot|the server", re.IGNORECASE)


def drain(step: Step, cluster: Cluster, marks: Marks, journal: Journal) -> None:
    """Evict what may be evicted; raises Blocked when that does not end in time.

    Its first line names the pod, and the budget, finalizer, grace period or refusal that held it.
    """
    node, allowed_s = node_of(cluster, step.node).name, float(step.params["allowed_s"])
    argv = ("drain", node, *shlex.split(step.params["arguments"]))
    watch = DrainWatch(cluster, node, allowed_s, marks.note)
    with journal.of(step) as write, watch:
        try:
            kubectl(cluster, *argv, timeout_s=step.timeout_s, on_line=write, final=_TIME_IS_OVER)
        except CommandFailed as failure:
            watch.look()
            kept = journal.file_of(step).name
            raise Blocked(blocked_by(watch.seen, failure, kept)) from failure


def blocked_by(seen: tuple[Holdup, ...], failure: CommandFailed, kept: str) -> str:
    """The message of a drain that failed: first why, then what matters of kubectl's output.

    `kept` is the name of the file that has all of it.
    """
    said = shortened(failure.output)
    reasons = list(dict.fromkeys(_reasons(seen, failure.output)))
    shown = reasons[:POD_LINES_SHOWN] or said[:1] or ["kubectl said nothing"]
    if len(reasons) > len(shown):
        shown.append(f"and {len(reasons) - len(shown)} more pods")
    how = "was ended" if failure.returncode is None else f"exited with {failure.returncode}"
    head = f"kubectl drain {how}; all of its output is in steps/{kept}, here what matters:"
    return "\n".join([*shown, head, *said])


def _reasons(seen: tuple[Holdup, ...], output: str) -> Iterator[str]:
    """One line for each pod that held the drain, what explains most first."""
    if undeletable := list(_undeletable(output)):
        yield from undeletable  # kubectl has not begun
        return
    refused = dict(_refusals(output))
    for holdup in sorted(seen, key=lambda one: (one.weight, one.pod not in refused)):
        by_other = refused.get(holdup.pod, "")
        if holdup.weight is Weight.UNEVICTED and by_other:
            yield f"{holdup.pod} may not be evicted: {by_other}"
        else:
            yield holdup.failed_line
    known = {holdup.pod for holdup in seen}
    yield from (
        f"{pod} may not be evicted: {said}" for pod, said in refused.items() if pod not in known
    )


def _refusals(output: str) -> Iterator[tuple[str, str]]:
    """Each refused pod and what the API said last; one line of kubectl may name several."""
    for part in re.split(r"\n|(?=error when )", output):
        match = _REFUSED.search(part.strip(" ,"))
        if match and not _TIME_IS_OVER.search(part):
            yield f"{match['namespace']}/{match['name']}", match["said"].rstrip("]")


def _undeletable(output: str) -> Iterator[str]:
    """Pods that kubectl refuses to delete because the drain lacks an argument."""
    for line in output.splitlines():
        if "cannot delete" not in line or not line.startswith("error: unable to drain"):
            continue
        for part in re.split(r"(?=cannot delete )", line)[1:]:
            what, pods = _CANNOT_DELETE.search(part), _PODS_AFTER.search(part)
            if what and pods:
                yield (
                    f"{_few(pods['pods'].split(', '))}: kubectl deletes no {what['what']} without "
                    f"{what['flag']}, which --drain-args leaves out"
                )


def _few(names: list[str]) -> str:
    """The first names, and how many there are more."""
    more = len(names) - PODS_NAMED
    return ", ".join(names[:PODS_NAMED]) + (f" and {more} more" if more > 0 else "")


def shortened(output: str) -> list[str]:
    """What an output says of errors, each line once with how often it came; of many, the last ones.

    All lines count where none speaks of an error.
    """
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    counts = Counter([line for line in lines if _OF_ERRORS.match(line)] or lines)
    shown = [line if count == 1 else f"{line} [{count} times]" for line, count in counts.items()]
    hidden = len(shown) - LINES_SHOWN
    return [f"[{hidden} lines before]", *shown[-LINES_SHOWN:]] if hidden > 0 else shown
