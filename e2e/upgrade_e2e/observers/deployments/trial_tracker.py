"""What became of each small Deployment, from what watches and answers show; pure.

A trial is one small Deployment: it is created, gets through its stages one after another, and is
deleted. Each stage that has an end is a sample of the stage's stream.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from upgrade_e2e.cluster.asking import condition
from upgrade_e2e.observers.base import HOST
from upgrade_e2e.observers.deployments.trial import (
    ACCEPTED,
    ADMITTED,
    ANSWERING,
    AVAILABLE,
    GONE,
    ISSUED,
    SCHEDULED,
    STAGES,
    UNTIL_ANSWERING,
    UNTIL_AVAILABLE,
    PodState,
    Trial,
    available,
    begun,
    is_injected,
    refusal,
    stuck_stages,
    trial_of,
)
from upgrade_e2e.observers.pod_tracker import Measured
from upgrade_e2e.timeline import Outcome

__all__ = ["TrialTracker"]


@dataclass
class TrialTracker:
    """All trials that are not gone yet, and what has been measured.

    One that does not answer `timeout_s` after it was asked for, and one that is not gone that long
    after its deletion, is a timeout. Stages that it never came to are samples that were not sent.
    """

    timeout_s: float
    seen: list[Measured] = field(default_factory=list)
    last: str = ""
    """How the last trial ended, in a few words."""
    _alive: dict[str, Trial] = field(default_factory=dict)

    def asked(self, name: str, now_s: float) -> None:
        """The API is asked for a trial's objects."""
        self._alive[name] = Trial(name, now_s)

    def accepted(self, name: str, now_s: float) -> None:
        """The API has accepted them, or the first sign of it was seen."""
        trial = self._alive.get(name)
        if trial is not None and trial.accepted_s is None:
            trial.accepted_s = now_s
            self._note(trial, ACCEPTED, HOST, trial.asked_s, now_s)

    def not_accepted(self, name: str, now_s: float) -> None:
        """The API gave no answer that it accepted them; they are deleted in any case."""
        trial = self._alive.get(name)
        if trial is not None and trial.accepted_s is None:
            for stage in (ACCEPTED, UNTIL_AVAILABLE, UNTIL_ANSWERING):
                self._note(trial, stage, HOST, trial.asked_s, now_s, outcome=Outcome.CREATE_FAILED)
            self._leave_out(trial, now_s)
            self._end(trial, "not accepted by the API")

    def pod_changed(self, pod: Mapping[str, Any], now_s: float) -> None:
        """The watch shows a pod as it is now."""
        trial = self._alive.get(trial_of(pod))
        if trial is None:
            return
        trial.pods.add(pod["metadata"]["name"])
        if trial.over or pod["metadata"].get("deletionTimestamp"):
            return
        self.accepted(trial.name, now_s)
        self._admit(trial, pod, now_s)
        node = pod["spec"].get("nodeName", "")
        if node and trial.available_s is None:
            trial.node = node
        if node and trial.scheduled_s is None:
            trial.scheduled_s, trial.node = now_s, node
            self._note(trial, SCHEDULED, HOST, begun(trial.admitted_s), now_s)
            if trial.available_s is not None:
                self._note_available(trial)

    def pod_gone(self, pod: Mapping[str, Any], now_s: float) -> None:
        """The watch shows that a pod is no more."""
        self._without(trial_of(pod), pod["metadata"]["name"], now_s)

    def pods_listed(
        self, present: Set[str], before: Mapping[str, frozenset[str]], now_s: float
    ) -> None:
        """A full list has the pods `present`; what was known `before` and is not in it is gone."""
        for trial, names in before.items():
            for name in names - present:
                self._without(trial, name, now_s)

    def deployment_changed(self, deployment: Mapping[str, Any], now_s: float) -> None:
        """The watch shows a Deployment as it is now."""
        trial = self._alive.get(trial_of(deployment))
        if trial is None or trial.over or deployment["metadata"].get("deletionTimestamp"):
            return
        self.accepted(trial.name, now_s)
        trial.refused = refusal(deployment)
        if trial.available_s is None and condition(deployment, "Available"):
            trial.available_s = now_s
            if trial.scheduled_s is not None:
                self._note_available(trial)

    def answered(self, name: str, state: PodState, now_s: float) -> None:
        """Its Service gave an answer with a credential of its own."""
        trial = self._alive.get(name)
        if trial is None or trial.over or not trial.through:
            return
        begun_s = now_s - state.asked_ago_s
        self._note(trial, ISSUED, trial.node, begun_s, begun_s + (state.took_s or 0.0))
        self._note(trial, ANSWERING, trial.node, available(trial), now_s)
        self._note(trial, UNTIL_ANSWERING, trial.node, trial.asked_s, now_s)
        self._end(trial, "answered")

    def answered_wrongly(self, name: str, now_s: float) -> None:
        """Its Service gave an answer without a credential that is its own."""
        trial = self._alive.get(name)
        if trial is None or trial.over or not trial.through:
            return
        wrong = Outcome.BAD_ANSWER
        self._note(trial, ANSWERING, trial.node, available(trial), now_s, outcome=wrong)
        self._note(trial, UNTIL_ANSWERING, trial.node, trial.asked_s, now_s, outcome=wrong)
        self._end(trial, "answered without a credential of its own")

    def give_up(self, name: str, state: PodState | None, now_s: float) -> None:
        """It is overdue; `state` is what its pod says, None where that cannot be asked."""
        trial = self._alive.get(name)
        if trial is None or trial.over:
            return
        stages = list(stuck_stages(trial, state, now_s))
        for stage, node, begun_s, outcome in stages:
            self._note(trial, stage, node, begun_s, now_s, outcome=outcome)
        if not trial.through:
            self._note(
                trial, UNTIL_AVAILABLE, trial.node, trial.asked_s, now_s, outcome=Outcome.TIMEOUT
            )
        self._note(
            trial, UNTIL_ANSWERING, trial.node, trial.asked_s, now_s, outcome=Outcome.TIMEOUT
        )
        self._leave_out(trial, now_s)
        why = (state.trouble if state is not None else "") or trial.refused
        self._end(trial, f"stuck in {stages[0][0]}" + (f" ({why})" if why else ""))

    def deleted(self, name: str, now_s: float) -> None:
        """The API has accepted the deletion of its objects."""
        trial = self._alive.get(name)
        if trial is not None and trial.deleted_s is None:
            trial.deleted_s, trial.over = now_s, True
            if not trial.pods:
                del self._alive[name]

    def expire(self, now_s: float, after_s: float | None = None) -> None:
        """Note the deletions that have taken for too long: `timeout_s`, or `after_s`."""
        longest_s = self.timeout_s if after_s is None else after_s
        for trial in self._alive.values():
            if trial.deleted_s is None or trial.slow_to_go:
                continue
            if now_s - trial.deleted_s >= longest_s:
                trial.slow_to_go = True
                self._note(trial, GONE, trial.node, trial.deleted_s, now_s, outcome=Outcome.TIMEOUT)

    def overdue(
        self, now_s: float, after_s: float | None = None
    ) -> list[tuple[str, tuple[str, ...]]]:
        """The trials that are to be given up, with their pods."""
        longest_s = self.timeout_s if after_s is None else after_s
        return [
            (trial.name, tuple(sorted(trial.pods)))
            for trial in self._alive.values()
            if not trial.over and now_s - trial.asked_s >= longest_s
        ]

    def to_ask(self) -> list[str]:
        """The trials that are available, and whose answer is awaited."""
        return [trial.name for trial in self._alive.values() if trial.through and not trial.over]

    def to_delete(self) -> list[str]:
        """The trials that are over, and not deleted yet."""
        return [
            trial.name for trial in self._alive.values() if trial.over and trial.deleted_s is None
        ]

    def pods(self) -> dict[str, frozenset[str]]:
        """The known pods of each trial."""
        return {trial.name: frozenset(trial.pods) for trial in self._alive.values()}

    def alive(self) -> int:
        """How many trials are not gone yet."""
        return len(self._alive)

    def unfinished(self) -> int:
        """How many have neither answered nor been given up."""
        return sum(not trial.over for trial in self._alive.values())

    def _admit(self, trial: Trial, pod: Mapping[str, Any], now_s: float) -> None:
        if trial.admitted_s is not None:
            return
        trial.admitted_s = now_s
        outcome = Outcome.OK if is_injected(pod) else Outcome.BAD_ANSWER
        self._note(trial, ADMITTED, HOST, begun(trial.accepted_s), now_s, outcome=outcome)

    def _note_available(self, trial: Trial) -> None:
        available_s = available(trial)
        self._note(trial, AVAILABLE, trial.node, begun(trial.scheduled_s), available_s)
        self._note(trial, UNTIL_AVAILABLE, trial.node, trial.asked_s, available_s)

    def _without(self, name: str, pod: str, now_s: float) -> None:
        trial = self._alive.get(name)
        if trial is None:
            return
        trial.pods.discard(pod)
        if trial.deleted_s is None or trial.pods:
            return
        if not trial.slow_to_go:
            self._note(trial, GONE, trial.node, trial.deleted_s, now_s)
        del self._alive[name]

    def _leave_out(self, trial: Trial, now_s: float) -> None:
        """Of the stages that it never came to nothing is known, but that nobody was idle."""
        for stage in STAGES:
            if stage not in trial.noted and not (stage == GONE and trial.pods):
                self._note(trial, stage, trial.node, trial.asked_s, now_s, outcome=Outcome.NOT_SENT)

    def _end(self, trial: Trial, how: str) -> None:
        trial.over, self.last = True, how

    def _note(
        self,
        trial: Trial,
        stage: str,
        node: str,
        from_s: float,
        to_s: float,
        *,
        outcome: Outcome = Outcome.OK,
    ) -> None:
        trial.noted.add(stage)
        self.seen.append(Measured(stage, node, from_s, max(from_s, to_s), outcome))
