"""The loop of trials: creates small Deployments, follows them in watches, asks and deletes them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from upgrade_e2e.agent.tokens import BadToken, VerifyingKey, proven_claims
from upgrade_e2e.cluster import TRANSIENT_API_ERRORS
from upgrade_e2e.errors import DeadlinePassed
from upgrade_e2e.observers.deployments.servers import AUDIENCE
from upgrade_e2e.observers.deployments.streams import add_measured
from upgrade_e2e.observers.deployments.trial import UNTIL_ANSWERING, PodState
from upgrade_e2e.observers.deployments.trial_client import Followed, TrialClient
from upgrade_e2e.observers.deployments.trial_tracker import TrialTracker
from upgrade_e2e.observers.threads import BackgroundThreads
from upgrade_e2e.timeline import Outcome, SamplesBuilder, Span, Window
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["TrialLoop"]

_RETRY_S = 0.2
_LOOK_EVERY_S = 0.25
_BROKEN: tuple[type[Exception], ...] = (*TRANSIENT_API_ERRORS, KeyError, ValueError)
"""KeyError is how the library ends a stream of undecoded events at an ERROR event; ValueError is an
answer that is not JSON."""
_NO_STATE: tuple[type[Exception], ...] = (*_BROKEN, TypeError)
_LAST_S = 10.0
_GONE_S = 20.0
_JOIN_S = 20.0
_MOST_ALIVE = 8
"""No more trials are begun while so many are not gone yet."""


class TrialLoop:
    """Four threads: one creates, one asks and deletes, two watch. A lock guards shared data."""

    def __init__(
        self,
        *,
        client: TrialClient,
        credentials: Mapping[str, VerifyingKey],
        every_s: float,
        timeout_s: float,
    ) -> None:
        self._client, self._credentials = client, credentials
        self.every_s, self._timeout_s = every_s, timeout_s
        self._now_s = client.context.origin.now_s
        self._trials = TrialTracker(timeout_s)
        self._lock = threading.Lock()
        self._no_more, self._ended = threading.Event(), threading.Event()
        jobs: dict[str, Callable[[], None]] = {
            "create": self._run_creations,
            "follow-up": self._run_follow_up,
            "watch-pods": lambda: self._run_watch("pods"),
            "watch-deployments": lambda: self._run_watch("deployments"),
        }
        self._threads = BackgroundThreads(
            {f"{client.label}-{name}": job for name, job in jobs.items()}
        )

    def start(self) -> None:
        """See BackgroundTask."""
        self._threads.start()

    def missing(self) -> str:
        """See BackgroundTask: one new Deployment must have answered."""
        with self._lock:
            done = any(
                one.stream == UNTIL_ANSWERING and one.outcome is Outcome.OK
                for one in self._trials.seen
            )
            last = self._trials.last
        so_far = f"; the last one: {last}" if last else ""
        return "" if done else f"no new Deployment has answered yet{so_far}"

    def status_line(self) -> str:
        """See BackgroundTask."""
        with self._lock:
            alive, last = self._trials.alive(), self._trials.last
        return f"{alive} new Deployments, the last one: {last}" if last else ""

    def stop(self) -> None:
        """See BackgroundTask: the last trials get some seconds to answer, and then to be gone."""
        if self._ended.is_set():
            return
        works = self._threads.alive  # asked for now: creations end by themselves from here on
        with self._lock:  # so that each trial is known by now, or is never created
            self._no_more.set()
        if works:
            self._await(_LAST_S, "the last new Deployments", self._trials.unfinished)
        with self._lock:
            late = [name for name, _ in self._trials.overdue(self._now_s(), 0.0)]
            for name in late:
                self._trials.give_up(name, None, self._now_s())
        if works:
            self._await(_GONE_S, "the end of new Deployments", self._trials.alive)
        self._ended.set()
        self._threads.join(_JOIN_S)
        with self._lock:
            self._trials.expire(self._now_s(), 0.0)

    def samples(self, into: SamplesBuilder, window: Window) -> None:
        """See BackgroundTask."""
        with self._lock:
            seen = list(self._trials.seen)
        inside = (one for one in seen if window.start_s <= one.from_s <= window.end_s)
        add_measured(inside, into, self._timeout_s)

    def spans(self) -> tuple[Span, ...]:
        """See BackgroundTask: trials are load, not a step."""
        return ()

    def broken(self) -> str:
        """See BackgroundTask."""
        return self._threads.broken

    def _await(self, within_s: float, what: str, left: Callable[[], int]) -> None:
        def count() -> int:
            with self._lock:
                return left()

        with contextlib.suppress(DeadlinePassed):
            wait_for(what, count, lambda found: not found, Deadline(within_s, every_s=0.2))

    def _run_creations(self) -> None:
        next_s = self._now_s()
        while True:
            self._create()
            next_s = max(next_s + self.every_s, self._now_s())
            if self._no_more.wait(next_s - self._now_s()):
                return

    def _create(self) -> None:
        name = self._client.new_name()
        with self._lock:  # before asking, because a watch may show it before the answer is here
            if self._no_more.is_set() or self._trials.alive() >= _MOST_ALIVE:
                return
            self._trials.asked(name, self._now_s())
        try:
            self._client.create(name)
        except TRANSIENT_API_ERRORS:
            with self._lock:
                self._trials.not_accepted(name, self._now_s())
        else:
            with self._lock:
                self._trials.accepted(name, self._now_s())

    def _run_follow_up(self) -> None:
        while not self._ended.wait(_LOOK_EVERY_S):
            with self._lock:
                to_ask = self._trials.to_ask()
            for name in to_ask:
                self._ask(name)
            self._give_up()
            self._delete()

    def _ask(self, name: str) -> None:
        try:
            said = self._client.answer_of(name)
        except _BROKEN:
            return  # no endpoint yet, or the API server is away
        state = self._proof(said)
        with self._lock:
            if state is None:
                self._trials.answered_wrongly(name, self._now_s())
            else:
                self._trials.answered(name, state, self._now_s())

    def _proof(self, said: Any) -> PodState | None:
        """What the pod says of itself, if its credential is its own; else None."""
        try:
            state, token = PodState.read(said), str(said["credential"])
            claims = proven_claims(token, self._credentials, AUDIENCE, time.time())
        except (BadToken, KeyError, TypeError, ValueError):
            return None
        return state if claims.get("pod") == said.get("pod") else None

    def _give_up(self) -> None:
        with self._lock:
            overdue = self._trials.overdue(self._now_s())
        for name, pods in overdue:
            state = self._state_of(pods[-1]) if pods else None
            with self._lock:
                self._trials.give_up(name, state, self._now_s())

    def _state_of(self, pod: str) -> PodState | None:
        try:
            return PodState.read(self._client.state_of(pod))
        except _NO_STATE:
            return None  # it does not run, or the API server does not reach it

    def _delete(self) -> None:
        with self._lock:
            self._trials.expire(self._now_s())
            to_delete = self._trials.to_delete()
        for name in to_delete:
            try:
                self._client.delete(name)
            except TRANSIENT_API_ERRORS:
                return  # the API server is away; api@host shows it
            with self._lock:
                self._trials.deleted(name, self._now_s())

    def _run_watch(self, what: Followed) -> None:
        while not self._ended.is_set():
            try:
                self._follow(what)
            except _BROKEN:
                self._ended.wait(_RETRY_S)

    def _follow(self, what: Followed) -> None:
        with self._lock:
            before = self._trials.pods()
        listed = self._client.listed(what)
        with self._lock:
            if what == "pods":
                present = {pod["metadata"]["name"] for pod in listed["items"]}
                self._trials.pods_listed(present, before, self._now_s())
            for thing in listed["items"]:
                self._take(what, "MODIFIED", thing)
        for event in self._client.watched(what, listed["metadata"]["resourceVersion"]):
            with self._lock:
                self._take(what, event["type"], event["object"])
            if self._ended.is_set():
                return

    def _take(self, what: Followed, kind: str, thing: dict[str, Any]) -> None:
        changed = kind in {"ADDED", "MODIFIED"}
        if what == "deployments" and changed:
            self._trials.deployment_changed(thing, self._now_s())
        elif what == "pods" and changed:
            self._trials.pod_changed(thing, self._now_s())
        elif what == "pods" and kind == "DELETED":
            self._trials.pod_gone(thing, self._now_s())
