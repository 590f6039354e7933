"""The errors of the project, as one tree.

E2eError
 +-- BadInput            the request cannot work; nothing was created
 |    +-- ImpossiblePath a path that Kubernetes does not support, with one that would work
 +-- CommandFailed       a subprocess ended with a non-zero code or ran out of time
 +-- WaitFailed
 |    +-- DeadlinePassed not yet ready when the time was over
 |    +-- Hopeless       will never become ready
 +-- ClusterNotMade      the cluster could not be created
 +-- ClusterGone         the cluster ended during the pass
 +-- Blocked             the upgrade waits for something in the cluster that does not let go
 +-- StepFailed          a step of the upgrade failed
 +-- FaultNotPlanted     a fault could not be planted, or changed nothing
 +-- Inconclusive        the instrument was blind: no claim can be judged
 +-- DamagedRecord       a run directory or file that cannot be read as what it should be
"""

from __future__ import annotations

from upgrade_e2e.format import duration

__all__ = [
    "BadInput",
    "Blocked",
    "ClusterGone",
    "ClusterNotMade",
    "CommandFailed",
    "DamagedRecord",
    "DeadlinePassed",
    "E2eError",
    "FaultNotPlanted",
    "Hopeless",
    "ImpossiblePath",
    "Inconclusive",
    "StepFailed",
    "WaitFailed",
]


class E2eError(Exception):
    """Base class of our errors. The message says what is wrong and how to fix it."""


class BadInput(E2eError):
    """The request cannot work; raised before anything is created."""


class ImpossiblePath(BadInput):
    """An upgrade path that Kubernetes does not support; the message names one that would work."""


class CommandFailed(E2eError):
    """A subprocess failed.

    `returncode` is None when the command ran out of time. `output` is what was captured of stdout
    and stderr together. `lead` is what the message begins with: the reason, where one is known.
    """

    def __init__(
        self,
        command: str,
        returncode: int | None,
        output: str,
        timeout_s: float,
        lead: str = "",
    ) -> None:
        self.command = command
        self.returncode = returncode
        self.output = output
        self.timeout_s = timeout_s
        if returncode is None:
            how = f"did not end within {duration(timeout_s)} and was killed"
        else:
            how = f"exited with {returncode}"
        shown = output.strip() or "(no output)"
        first = f"{lead}\n" if lead else ""
        super().__init__(f"{first}command {how}: {command}\n{shown}")

    def led_by(self, lead: str) -> CommandFailed:
        """The same failure with a reason as its first line."""
        return CommandFailed(self.command, self.returncode, self.output, self.timeout_s, lead)


class WaitFailed(E2eError):
    """A wait ended without what was waited for."""


class DeadlinePassed(WaitFailed):
    """The deadline passed; the message holds the last observation."""


class Hopeless(WaitFailed):
    """What was waited for can no longer happen; the message holds the last observation."""


class ClusterNotMade(E2eError):
    """The cluster could not be created; the cause is chained."""


class ClusterGone(E2eError):
    """The cluster has ended during the pass and will not come back: nothing more can be seen."""


class Blocked(E2eError):
    """Something in the cluster does not let the upgrade go on; the first line names it."""


class StepFailed(E2eError):
    """A step of the upgrade failed; `step` is its name and the cause is chained."""

    def __init__(self, step: str, reason: str) -> None:
        self.step = step
        self.reason = reason
        super().__init__(f"step {step!r} failed: {reason}")


class FaultNotPlanted(E2eError):
    """A fault could not be planted, or changed nothing: the pass would prove nothing with it."""


class Inconclusive(E2eError):
    """The instrument was blind or saw nothing, so no claim can be judged."""


class DamagedRecord(E2eError):
    """A stored run cannot be read: half written, of another schema, or corrupt."""
