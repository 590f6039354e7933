"""How nodes are drained: the arguments of kubectl drain, and how long it may take."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from upgrade_e2e.errors import BadInput

__all__ = ["DRAIN_S", "USUAL_ARGUMENTS", "DrainOrder", "require_seconds"]

DRAIN_S = 300.0
USUAL_ARGUMENTS = ("--ignore-daemonsets", "--delete-emptydir-data", "--force")
"""`--force` is for bare pods, which nothing would bring back anyway; budgets are respected."""

LONGEST_S = 86_400.0
"""Own choice: a day."""

_SWITCHES = frozenset({"--disable-eviction", *USUAL_ARGUMENTS})
_ELSEWHERE = frozenset({"--kubeconfig", "--context", "--cluster", "--server", "-s"})
_GO_DURATION = re.compile(r"(?:\d+(?:\.\d*)?(?:h|ms|m|s))+", re.ASCII)
_GO_PART = re.compile(r"(\d+(?:\.\d*)?)(h|ms|m|s)", re.ASCII)
_UNIT_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


@dataclass(frozen=True)
class DrainOrder:
    """The arguments of `kubectl drain NODE`, without its `--timeout`, which is `allowed_s`."""

    arguments: tuple[str, ...]
    allowed_s: float

    @classmethod
    def of(cls, arguments: Sequence[str], timeout_s: float) -> DrainOrder:
        """The user's arguments in place of the usual ones, if there are any.

        Raises BadInput for arguments that this tool gives itself or that would drain nothing, and
        for seconds that cannot be. Other nonsense is kubectl's to refuse.
        """
        require_seconds("--drain-timeout", timeout_s)
        others, limits = _without_timeouts(tuple(arguments) or USUAL_ARGUMENTS)
        for argument in others:
            if reason := _why_not(argument):
                raise BadInput(f"--drain-args has {argument!r}, {reason}; leave it out.")
        if len(limits) > 1 or (limits and timeout_s != DRAIN_S):
            raise BadInput(
                "--drain-args has --timeout next to another limit of the drain; give one of them, "
                "best --drain-timeout."
            )
        if bare := next(_bare_words(others), ""):
            raise BadInput(
                f"--drain-args has {bare!r}, which kubectl reads as a node; the steps of the plan "
                "name the nodes."
            )
        return cls(others, _go_seconds(limits[0]) if limits else timeout_s)

    @property
    def argv(self) -> tuple[str, ...]:
        """All arguments after the name of the node."""
        return (*self.arguments, f"--timeout={self.allowed_s:g}s")

    @property
    def heeds_budgets(self) -> bool:
        """Whether PodDisruptionBudgets are respected."""
        off = "--disable-eviction"
        return not any(one in {off, f"{off}=true"} for one in self.arguments)


def require_seconds(option: str, seconds: float) -> None:
    """Refuse, with BadInput, what is no time that a step may take."""
    if math.isnan(seconds) or not 1 <= seconds <= LONGEST_S:
        raise BadInput(
            f"{option} is {seconds:g}; write seconds from 1 to {LONGEST_S:g}, which is a day."
        )


def _without_timeouts(arguments: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """The arguments without `--timeout`, and the values that it had."""
    others: list[str] = []
    limits: list[str] = []
    words = iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        if name == "--timeout":
            limits.append(value if equals else next(words, ""))
        else:
            others.append(word)
    return tuple(others), limits


def _why_not(argument: str) -> str:
    """Why the drain may not have this argument; empty when it may."""
    name = argument.partition("=")[0]
    if name == "--selector" or (argument.startswith("-l") and not argument.startswith("--")):
        return "which selects nodes, and the steps of the plan name the nodes"
    if name == "--dry-run":
        return "with which nothing is drained"
    if name in {"--help", "-h"}:
        return "which prints help and drains nothing"
    if name in _ELSEWHERE:
        return "which may point to another cluster"
    if name == "--":
        return "after which kubectl reads nodes, and the steps of the plan name the nodes"
    return ""


def _bare_words(arguments: Sequence[str]) -> Iterator[str]:
    """The words that belong to no flag."""
    before = ""
    for word in arguments:
        takes_it = before.startswith("-") and "=" not in before and before not in _SWITCHES
        if not word.startswith("-") and not takes_it:
            yield word
        before = word


def _go_seconds(text: str) -> float:
    """The seconds of a duration as Go writes it: `10m`, `1h30m`, `90s`."""
    parts = _GO_PART.findall(text) if _GO_DURATION.fullmatch(text) else []
    seconds = sum(float(number) * _UNIT_S[unit] for number, unit in parts)
    if not 1 <= seconds <= LONGEST_S:
        raise BadInput(
            f"--drain-args has --timeout {text!r}; write a duration from 1s to 24h, like 10m, or "
            "--drain-timeout with seconds."
        )
    return seconds
