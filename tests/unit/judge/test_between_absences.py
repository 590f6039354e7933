"""What is asked of an API server while it is not away; what is claimed of each node."""

from __future__ import annotations

import pytest

from tests.unit.judge.made import failing, steady, to_timeline
from upgrade_e2e.errors import BadInput, Inconclusive
from upgrade_e2e.judge import Limits, require_view, view_of
from upgrade_e2e.timeline import Outcome

WHOLE = (0, 30_000_000)
AWAY = failing(range(1000, 1300), Outcome.HTTP_5XX)
"""From 10 s to 13 s, of probes 10 ms apart."""


def api(**fail):
    """What was seen of an API server that is away for 3 s; writes fail as given."""
    readyz = steady(count=3000, name="readyz@host", node="host", fail=AWAY)
    writes = steady(count=3000, name="write@host", node="host", fail=fail.get("writes", {}))
    return view_of(to_timeline([readyz, writes], *WHOLE), "web")


def test_an_absence_and_what_reaches_into_it_do_not_count():
    around = failing(range(950, 1350), Outcome.TIMEOUT)
    seen = api(writes=around).between_absences()
    assert seen.failures == 0
    assert 4_900 < seen.count < 5_100


def test_failures_elsewhere_count():
    seen = api(writes=failing(range(2000, 2100), Outcome.HTTP_5XX)).between_absences()
    assert seen.only(stream="write").failures == 100
    assert seen.only(stream="readyz").failures == 0
    assert seen.api_away_s == pytest.approx(3.0, abs=0.1)


def test_without_an_absence_it_is_everything():
    whole = view_of(to_timeline([steady(fail=failing([500]))], 0, 10_000_000), "web")
    assert whole.between_absences().count == whole.count
    assert whole.between_absences().failures == 1


def test_a_kind_of_connection_that_was_not_watched_proves_nothing():
    seen = view_of(to_timeline([steady()], 0, 10_000_000), "web")
    with pytest.raises(Inconclusive, match="did not watch over reused connections"):
        seen.only(connection="reused")
    with pytest.raises(BadInput, match="no stream with"):
        seen.only(connection="resued")


def test_a_stream_that_saw_nothing_for_long_is_blind():
    timeline = to_timeline([steady(count=100_000)], 0, 1_040_000_000)
    limits = Limits.default()
    with pytest.raises(Inconclusive, match=r"new@worker saw nothing for 40 s in one piece"):
        require_view(timeline, "web", limits)
