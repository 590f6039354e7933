"""Every observer is looked at once, and the answer is that of a look at it alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import Limits, Views, view_of

from .made import count_weighings, failing, steady, to_timeline

WHOLE = (0, 10_000_000)


def views(*lines, limits=None):
    """The views of one observer, `web`."""
    return Views(to_timeline(lines, *WHOLE), limits or Limits.default())


def test_an_observer_is_weighed_once_however_often_it_is_asked_for(monkeypatch):
    weighed = count_weighings(monkeypatch)
    made = views(steady(fail=failing(range(300, 320))))
    assert made.of("web") is made.of("web") is made.claimable("web")
    assert len(weighed) == 1


def test_the_view_is_that_of_a_look_under_the_same_limits():
    line = steady(fail=failing(range(300, 320)))
    line.shots = [replace(shot, late=200, latency=shot.latency + 200) for shot in line.shots]
    strict = Limits.default().override({"instrument": {"late_s": 0.0001}}, "test")
    usual, made = views(line), views(line, limits=strict)
    assert made.of("web").explain() == view_of(made.timeline, "web", strict).explain()
    assert (usual.of("web").timed_share, made.of("web").timed_share) == (1, 0)


def test_one_that_was_blind_can_be_looked_at_but_nothing_claimed():
    made = views(steady(count=50))
    assert made.of("web").count == 50
    with pytest.raises(Inconclusive, match="web was blind"):
        made.claimable("web")


@pytest.mark.parametrize("ask", [Views.of, Views.claimable])
def test_one_that_the_pass_did_not_have_is_inconclusive(ask):
    made = views(steady())
    assert made.observers == ("web",)
    with pytest.raises(Inconclusive, match="dns never ran"):
        ask(made, "dns")
