"""While the controllers have no leader, new Deployments wait, and nobody else is to blame."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from upgrade_e2e.judge import Seen, view_of
from upgrade_e2e.timeline import Outcome, Span

from .made import failing, steady, to_timeline
from .reference import Line, Shot

SECOND = 1_000_000
WHOLE_S = 200
UP = "created-to-available"
Event = tuple[float, float]


def deployments(*events: Event, node: str = "worker", outcome: Outcome = Outcome.OK) -> Line:
    """New Deployments: when they were asked for, and how long they took, in seconds."""
    shots = [Shot(round(at * SECOND), 0, round(took * SECOND), int(outcome)) for at, took in events]
    return Line(f"{UP}@{node}", node, "a new Deployment, until it is available", 0, shots)


def asked(kind: str, *absences: Event) -> Line:
    """A reference that is asked once a second, and fails from each begin to its end."""
    gone = [n for n in range(WHOLE_S) if any(start <= n < end for start, end in absences)]
    name = f"{kind}@host"
    return steady(count=WHOLE_S, interval=SECOND, name=name, node="host", fail=failing(gone))


def seen(*lines: Line, spans: Sequence[Span] = ()) -> Seen:
    timeline = to_timeline(lines, 0, WHOLE_S * SECOND)
    return view_of(dataclasses.replace(timeline, spans=(*timeline.spans, *spans)), "web")


STEADY = tuple((float(at), 2.0) for at in range(0, WHOLE_S - 10, 20) if at != 60)
SLOW = ((50.5, 17.0),)


def test_what_waited_for_a_leader_is_left_out() -> None:
    """The leases were not renewed from second 50 to 66; the Deployment took one second more."""
    view = seen(deployments(*STEADY, *SLOW), asked("api"), asked("controllers", (50, 66)))
    assert view.masked == 1
    assert view.max_s == 2.0
    assert view.left_out_s == pytest.approx(17.0, abs=1.1)
    assert view.api_away_s == 0


def test_what_took_much_longer_than_the_leader_counts() -> None:
    view = seen(deployments(*STEADY, (50.5, 40.0)), asked("api"), asked("controllers", (50, 66)))
    assert view.masked == 0
    assert view.max_s == 40.0


def replaced(start_s: float, end_s: float, kind: str = "etcd", of: str = "kubeadm-node b") -> Span:
    """A phase in which something was replaced on the control plane `b`."""
    return Span(f"{of}: {kind}", kind, start_s, end_s, node="b", parent=of)


def test_what_waited_for_a_member_of_etcd_that_was_replaced_is_left_out() -> None:
    """The API answered all the time, and the controllers had their leaders."""
    lines = (deployments(*STEADY, *SLOW), asked("api"), asked("controllers"))
    view = seen(*lines, spans=[replaced(45, 66)])
    assert (view.masked, view.max_s) == (1, 2.0)
    assert view.left_out_s == pytest.approx(21.0, abs=0.1)
    told = [line for line in view.explain().splitlines() if "members of etcd were replaced" in line]
    assert len(told) == 1
    assert "for 21 s in all, longest 21 s; left out" in told[0]


@pytest.mark.parametrize(
    "span", [replaced(45, 66, kind="kube-apiserver"), replaced(45, 66, of=""), replaced(90, 99)]
)
def test_no_other_step_explains_a_wait(span: Span) -> None:
    view = seen(deployments(*STEADY, *SLOW), asked("api"), asked("controllers"), spans=[span])
    assert (view.masked, view.max_s) == (0, 17.0)


def test_a_replaced_member_explains_nothing_to_those_who_need_no_controllers() -> None:
    view = seen(deployments(*STEADY, *SLOW), asked("api"), spans=[replaced(45, 66)])
    assert (view.masked, view.max_s, view.left_out_s) == (0, 17.0, 0)


def test_without_their_leases_nothing_is_left_out_for_the_controllers() -> None:
    view = seen(deployments(*STEADY, *SLOW), asked("api"))
    assert (view.masked, view.max_s, view.left_out_s) == (0, 17.0, 0)


def test_the_reference_is_no_stream_of_its_own() -> None:
    view = seen(deployments(*STEADY), asked("api"), asked("controllers"))
    assert [stream.name for stream in view.streams] == [f"{UP}@worker"]
    assert view.notes == ()


def test_the_explanation_says_how_long_there_was_no_leader() -> None:
    view = seen(
        deployments(*STEADY, *SLOW),
        deployments(*STEADY, node="worker2"),
        asked("api"),
        asked("controllers", (50, 66), (100, 105)),
    )
    said = [line for line in view.explain().splitlines() if "had no leader" in line]
    assert len(said) == 1
    assert "in all, longest 17 s" in said[0]


def test_stages_that_nobody_came_to_are_neither_blind_nor_failed() -> None:
    """Of a stage behind one that fails nothing is known; its prober was not idle for that."""
    stuck = [(float(at), 30.0) for at in range(0, 160, 15)]
    late = deployments(*stuck, outcome=Outcome.TIMEOUT)
    behind = deployments(*stuck, outcome=Outcome.NOT_SENT)
    behind = Line("available-to-answering@host", "host", behind.target, 0, behind.shots)
    view = seen(late, behind, asked("api"))
    assert view.failures == len(stuck)
    assert view.unsent == len(stuck)
    assert view.only(stream="available-to-answering").count == 0
    assert view.blind_share == 0
