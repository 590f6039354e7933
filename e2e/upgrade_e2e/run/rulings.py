"""Claims about what was seen, and the verdict that each way of ending one means."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass

from upgrade_e2e import report
from upgrade_e2e.errors import ClusterNotMade, Inconclusive
from upgrade_e2e.judge import Limits, Verdict
from upgrade_e2e.observers import Observer
from upgrade_e2e.run.upgraded import Upgraded

__all__ = ["NOT_JUDGED", "Claim", "Ruling", "broken_scenario", "judge"]


@dataclass(frozen=True)
class Claim:
    """Something that must be true of a pass.

    `check` is called with what was seen and the limits in force, and raises AssertionError when
    the claim does not hold. `sentence` is the claim in words. `observers` must have watched.
    """

    name: str
    sentence: str
    check: Callable[[Upgraded, Limits], None]
    observers: tuple[Observer, ...] = ()


@dataclass(frozen=True)
class Ruling:
    """A verdict with its reason. `traceback` is there when the scenario itself is broken."""

    verdict: Verdict
    explanation: str = ""
    traceback: str = ""


NOT_JUDGED = Ruling(Verdict.INCONCLUSIVE, report.NOT_JUDGED)


def judge(claim: Claim, upgraded: Upgraded, skips: tuple[type[BaseException], ...] = ()) -> Ruling:
    """The ruling on one claim. Only a broken claim is FAIL.

    An error of any other kind says that the check itself does not work, so nothing is known.
    `skips` are errors with which a check says that it does not apply to this pass.
    """
    try:
        claim.check(upgraded, upgraded.limits)
    except AssertionError as error:
        return Ruling(Verdict.FAIL, str(error))
    except skips as error:
        return Ruling(Verdict.SKIP, str(error))
    except (Inconclusive, ClusterNotMade) as error:
        return Ruling(Verdict.INCONCLUSIVE, str(error))
    except Exception as error:  # noqa: BLE001 - it is shown, with its traceback, as what it is
        return broken_scenario(error)
    return Ruling(Verdict.PASS)


def broken_scenario(error: BaseException, shown: str = "") -> Ruling:
    """The ruling for a scenario that raised something other than a broken claim.

    `shown` is its traceback, when the caller has a better one than Python's.
    """
    return Ruling(
        Verdict.INCONCLUSIVE,
        f"the scenario itself is broken: {type(error).__name__}: {error}",
        shown or "".join(traceback.format_exception(error)),
    )
