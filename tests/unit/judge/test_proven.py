"""A 99th percentile of few events: broken by more late ones than chance explains, never by one."""

from __future__ import annotations

import pytest

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import Limits, Seen, view_of
from upgrade_e2e.timeline import Outcome

from .made import to_timeline
from .reference import Line, Shot

SECOND = 1_000_000
LIMIT_S = Limits.default().deployments.available_p99_s


def deployments(count: int, late: int, outcome: Outcome = Outcome.OK) -> Seen:
    """As many new Deployments, of which some took four times as long as they may."""
    shots = [
        Shot(number * 5 * SECOND, 0, 20 * SECOND, int(outcome))
        if number < late
        else Shot(number * 5 * SECOND, 0, SECOND, int(Outcome.OK))
        for number in range(count)
    ]
    line = Line("created-to-available@worker", "worker", "a new Deployment", 0, shots)
    return view_of(to_timeline([line], 0, count * 5 * SECOND), "web")


@pytest.mark.parametrize(("count", "allowed"), [(20, 1), (35, 1), (36, 2), (60, 2), (82, 2)])
@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.TIMEOUT])
def test_as_many_may_be_late_as_chance_explains(count: int, allowed: int, outcome: Outcome) -> None:
    assert deployments(count, allowed, outcome).proven_p99_s <= LIMIT_S
    assert not deployments(count, allowed + 1, outcome).proven_p99_s <= LIMIT_S


def test_of_too_few_nothing_is_known() -> None:
    with pytest.raises(Inconclusive, match=r"19 latencies are too few for the 99th .* takes 20"):
        assert deployments(19, 0).proven_p99_s
