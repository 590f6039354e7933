"""What each way of ending a check means: only a broken claim is FAIL."""

from __future__ import annotations

import pytest

from tests.synthetic import Shape, make_timeline
from upgrade_e2e.errors import BadInput, ClusterNotMade, E2eError, Inconclusive
from upgrade_e2e.judge import Limits, Verdict
from upgrade_e2e.providers.base import Capabilities
from upgrade_e2e.run import Upgraded
from upgrade_e2e.run.rulings import Claim, broken_scenario, judge


class NotHereError(Exception):
    """A requirement is missing."""


@pytest.fixture(scope="module")
def upgraded():
    """What was seen in a short made-up pass."""
    path = ("v1.33.13", "v1.34.4")
    return Upgraded(make_timeline(Shape(20, 10)), path, Limits.default(), Capabilities("sim"))


def ruling_on(upgraded, error):
    """The ruling on a check that raises `error`, or nothing."""

    def check(seen, limits):
        if error is not None:
            raise error

    return judge(Claim("claim", "It holds.", check), upgraded, (NotHereError,))


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (None, Verdict.PASS),
        (AssertionError("3 refused"), Verdict.FAIL),
        (NotHereError("needs three"), Verdict.SKIP),
        (Inconclusive("it was dark"), Verdict.INCONCLUSIVE),
        (ClusterNotMade("no disk"), Verdict.INCONCLUSIVE),
    ],
)
def test_a_reason_is_kept_as_it_is(upgraded, error, verdict):
    ruling = ruling_on(upgraded, error)
    assert (ruling.verdict, ruling.explanation) == (verdict, str(error or ""))
    assert ruling.traceback == ""


@pytest.mark.parametrize(
    "error", [NameError("typo"), BadInput("no such stream"), E2eError("?"), ZeroDivisionError("/")]
)
def test_any_other_error_says_that_the_scenario_is_broken(upgraded, error):
    ruling = ruling_on(upgraded, error)
    assert ruling.verdict is Verdict.INCONCLUSIVE
    wanted = f"the scenario itself is broken: {type(error).__name__}: {error}"
    assert ruling.explanation == wanted
    assert "in check" in ruling.traceback
    assert ruling.traceback.rstrip().endswith(f"{type(error).__name__}: {error}")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)])
def test_what_ends_the_process_is_not_judged(upgraded, error):
    with pytest.raises(type(error)):
        ruling_on(upgraded, error)


def test_without_skips_nothing_is_skipped(upgraded):
    def check(seen, limits):
        raise NotHereError("needs three")

    assert judge(Claim("claim", "It holds.", check), upgraded).verdict is Verdict.INCONCLUSIVE


def test_a_check_gets_what_was_seen_and_the_limits_in_force(upgraded):
    got = []
    judge(Claim("claim", "It holds.", lambda *given: got.append(given)), upgraded)
    assert got == [(upgraded, upgraded.limits)]


def test_a_better_traceback_is_taken(upgraded):
    assert (
        broken_scenario(NameError("typo"), "as pytest shows it").traceback == "as pytest shows it"
    )
