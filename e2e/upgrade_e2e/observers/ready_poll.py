"""Whether the API server calls nodes Ready, asked again and again from this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Api
from upgrade_e2e.cluster.nodes import is_node_ready
from upgrade_e2e.observers.threads import BackgroundThreads
from upgrade_e2e.timeline import Readings, SamplesBuilder, Series, Span, Window
from upgrade_e2e.timeline.kubelet_metrics import NODE_READY

__all__ = ["ReadyPoll"]

_NODES = "/api/v1/nodes"
_ASK_S = 2.0
_JOIN_S = 10.0
_NO_ANSWER: tuple[type[Exception], ...] = (*TRANSIENT_API_ERRORS, KeyError, ValueError)


@dataclass(frozen=True)
class _Answer:
    """What the API server said of every node; it came at `at_s`."""

    at_s: float
    ready: Mapping[str, bool]


class ReadyPoll:
    """A thread that lists the nodes every `every_s`, and remembers which are called Ready.

    Each answer is a reading of `node_ready` for each node. While the API server gives no answer
    there are no readings: then it says nothing to anybody. It is a list rather than a watch,
    because a watch that is silent may be a broken one.
    """

    def __init__(self, api: Api, now_s: Callable[[], float], every_s: float = 1.0) -> None:
        self._api, self._now_s, self._every_s = api, now_s, every_s
        self._answers: list[_Answer] = []
        self._ended = threading.Event()
        self._threads = BackgroundThreads({"ready-poll": self._run})

    def start(self) -> None:
        """See BackgroundTask."""
        self._threads.start()

    def missing(self) -> str:
        """See BackgroundTask."""
        return "" if self._answers else "the API server has not said yet which nodes are Ready"

    def status_line(self) -> str:
        """See BackgroundTask: the nodes that were not Ready when the API server last answered."""
        last = self._answers[-1].ready if self._answers else {}
        waiting = sorted(node for node, ready in last.items() if not ready)
        return f"not Ready: {', '.join(waiting)}" if waiting else ""

    def stop(self) -> None:
        """See BackgroundTask."""
        self._ended.set()
        self._threads.join(_JOIN_S)

    def samples(self, into: SamplesBuilder, window: Window) -> None:
        """See BackgroundTask: what was seen are readings."""

    def readings(self, window: Window) -> Readings:
        """See TakesReadings: 1 for Ready and 0 for anything else, when the answer came."""
        answers = tuple(self._answers)
        nodes = sorted({node for answer in answers for node in answer.ready})
        found = (_series(node, answers).within(window) for node in nodes)
        return Readings(tuple(one for one in found if len(one)))

    def spans(self) -> tuple[Span, ...]:
        """See BackgroundTask."""
        return ()

    def broken(self) -> str:
        """See BackgroundTask."""
        return self._threads.broken

    def _run(self) -> None:
        due_s = self._now_s()
        while True:
            self._ask()
            due_s = max(due_s + self._every_s, self._now_s())
            if self._ended.wait(due_s - self._now_s()):
                return

    def _ask(self) -> None:
        try:
            shown = self._api.get_json(_NODES, timeout_s=_ASK_S)["items"]
            ready = {node["metadata"]["name"]: is_node_ready(node) for node in shown}
        except _NO_ANSWER:
            return  # the API server is away, which other observers show
        self._answers.append(_Answer(self._now_s(), ready))


def _series(node: str, answers: tuple[_Answer, ...]) -> Series:
    """What was said of one node since it was first listed; gone from a list, it is not Ready."""
    first = next(number for number, answer in enumerate(answers) if node in answer.ready)
    answers = answers[first:]
    return Series(
        metric=NODE_READY,
        node=node,
        labels={},
        at_us=np.array([round(answer.at_s * 1e6) for answer in answers], np.int64),
        value=np.array([answer.ready.get(node, False) for answer in answers], np.float64),
    )
