"""Draining a node with kubectl, and saying what the drain waits for or failed by."""

from __future__ import annotations

import re
import shlex
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster
from upgrade_e2e.cluster.evictions import Holdup, Weight, read_holdups
from upgrade_e2e.cluster.nodes import node_of
from upgrade_e2e.errors import Blocked, CommandFailed
from upgrade_e2e.providers.kind.admin import kubectl
from upgrade_e2e.providers.kind.journal import Journal
from upgrade_e2e.upgrade import Marks, Step

__all__ = ["DrainWatch", "blocked_by", "drain", "shortened"]

LOOK_S = 2.0
ANSWER_S = 5.0
LINES_SHOWN = 12
POD_LINES_SHOWN = 5
# What kubectl writes of a pod that it may not evict, and of pods that it refuses to delete at all.
_REFUSED = re.compile(
    r'error when evicting pods?/"(?P<name>[^"]+)" -n "(?P<namespace>[^"]+)"'
    r"(?: \(will retry after \d+s\))?: (?P<said>.+?)(?:, continuing command\.\.\.)?$"
)
_CANNOT_DELETE = re.compile(r"cannot delete (?P<what>[^\[\]()]*?) \(use (?P<flag>--[\w-]+) to")
_PODS_AFTER = re.compile(r"\(use [^)]*\): (?P<pods>[\w./-]+(?:, [\w.-]+/[\w.-]+)*)")
_BY_BUDGET = "disruption budget"


def drain(step: Step, cluster: Cluster, marks: Marks, journal: Journal) -> None:
    """Evict what may be evicted; raises Blocked when that does not end in time.

    Its first line names the pod, and the budget, finalizer, grace period or refusal that held it.
    """
    node, allowed_s = node_of(cluster, step.node).name, float(step.params["allowed_s"])
    argv = ("drain", node, *shlex.split(step.params["arguments"]))
    watch = DrainWatch(cluster, node, allowed_s, marks.note)
    with journal.of(step) as write, watch:
        try:
            kubectl(cluster, *argv, timeout_s=step.timeout_s, on_line=write)
        except CommandFailed as failure:
            watch.look()
            kept = journal.file_of(step).name
            raise Blocked(blocked_by(watch.seen, failure, kept)) from failure


@dataclass
class DrainWatch:
    """Looks at what a drain waits for, next to it, and notes it with `note`.

    A question that is not answered leaves what was `seen` before.
    """

    cluster: Cluster
    node: str
    allowed_s: float
    note: Callable[[str], None]
    seen: tuple[Holdup, ...] = ()
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="drain", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(timeout=3 * ANSWER_S)

    def look(self) -> None:
        """Look once."""
        try:
            seen = read_holdups(self.cluster, self.node, self.allowed_s, ANSWER_S)
        except TRANSIENT_API_ERRORS:
            return
        self.seen = seen
        if seen and not self._over.is_set():
            more = f", and {len(seen) - 1} more" if len(seen) > 1 else ""
            self.note(f"waits for {seen[0].waiting_line}{more}")

    def _run(self) -> None:
        while not self._over.wait(LOOK_S):
            self.look()


def blocked_by(seen: tuple[Holdup, ...], failure: CommandFailed, kept: str) -> str:
    """The message of a drain that failed: first why, then what matters of kubectl's output.

    `kept` is the name of the file that has all of it.
    """
    reasons = list(dict.fromkeys(_reasons(seen, failure.output)))
    shown = reasons[:POD_LINES_SHOWN]
    if len(reasons) > len(shown):
        shown.append(f"and {len(reasons) - len(shown)} more pods")
    how = "was ended" if failure.returncode is None else f"exited with {failure.returncode}"
    head = f"kubectl drain {how}; all of its output is in steps/{kept}, here what matters:"
    return "\n".join(
        [*(shown or ["nothing is known of what held it"]), head, *shortened(failure.output)]
    )


def _reasons(seen: tuple[Holdup, ...], output: str) -> Iterator[str]:
    """One line for each pod that held the drain, what explains most first."""
    yield from _undeletable(output)
    refused = dict(_refusals(output))
    for holdup in sorted(seen, key=lambda one: (one.weight, one.pod not in refused)):
        by_other = refused.get(holdup.pod, "")
        if holdup.weight is Weight.ON_ITS_WAY and by_other and _BY_BUDGET not in by_other:
            yield f"{holdup.pod} may not be evicted: {by_other}"
        else:
            yield holdup.failed_line
    known = {holdup.pod for holdup in seen}
    yield from (
        f"{pod} may not be evicted: {said}" for pod, said in refused.items() if pod not in known
    )


def _refusals(output: str) -> Iterator[tuple[str, str]]:
    """Each refused pod and what the API said last."""
    for line in output.splitlines():
        if match := _REFUSED.search(line.strip()):
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
                    f"{pods['pods']}: kubectl deletes no {what['what']} without {what['flag']}, "
                    "which --drain-args leaves out"
                )


def shortened(output: str) -> list[str]:
    """The lines of an output, each once with how often it came; of many, the last ones."""
    counts = Counter(line.strip() for line in output.splitlines() if line.strip())
    lines = [line if count == 1 else f"{line} [{count} times]" for line, count in counts.items()]
    hidden = len(lines) - LINES_SHOWN
    return [f"[{hidden} lines before]", *lines[-LINES_SHOWN:]] if hidden > 0 else lines
