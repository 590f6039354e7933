"""The slowest events of a claim: run.json has them only as lines of its explanation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from upgrade_e2e.format import seconds_of

__all__ = ["SlowEvent", "slow_events"]

_LENGTH = r"(?:< )?\d+(?:\.\d+)? (?:ms|s|min|h)(?: \d+ (?:s|min))?"
_LINE = re.compile(
    rf"^ *slowest event \d+: (?P<took>{_LENGTH}) from (?P<start>\d+\.\d\d) s on, (?P<told>.+): "
    r"(?P<stream>[^@:]+)@(?P<node>\S+)$",
    re.MULTILINE,
)
_AMBIGUOUS = " (ambiguous)"
_HOP = re.compile(r" \(\S+->\S+\)$")
_NO_STEP = ("outside of any step", "before the first step")


@dataclass(frozen=True)
class SlowEvent:
    """One event of a stream, such as `deleted-to-gone`, that took `at_least_s`.

    `cause` and `told` are as those of an outage.
    """

    stream: str
    nodes: tuple[str, ...]
    start_s: float
    at_least_s: float
    cause: tuple[str, ...]
    told: str

    @property
    def weight(self) -> float:
        """How bad it was: its length; it hit one client alone."""
        return self.at_least_s


def slow_events(explanation: str) -> Iterator[SlowEvent]:
    """Those that an explanation of a claim names."""
    for found in _LINE.finditer(explanation):
        told = found["told"].removesuffix(_AMBIGUOUS)
        steps = () if told.startswith(_NO_STEP) else told.split(" and ")
        yield SlowEvent(
            stream=found["stream"],
            nodes=(found["node"],),
            start_s=float(found["start"]),
            at_least_s=seconds_of(found["took"]),
            cause=tuple(_HOP.sub("", step) for step in steps),
            told=found["told"],
        )
