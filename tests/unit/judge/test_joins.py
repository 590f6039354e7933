"""An explanation of pods on a new node says in which step that node joined."""

from __future__ import annotations

from upgrade_e2e.judge import view_of
from upgrade_e2e.timeline import Outcome, Span

from .made import to_timeline
from .reference import Line, Shot

SECOND = 1_000_000
JOIN = Span("join-node worker3", "join-node", 10.0, 20.0, "worker3")
OTHER = Span("join-node worker4", "join-node", 20.0, 25.0, "worker4")
READY = Span("join-node worker3: ready", "ready", 18.0, 20.0, "worker3", parent=JOIN.name)


def explained(stream: str, *spans: Span) -> list[str]:
    """What is said of one pod that this stream saw at second 30."""
    node = stream.partition("@")[2]
    line = Line(stream, node, "pods", 0, [Shot(30 * SECOND, 0, SECOND, int(Outcome.OK))])
    timeline = to_timeline([line], 0, 60 * SECOND, spans=spans)
    return [said for said in view_of(timeline, "web").explain().splitlines() if "joined" in said]


def test_the_step_of_the_new_node_is_named_though_its_pods_come_later() -> None:
    assert explained("dns-new@dev-worker3", JOIN, READY, OTHER) == [
        "dev-worker3 joined in the step join-node worker3, from 10.00 s to 20.00 s"
    ]


def test_of_other_streams_nothing_is_said() -> None:
    assert explained("dns@dev-worker3", JOIN) == []
    assert explained("dns-early@dev-worker3", JOIN) == []


def test_nothing_is_said_where_no_step_shows_the_join() -> None:
    assert explained("dns-new@dev-worker3", READY, OTHER) == []
