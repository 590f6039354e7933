"""What every observer sees right now, asked for in the background."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS
from upgrade_e2e.errors import E2eError
from upgrade_e2e.observers.link import Link, get_json
from upgrade_e2e.observers.live_status import LiveStatus
from upgrade_e2e.observers.threads import BackgroundThreads

__all__ = ["StatusPoller", "complaints", "statuses"]

_STATUS_TIMEOUT_S = 2.0
_OLD_S = 4.0
NO_ANSWER: tuple[type[Exception], ...] = (*TRANSIENT_API_ERRORS, E2eError, ValueError)


@dataclass(frozen=True)
class LastStatus:
    """The last status of one prober and when it came (monotonic seconds)."""

    status: Mapping[str, Any]
    at_s: float


class StatusPoller:
    """Asks all probers for their status every `every_s`; keeps the last answers."""

    def __init__(self, links: Callable[[], Sequence[Link]], every_s: float) -> None:
        self._links, self._every_s = links, every_s
        self._received: dict[str, LastStatus] = {}
        self._ended = threading.Event()
        self._threads = BackgroundThreads({"observers-poll": self._run})

    def start(self) -> None:
        """Begin to ask."""
        self._threads.start()

    def stop(self) -> None:
        """Ask no more; idempotent."""
        self._ended.set()
        self._threads.join(3 * _STATUS_TIMEOUT_S)

    def statuses(self) -> dict[str, LiveStatus]:
        """What each observer sees now."""
        return statuses(dict(self._received), time.monotonic())

    def _run(self) -> None:
        with ThreadPoolExecutor(8, thread_name_prefix="observers-poll") as pool:
            while not self._ended.wait(self._every_s):
                list(pool.map(self._ask, self._links()))

    def _ask(self, link: Link) -> None:
        try:
            status = get_json(link, "/status", _STATUS_TIMEOUT_S)
        except NO_ANSWER:
            return  # the API server is away; `statuses` shows how old the last status is
        self._received[link.name] = LastStatus(status, time.monotonic())


def statuses(received: Mapping[str, LastStatus], now_s: float) -> dict[str, LiveStatus]:
    """Per observer: how many probes a second succeed, and what the failures of that second are."""
    seen: dict[str, Counter[str]] = {}
    silent: dict[str, float] = {}
    for one in received.values():
        age_s = now_s - one.at_s
        for key, stream in one.status["streams"].items():
            observer = key.partition(".")[0]
            outcomes = seen.setdefault(observer, Counter())
            if age_s > _OLD_S:
                silent[observer] = max(silent.get(observer, 0.0), age_s)
            else:
                outcomes.update(stream["last_second"].get("outcomes", {}))
    return {
        name: LiveStatus(outcomes.pop("ok", 0), dict(+outcomes), silent.get(name, 0.0))
        for name, outcomes in seen.items()
    }


def complaints(node: str, status: Mapping[str, Any]) -> Iterable[str]:
    """What is not yet as it should be before watching begins, stream by stream."""
    for key, stream in status["streams"].items():
        second = stream["last_second"]
        if not stream["ok"]:
            yield f"{key}@{node} has not succeeded yet ({stream['last_failure'] or 'no probe'})"
        elif second.get("failed"):
            yield f"{key}@{node} saw {second['outcomes']} in the last second"
