"""Runs steps one after another and turns each into a span."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from upgrade_e2e.errors import (
    BadInput,
    Blocked,
    ClusterNotMade,
    CommandFailed,
    E2eError,
    StepFailed,
)
from upgrade_e2e.timeline import INTERRUPTED, Origin, Span
from upgrade_e2e.upgrade.plan import Step

__all__ = ["THE_STEP", "Executor", "Marks", "UsedImage", "Watcher"]


THE_STEP = ""
"""Under this name the status says what the running step itself waits for."""


class Watcher(Protocol):
    """Shows steps as they begin and end, for live progress."""

    def began(self, name: str, node: str = "") -> None:
        """The step `name` begins now."""

    def ended(self, span: Span) -> None:
        """A step has ended; `span.error` says how."""


def _say_nothing(sentence: str) -> None:
    del sentence


@dataclass(frozen=True)
class UsedImage:
    """A container image: the name that was asked for, and what it turned out to be.

    `digest` is `sha256:...`, the digest by which registries know it, or, where this machine knows
    none, the ID that docker gave to it: then it begins with `image ID`.
    """

    name: str
    digest: str


@dataclass
class Marks:
    """What a provider reports while it works.

    Phases of the running step: a phase lasts from its mark to the next one, or to the end of the
    step. `say` shows one sentence. `status` is what goes on now, by name and in a few words, to be
    shown next to the running step. `images` are the container images that the cluster is made of,
    by what they are for; entries of all three may come from any thread.
    """

    origin: Origin
    say: Callable[[str], None] = _say_nothing
    status: dict[str, str] = field(default_factory=dict)
    images: dict[str, UsedImage] = field(default_factory=dict)
    _marks: list[tuple[str, float]] = field(default_factory=list)
    _beside: list[Span] = field(default_factory=list)

    def mark(self, phase: str) -> None:
        """The phase `phase` of the running step begins now."""
        self._marks.append((phase, self.origin.now_s()))

    def note(self, words: str) -> None:
        """Say what the running step waits for, in place of what was said before.

        It is the status THE_STEP; no words mean that it waits for nothing.
        """
        if words:
            self.status[THE_STEP] = words
        else:
            self.status.pop(THE_STEP, None)

    @contextlib.contextmanager
    def beside(self, kind: str, about: str) -> Iterator[None]:
        """While in the context, work of this kind goes on next to the steps, in its own span."""
        start_s, error = self.origin.now_s(), INTERRUPTED
        try:
            yield
            error = ""
        except E2eError as failure:
            error = reason_of(failure)
            raise
        except Exception as defect:
            error = f"{type(defect).__name__}: {defect}"
            raise
        finally:
            span = Span(f"{kind} {about}", kind, start_s, self.origin.now_s(), error=error)
            self._beside.append(span)

    def take(self, parent: Span) -> list[Span]:
        """The phases of the step that has just ended, and what ended beside it.

        Forgets them and the note.
        """
        self.note("")
        marks, self._marks = self._marks, []
        beside, self._beside = self._beside, []
        ends = [*(start for _, start in marks[1:]), parent.end_s]
        phases = [
            Span(
                name=f"{parent.name}: {phase}",
                kind=phase,
                start_s=start,
                end_s=end,
                node=parent.node,
                hop=parent.hop,
                parent=parent.name,
            )
            for (phase, start), end in zip(marks, ends, strict=False)
        ]
        return [*phases, *beside]


@dataclass
class Executor:
    """Performs steps in order; `spans` grows with each. The first failure ends it.

    A refusal (BadInput) and a cluster that could not be made pass through as they are; every
    other error of the project becomes StepFailed.
    """

    perform: Callable[[Step], None]
    watcher: Watcher
    marks: Marks
    spans: list[Span] = field(default_factory=list)

    def run(self, steps: Iterable[Step]) -> None:
        """Perform all steps; raises StepFailed (cause chained) at the first that fails."""
        for step in steps:
            self._run_one(step)

    def _run_one(self, step: Step) -> None:
        self.watcher.began(step.name, step.node)
        start_s = self.marks.origin.now_s()
        error = INTERRUPTED
        try:
            self.perform(step)
            error = ""
        except (BadInput, ClusterNotMade) as refusal:
            error = reason_of(refusal)
            raise
        except E2eError as failure:
            error = reason_of(failure)
            raise StepFailed(step.name, error) from failure
        except Exception as defect:
            error = f"{type(defect).__name__}: {defect}"
            raise
        finally:
            self._close(step, start_s, error)

    def _close(self, step: Step, start_s: float, error: str) -> None:
        span = Span(
            name=step.name,
            kind=step.kind,
            start_s=start_s,
            end_s=self.marks.origin.now_s(),
            node=step.node,
            hop=step.hop,
            error=error,
        )
        self.spans.extend([span, *self.marks.take(span)])
        self.watcher.ended(span)


def reason_of(error: E2eError) -> str:
    """How to describe a failed step: for a command its line, exit code and output."""
    if isinstance(error, CommandFailed | Blocked):
        return str(error)
    return f"{type(error).__name__}: {error}"
