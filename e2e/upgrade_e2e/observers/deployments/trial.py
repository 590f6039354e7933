"""One trial: a small Deployment that comes and goes, and the stages that it goes through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from upgrade_e2e.agent.webhook import VOLUME
from upgrade_e2e.observers.base import HOST
from upgrade_e2e.timeline import Outcome

__all__ = [
    "ACCEPTED",
    "ADMITTED",
    "ANSWERING",
    "AVAILABLE",
    "GONE",
    "ISSUED",
    "SCHEDULED",
    "STAGES",
    "TRIAL",
    "UNTIL_ANSWERING",
    "UNTIL_AVAILABLE",
    "PodState",
    "Trial",
    "available",
    "begun",
    "is_injected",
    "refusal",
    "stuck_stages",
    "trial_of",
]

TRIAL = "upgrade-e2e/trial"
"""The label of all objects of a trial; its value is the trial's name."""

ACCEPTED = "created-to-accepted"
ADMITTED = "accepted-to-admitted"
SCHEDULED = "admitted-to-scheduled"
ISSUED = "started-to-issued"
AVAILABLE = "scheduled-to-available"
ANSWERING = "available-to-answering"
GONE = "deleted-to-gone"
STAGES = (ACCEPTED, ADMITTED, SCHEDULED, ISSUED, AVAILABLE, ANSWERING, GONE)
"""In the order in which a trial goes through them."""
UNTIL_AVAILABLE, UNTIL_ANSWERING = "created-to-available", "created-to-answering"


@dataclass(frozen=True)
class PodState:
    """What the process in a pod says of its credential; times in seconds.

    `asked_ago_s` is how long ago it began to ask, `took_s` how long that took, None as long as it
    has no credential.
    """

    injected: bool
    asked_ago_s: float
    took_s: float | None
    trouble: str = ""

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> PodState:
        """From the answer of the agent's `trial`. Raises KeyError, TypeError and ValueError."""
        took_s = said["took_s"]
        return cls(
            injected=bool(said["injected"]),
            asked_ago_s=float(said["asked_ago_s"]),
            took_s=None if took_s is None else float(took_s),
            trouble=str(said["trouble"]),
        )


@dataclass
class Trial:
    """What is known of one trial; times in seconds since the origin, None for what was not seen.

    `node` is where its latest pod is, and `refused` why its pod cannot be created. `over` is true
    once it answered or was given up, `slow_to_go` once its deletion took for too long.
    `noted` are the stages that have a sample.
    """

    name: str
    asked_s: float
    accepted_s: float | None = None
    admitted_s: float | None = None
    scheduled_s: float | None = None
    available_s: float | None = None
    deleted_s: float | None = None
    node: str = HOST
    pods: set[str] = field(default_factory=set)
    refused: str = ""
    over: bool = False
    slow_to_go: bool = False
    noted: set[str] = field(default_factory=set)

    @property
    def through(self) -> bool:
        """Whether it is available, and its pod is known."""
        return self.available_s is not None and self.scheduled_s is not None


def stuck_stages(
    trial: Trial, state: PodState | None, now_s: float
) -> Iterator[tuple[str, str, float, Outcome]]:
    """The stages that an overdue trial does not get through, with node and begin, at least one."""
    late = Outcome.TIMEOUT
    if trial.accepted_s is None:
        yield ACCEPTED, HOST, trial.asked_s, late
    elif trial.admitted_s is None:
        outcome = Outcome.CREATE_FAILED if trial.refused else late
        yield ADMITTED, HOST, trial.accepted_s, outcome
    elif trial.scheduled_s is None:
        yield SCHEDULED, HOST, trial.admitted_s, late
    elif trial.available_s is None:
        if state is not None and state.injected and state.took_s is None:
            yield ISSUED, trial.node, now_s - state.asked_ago_s, late
        yield AVAILABLE, trial.node, trial.scheduled_s, late
    else:
        yield ANSWERING, trial.node, available(trial), late


def available(trial: Trial) -> float:
    """When it was available; two watches may show a pod's node later than that."""
    return max(begun(trial.available_s), begun(trial.scheduled_s))


def begun(time_s: float | None) -> float:
    """When a stage began that has begun; raises ValueError for one that has not."""
    if time_s is None:
        raise ValueError("a stage was noted before it had begun")
    return time_s


def trial_of(thing: Mapping[str, Any]) -> str:
    """The name of the trial that an object belongs to; empty for one of no trial."""
    return str((thing["metadata"].get("labels") or {}).get(TRIAL, ""))


def is_injected(pod: Mapping[str, Any]) -> bool:
    """Whether a pod was given what it needs for a credential."""
    return any(volume["name"] == VOLUME for volume in pod["spec"].get("volumes") or ())


def refusal(deployment: Mapping[str, Any]) -> str:
    """Why its pods cannot be created; empty if nothing says that they cannot."""
    conditions = (deployment.get("status") or {}).get("conditions") or ()
    said = (one for one in conditions if one["type"] == "ReplicaFailure")
    return next((one.get("message", "") for one in said if one["status"] == "True"), "")
