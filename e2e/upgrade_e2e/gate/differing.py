"""In what two runs differ, so that their figures cannot be weighed against one another.

Clusters are compared by what they are, never by their names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.cluster.room import ROOM_CHOICE
from upgrade_e2e.gate.choices import option_of
from upgrade_e2e.gate.run import Run

__all__ = ["Difference", "differences", "is_unknown", "prepared_otherwise", "unlike"]

REUSED = "reuse-cluster"
NAMES = frozenset({REUSED, "kind-config"})
"""Choices that name a cluster or a file, and say nothing of what it is."""
PREPARED = "after-create"
"""The choice that holds what a user did to a cluster once it was made."""
MAKING = frozenset(
    {"fast-control-plane", "fail-cgroup-v1", "kind-config-digest", PREPARED, ROOM_CHOICE}
)
"""Choices that are known when a cluster is made. One that was reused was made before, somehow:
there the facts and the number of nodes say what came of it."""
BY_CHANCE = frozenset({"config_digest"})
"""Of simulated clusters: which loopback network was free is part of their configuration."""
NOT_SET = "not set"


@dataclass(frozen=True)
class Difference:
    """What two runs differ in, and the value of either, for people."""

    what: str
    one: str
    other: str


def differences(one: Run, other: Run) -> list[Difference]:
    """Everything in which two runs differ that must be alike; empty for comparable runs."""
    pairs = [
        Difference("path", " -> ".join(one.path), " -> ".join(other.path)),
        Difference("provider", _provider(one), _provider(other)),
        *_choices(one, other),
    ]
    # A pass that broke off may know neither, and those of earlier versions left no facts.
    if one.facts and other.facts:
        left_out = BY_CHANCE if one.simulated and other.simulated else frozenset()
        pairs += _facts(one.facts, other.facts, left_out)
    if one.nodes and other.nodes:
        pairs.append(Difference("nodes", one.nodes, other.nodes))
    return [pair for pair in pairs if pair.one != pair.other]


def unlike(one: Run, other: Run) -> list[Difference]:
    """As `differences`, without how a user prepared the clusters.

    What was done to a cluster after it was made may be what is under test: then runs of before it
    can show that it is worse. They cannot show that a version is as good.
    """
    return [found for found in differences(one, other) if found.what != _setting(PREPARED)]


def prepared_otherwise(one: Run, other: Run) -> Difference | None:
    """How differently users prepared the clusters of two runs; None where they did not."""
    found = differences(one, other)
    return next((pair for pair in found if pair.what == _setting(PREPARED)), None)


def is_unknown(run: Run) -> bool:
    """Whether nothing says on what kind of cluster a run was: it was there, and left no facts."""
    return _is_reused(run) and run.facts is None


def _choices(one: Run, other: Run) -> Iterator[Difference]:
    """The settings, without those that the facts of both clusters stand for."""
    left_out = NAMES
    if (_is_reused(one) or _is_reused(other)) and one.facts and other.facts:
        left_out = NAMES | MAKING
    for key in sorted({*one.choices, *other.choices} - left_out):
        first, second = one.choices.get(key, NOT_SET), other.choices.get(key, NOT_SET)
        yield Difference(_setting(key), first, second)


def _setting(key: str) -> str:
    return f"setting {option_of(key)}"


def _facts(
    one: ClusterFacts, other: ClusterFacts, left_out: frozenset[str]
) -> Iterator[Difference]:
    for fact in fields(ClusterFacts):
        first, second = getattr(one, fact.name), getattr(other, fact.name)
        # An empty text is a fact that could not be read.
        if fact.name not in left_out and "" not in (first, second):
            yield Difference(fact.name.replace("_", " "), _shown(first), _shown(second))


def _shown(value: object) -> str:
    return (", ".join(value) or "none") if isinstance(value, tuple) else str(value)


def _is_reused(run: Run) -> bool:
    return REUSED in run.choices


def _provider(run: Run) -> str:
    return f"{run.provider} (SIMULATED)" if run.simulated else run.provider
