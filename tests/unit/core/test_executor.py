"""The executor: steps become spans, the first failure ends it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

import pytest

from upgrade_e2e.errors import BadInput, Blocked, ClusterNotMade, CommandFailed, StepFailed
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Executor, Marks, Step


@dataclass
class Heard:
    said: list[str] = field(default_factory=list)

    def began(self, name, node=""):
        del node
        self.said.append(f"> {name}")

    def ended(self, span):
        self.said.append(f"< {span.name} {span.error}".strip())


def executor(perform, marks=None):
    return Executor(perform, Heard(), marks or Marks(Origin()))


STEPS = [Step("drain", 60, node="worker", hop="a->b"), Step("uncordon", 60, node="worker")]


def test_each_step_becomes_a_span_in_order():
    done = []
    ran = executor(done.append)
    ran.run(STEPS)
    assert done == STEPS
    assert [(s.name, s.kind, s.node, s.hop, s.error) for s in ran.spans] == [
        ("drain worker", "drain", "worker", "a->b", ""),
        ("uncordon worker", "uncordon", "worker", "", ""),
    ]
    assert ran.spans[0].end_s <= ran.spans[1].start_s
    assert ran.watcher.said[0] == "> drain worker"


def test_a_failed_command_ends_it_and_is_told_whole():
    def perform(step):
        raise CommandFailed("kubectl drain worker", 1, "cannot evict", 60)

    ran = executor(perform)
    with pytest.raises(StepFailed) as caught:
        ran.run(STEPS)
    assert caught.value.step == "drain worker"
    for part in ("kubectl drain worker", "exited with 1", "cannot evict"):
        assert part in caught.value.reason
        assert part in ran.spans[0].error
    assert len(ran.spans) == 1


def test_a_refusal_passes_through_as_it_is():
    def perform(step):
        raise BadInput("no such image; build it")

    with pytest.raises(BadInput, match="no such image"):
        executor(perform).run(STEPS)


def test_an_interruption_leaves_a_span():
    def perform(step):
        raise KeyboardInterrupt

    ran = executor(perform)
    with pytest.raises(KeyboardInterrupt):
        ran.run(STEPS)
    assert ran.spans[0].interrupted


def test_a_defect_is_no_interruption():
    def perform(_):
        raise TypeError("no such field")

    ran = executor(perform)
    with pytest.raises(TypeError):
        ran.run(STEPS)
    assert not ran.spans[0].interrupted
    assert ran.spans[0].error == "TypeError: no such field"


def test_phases_fill_the_rest_of_their_step():
    marks = Marks(Origin())

    def perform(step):
        if step.kind == "drain":
            marks.mark("evict")
            marks.mark("wait")

    ran = executor(perform, marks)
    ran.run(STEPS)
    step, evict, wait, other = ran.spans
    assert (evict.parent, evict.name) == ("drain worker", "drain worker: evict")
    assert evict.end_s == wait.start_s
    assert wait.end_s == step.end_s
    assert other.kind == "uncordon"


def test_work_beside_the_steps_has_spans_of_its_own():
    marks = Marks(Origin())
    beside = marks.beside("pull", "big:1")

    def perform(step):
        if step.kind == "drain":
            beside.__enter__()
        else:
            beside.__exit__(None, None, None)
            with contextlib.suppress(ClusterNotMade), marks.beside("pull", "small:1"):
                raise ClusterNotMade("it broke off")

    ran = executor(perform, marks)
    ran.run(STEPS)
    first, second, big, small = ran.spans
    assert first.kind == "drain"
    assert (big.name, big.kind, big.parent, big.error) == ("pull big:1", "pull", "", "")
    assert first.start_s <= big.start_s <= first.end_s <= big.end_s <= second.end_s
    assert small.error == "ClusterNotMade: it broke off"


def test_what_blocks_comes_first_in_the_reason():
    def perform(step):
        raise Blocked("shop/web is held by budget shop/web\nand more")

    ran = executor(perform)
    with pytest.raises(StepFailed) as caught:
        ran.run(STEPS)
    first = str(caught.value).splitlines()[0]
    assert first == "step 'drain worker' failed: shop/web is held by budget shop/web"


def test_a_note_lasts_as_long_as_its_step():
    marks = Marks(Origin())
    noted = []

    def perform(step):
        noted.append(dict(marks.status))
        marks.note(f"waits for {step.name}")

    executor(perform, marks).run(STEPS)
    assert noted == [{}, {}]
    assert marks.status == {}
