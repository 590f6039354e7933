"""How long the parts of a step may take."""

from __future__ import annotations

from pathlib import Path

import pytest

from upgrade_e2e.providers.kind import step_time as module
from upgrade_e2e.providers.kind.planning import make_plan
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.providers.kind.step_time import CHOSEN, StepTime
from upgrade_e2e.upgrade import Step, resolve

USUAL = Step("kubeadm-apply", 1200)
CHOSEN_STEP = Step("kubeadm-apply", 1200, params={CHOSEN: "yes"})


@pytest.fixture
def clock(monkeypatch):
    """A clock that is moved by hand."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_a_part_has_its_usual_time_and_no_more_than_is_left(clock):
    time = StepTime.start(USUAL)
    assert time.within(900) == 900
    clock[0] = 1000.0
    assert time.within(900) == 200
    clock[0] = 5000.0
    assert time.within(900) == 1


def test_in_a_time_that_was_chosen_all_that_is_left_counts(clock):
    time = StepTime.start(CHOSEN_STEP)
    assert time.within(900) == 1200
    clock[0] = 1000.0
    assert time.within(900) == 200


def test_every_step_of_the_upgrade_has_the_chosen_time_but_a_drain():
    settings = KindSettings(workdir=Path("w"), step_timeout_s=2000, drain_timeout_s=900)
    plan = make_plan(settings, resolve(["v1.33.13", "v1.34.4"], []), cgroup_v1=False)
    chosen = [step for step in (*plan.upgrade, *plan.verify) if step.kind != "drain"]
    assert {step.timeout_s for step in chosen} == {2000}
    assert all(StepTime.start(step).within(10) > 1000 for step in chosen)
    assert {step.timeout_s for step in plan.upgrade if step.kind == "drain"} == {960}
    assert {step.timeout_s for step in plan.prepare} == {900}
