"""What watches and answers show of a small Deployment becomes samples, stage by stage."""

from __future__ import annotations

from typing import Any

import pytest

from upgrade_e2e.agent.webhook import VOLUME
from upgrade_e2e.observers.deployments.trial import (
    ACCEPTED,
    ADMITTED,
    ANSWERING,
    AVAILABLE,
    GONE,
    ISSUED,
    SCHEDULED,
    STAGES,
    TRIAL,
    UNTIL_ANSWERING,
    UNTIL_AVAILABLE,
    PodState,
)
from upgrade_e2e.observers.deployments.trial_tracker import TrialTracker
from upgrade_e2e.timeline import Outcome

ISSUED_STATE = PodState(injected=True, asked_ago_s=1.5, took_s=0.25)
WAITING = PodState(injected=True, asked_ago_s=20.0, took_s=None, trouble="timed out")
WITHOUT = PodState(injected=False, asked_ago_s=20.0, took_s=None, trouble="admitted without")
SPENT, REFUSED, BAD = Outcome.TIMEOUT, Outcome.CREATE_FAILED, Outcome.BAD_ANSWER


def pod(name: str = "t-1", *, node: str = "", injected: bool = True, going: bool = False) -> Any:
    """A pod of trial `t`."""
    meta: dict[str, Any] = {"name": name, "labels": {TRIAL: "t"}}
    if going:
        meta["deletionTimestamp"] = "2030-01-01T00:00:00Z"
    volumes = [{"name": VOLUME}] if injected else []
    spec = {"volumes": volumes, **({"nodeName": node} if node else {})}
    return {"metadata": meta, "spec": spec}


def deployment(*conditions: tuple[str, str, str]) -> Any:
    """The Deployment of trial `t` with these conditions: type, status, message."""
    names = ("type", "status", "message")
    shown = [dict(zip(names, one, strict=True)) for one in conditions]
    return {"metadata": {"name": "t", "labels": {TRIAL: "t"}}, "status": {"conditions": shown}}


AVAILABLE_NOW = deployment(("Available", "True", ""))
NO_WEBHOOK = deployment(("ReplicaFailure", "True", "failed calling webhook"))


@pytest.fixture
def trials() -> TrialTracker:
    """Trial `t` was asked for at second 10 and accepted half a second later."""
    made = TrialTracker(timeout_s=30.0)
    made.asked("t", 10.0)
    made.accepted("t", 10.5)
    return made


def through(trials: TrialTracker) -> None:
    """Trial `t` is available at second 13, on a worker."""
    trials.pod_changed(pod(), 11.0)
    trials.pod_changed(pod(node="worker"), 11.25)
    trials.deployment_changed(AVAILABLE_NOW, 13.0)


def seen(trials: TrialTracker) -> dict[str, tuple[str, float, float, Outcome]]:
    """What was measured, by stage: node, begin, end, outcome. Each stage has one sample at most."""
    stages = [one.stream for one in trials.seen]
    assert len(stages) == len(set(stages)), stages
    return {one.stream: (one.node, one.from_s, one.to_s, one.outcome) for one in trials.seen}


def failed(trials: TrialTracker) -> dict[str, Outcome]:
    """The stages that are neither good nor left out, with their outcomes."""
    left_out = {Outcome.OK, Outcome.NOT_SENT}
    return {name: one[3] for name, one in seen(trials).items() if one[3] not in left_out}


def unsent(trials: TrialTracker) -> set[str]:
    """The stages that were never come to."""
    return {name for name, one in seen(trials).items() if one[3] is Outcome.NOT_SENT}


def test_each_stage_has_its_own_duration(trials: TrialTracker) -> None:
    through(trials)
    assert trials.to_ask() == ["t"]
    trials.answered("t", ISSUED_STATE, 13.5)
    assert trials.to_ask() == []
    assert trials.to_delete() == ["t"]
    trials.deleted("t", 14.0)
    trials.pod_changed(pod(node="worker", going=True), 14.1)
    trials.pod_gone(pod(), 16.0)
    ok = Outcome.OK
    assert seen(trials) == {
        ACCEPTED: ("host", 10.0, 10.5, ok),
        ADMITTED: ("host", 10.5, 11.0, ok),
        SCHEDULED: ("host", 11.0, 11.25, ok),
        AVAILABLE: ("worker", 11.25, 13.0, ok),
        UNTIL_AVAILABLE: ("worker", 10.0, 13.0, ok),
        ISSUED: ("worker", 12.0, 12.25, ok),
        ANSWERING: ("worker", 13.0, 13.5, ok),
        UNTIL_ANSWERING: ("worker", 10.0, 13.5, ok),
        GONE: ("worker", 14.0, 16.0, ok),
    }
    assert trials.alive() == 0
    assert trials.last == "answered"


def test_two_watches_may_show_things_in_any_order(trials: TrialTracker) -> None:
    trials.deployment_changed(AVAILABLE_NOW, 13.0)
    assert trials.to_ask() == []
    trials.pod_changed(pod(node="worker"), 13.2)
    assert trials.to_ask() == ["t"]
    assert seen(trials)[AVAILABLE] == ("worker", 13.2, 13.2, Outcome.OK)


def test_an_event_may_come_before_the_answer(trials: TrialTracker) -> None:
    trials.asked("u", 20.0)
    trials.pod_changed({**pod(), "metadata": {"name": "u-1", "labels": {TRIAL: "u"}}}, 20.1)
    trials.accepted("u", 20.3)
    trials.not_accepted("u", 20.4)
    accepted = [one for one in trials.seen if one.stream == ACCEPTED and one.from_s == 20.0]
    assert [(one.to_s, one.outcome) for one in accepted] == [(20.1, Outcome.OK)]


def test_a_deployment_that_is_not_accepted_is_deleted_all_the_same() -> None:
    trials = TrialTracker(timeout_s=30.0)
    trials.asked("t", 10.0)
    trials.not_accepted("t", 12.0)
    every = {ACCEPTED, UNTIL_AVAILABLE, UNTIL_ANSWERING}
    assert failed(trials) == dict.fromkeys(every, REFUSED)
    assert unsent(trials) == set(STAGES) - every
    assert trials.to_delete() == ["t"]
    trials.deleted("t", 13.0)
    assert trials.alive() == 0


@pytest.mark.parametrize(
    ("change", "outcome"), [(NO_WEBHOOK, REFUSED), (deployment(), SPENT)], ids=["refused", "none"]
)
def test_a_pod_that_never_comes_fails_at_admission(
    trials: TrialTracker, change: Any, outcome: Outcome
) -> None:
    trials.deployment_changed(change, 11.0)
    assert trials.overdue(39.9) == []
    assert trials.overdue(40.0) == [("t", ())]
    trials.give_up("t", None, 40.0)
    assert failed(trials) == {ADMITTED: outcome, UNTIL_AVAILABLE: SPENT, UNTIL_ANSWERING: SPENT}
    assert seen(trials)[ADMITTED][:3] == ("host", 10.5, 40.0)
    assert unsent(trials) == {SCHEDULED, ISSUED, AVAILABLE, ANSWERING, GONE}


def test_what_the_api_no_longer_refuses_was_not_refused(trials: TrialTracker) -> None:
    trials.deployment_changed(NO_WEBHOOK, 11.0)
    trials.deployment_changed(deployment(("ReplicaFailure", "False", "")), 12.0)
    trials.give_up("t", None, 40.0)
    assert failed(trials)[ADMITTED] is SPENT
    assert trials.last == f"stuck in {ADMITTED}"


def test_a_pod_that_comes_without_a_credential_is_a_bad_answer_at_once(
    trials: TrialTracker,
) -> None:
    trials.pod_changed(pod(node="worker", injected=False), 11.0)
    assert failed(trials) == {ADMITTED: BAD}
    trials.give_up("t", WITHOUT, 40.0)
    late = dict.fromkeys((AVAILABLE, UNTIL_AVAILABLE, UNTIL_ANSWERING), SPENT)
    assert failed(trials) == {ADMITTED: BAD, **late}
    assert unsent(trials) == {ISSUED, ANSWERING}
    assert trials.last == f"stuck in {AVAILABLE} (admitted without)"


def test_a_pod_without_a_node_fails_at_scheduling(trials: TrialTracker) -> None:
    trials.pod_changed(pod(), 11.0)
    trials.give_up("t", None, 40.0)
    assert failed(trials) == dict.fromkeys((SCHEDULED, UNTIL_AVAILABLE, UNTIL_ANSWERING), SPENT)


def test_a_pod_that_waits_for_its_credential_fails_there_with_its_node(
    trials: TrialTracker,
) -> None:
    trials.pod_changed(pod(node="worker"), 11.0)
    assert trials.overdue(40.0) == [("t", ("t-1",))]
    trials.give_up("t", WAITING, 40.0)
    late = (ISSUED, AVAILABLE, UNTIL_AVAILABLE, UNTIL_ANSWERING)
    assert failed(trials) == dict.fromkeys(late, SPENT)
    assert seen(trials)[ISSUED] == ("worker", 20.0, 40.0, SPENT)
    assert unsent(trials) == {ANSWERING}
    assert trials.last == f"stuck in {ISSUED} (timed out)"


@pytest.mark.parametrize("state", [None, ISSUED_STATE], ids=["nothing runs", "it has one"])
def test_a_pod_that_is_not_ready_for_another_reason_is_no_fault_of_the_provider(
    trials: TrialTracker, state: PodState | None
) -> None:
    trials.pod_changed(pod(node="worker"), 11.0)
    trials.give_up("t", state, 40.0)
    assert failed(trials) == dict.fromkeys((AVAILABLE, UNTIL_AVAILABLE, UNTIL_ANSWERING), SPENT)
    assert ISSUED in unsent(trials)


def test_a_service_that_does_not_answer_fails_there(trials: TrialTracker) -> None:
    through(trials)
    trials.give_up("t", None, 40.0)
    assert failed(trials) == {ANSWERING: SPENT, UNTIL_ANSWERING: SPENT}
    assert seen(trials)[ANSWERING][:3] == ("worker", 13.0, 40.0)


def test_an_answer_with_the_wrong_credential_is_a_bad_one(trials: TrialTracker) -> None:
    through(trials)
    trials.answered_wrongly("t", 13.5)
    assert failed(trials) == {ANSWERING: BAD, UNTIL_ANSWERING: BAD}
    assert trials.to_delete() == ["t"]


def test_a_pod_that_was_moved_is_followed_to_its_new_node(trials: TrialTracker) -> None:
    trials.pod_changed(pod("t-1", node="worker"), 11.0)
    trials.pod_changed(pod("t-1", node="worker", going=True), 12.0)
    trials.pod_changed(pod("t-2", node="worker2"), 12.5)
    trials.pod_gone(pod("t-1"), 13.0)
    trials.deployment_changed(AVAILABLE_NOW, 14.0)
    assert seen(trials)[AVAILABLE] == ("worker2", 11.0, 14.0, Outcome.OK)
    assert trials.pods() == {"t": frozenset({"t-2"})}
    assert trials.alive() == 1


def test_what_a_list_lacks_is_gone_if_it_was_known_before(trials: TrialTracker) -> None:
    through(trials)
    before = trials.pods()
    trials.pod_changed(pod("t-2", node="worker"), 13.2)
    trials.deleted("t", 14.0)
    trials.pods_listed(set(), before, 15.0)
    assert trials.pods() == {"t": frozenset({"t-2"})}
    trials.pods_listed(set(), trials.pods(), 16.0)
    assert seen(trials)[GONE] == ("worker", 14.0, 16.0, Outcome.OK)
    assert trials.alive() == 0


def test_a_pod_that_stays_is_a_timeout_once_and_is_still_there(trials: TrialTracker) -> None:
    through(trials)
    trials.answered("t", ISSUED_STATE, 13.5)
    trials.deleted("t", 14.0)
    trials.expire(43.9)
    assert GONE not in seen(trials)
    trials.expire(44.0)
    trials.expire(50.0)
    assert seen(trials)[GONE] == ("worker", 14.0, 44.0, SPENT)
    assert trials.alive() == 1
    trials.pod_gone(pod(), 60.0)
    assert seen(trials)[GONE][3] is SPENT
    assert trials.alive() == 0


def test_nothing_is_noted_of_a_trial_that_is_over(trials: TrialTracker) -> None:
    through(trials)
    trials.answered("t", ISSUED_STATE, 13.5)
    before = list(trials.seen)
    trials.answered("t", ISSUED_STATE, 14.0)
    trials.answered_wrongly("t", 14.0)
    trials.give_up("t", None, 50.0)
    trials.deployment_changed(NO_WEBHOOK, 50.0)
    trials.pod_changed(pod("t-9", node="worker2"), 50.0)
    assert trials.seen == before
    assert trials.unfinished() == 0


def test_strangers_are_left_alone(trials: TrialTracker) -> None:
    stranger = {"metadata": {"name": "x"}, "spec": {"nodeName": "worker"}}
    trials.pod_changed(stranger, 11.0)
    trials.pod_gone(stranger, 12.0)
    trials.deployment_changed(stranger, 12.0)
    trials.give_up("x", None, 99.0)
    assert set(seen(trials)) == {ACCEPTED}


def test_a_state_is_read_from_an_answer_or_refused() -> None:
    said = {"injected": True, "asked_ago_s": 2, "took_s": None, "trouble": ""}
    assert PodState.read(said) == PodState(injected=True, asked_ago_s=2.0, took_s=None)
    assert PodState.read({**said, "took_s": 1}).took_s == 1.0
    for wrong in ({}, {**said, "asked_ago_s": "x"}, {**said, "took_s": []}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            PodState.read(wrong)
