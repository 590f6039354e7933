"""Verdicts, and how those of many scenarios become one."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

__all__ = ["Verdict", "combine"]


class Verdict(StrEnum):
    """What can be said of one scenario, or of a whole pass."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    """The instrument was blind: neither a yes nor a no."""
    SKIP = "SKIP"
    """A requirement was missing; nothing was claimed."""


def combine(verdicts: Iterable[Verdict]) -> Verdict:
    """One verdict for all: FAIL beats INCONCLUSIVE beats PASS.

    Nothing but skips, or nothing at all, is INCONCLUSIVE: a pass in which no claim was judged
    must not look like one in which all claims held.
    """
    present = set(verdicts)
    for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS):
        if verdict in present:
            return verdict
    return Verdict.INCONCLUSIVE
