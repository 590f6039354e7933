"""Limits drawn from earlier passes of the same kind, for those who care about change."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from upgrade_e2e.errors import BadInput
from upgrade_e2e.gate.kin import fit_runs
from upgrade_e2e.gate.run import Run
from upgrade_e2e.gate.settings import GateSettings, Margin
from upgrade_e2e.judge import Limits

__all__ = [
    "FROM_HISTORY",
    "NO_HISTORY",
    "QUANTILE",
    "LimitFigure",
    "asks_history",
    "drawn_limits",
    "drawn_sentence",
    "limit_figures",
    "limits_kept",
]

FROM_HISTORY = "from-history"
QUANTILE = GateSettings().confidence
"""Of fewer than 20 passes it is their largest figure."""
FEWEST = GateSettings().min_runs
_KEPT = "kept"
_SHARES = ("_ratio", "_share")
_WHERE = f"--limits {FROM_HISTORY}"
NO_HISTORY = f"{_WHERE} needs a history to draw them from; name its file with --history FILE."


@dataclass(frozen=True)
class LimitFigure:
    """What a limit is drawn from: the largest `metric` of observers of these kinds."""

    observers: tuple[str, ...]
    metric: str
    margin: Margin

    def of(self, run: Run) -> float | None:
        """The figure of one run; None where that has none, or only a lower bound."""
        found = [
            figure
            for figure in run.figures
            if figure.metric == self.metric and figure.observer.partition("-")[0] in self.observers
        ]
        if not found or any(figure.censored for figure in found):
            return None
        return max(figure.value for figure in found)


@cache
def limit_figures() -> Mapping[str, LimitFigure]:
    """By the key of each limit that can be drawn."""
    return {
        key: LimitFigure(
            tuple(entry["observers"]),
            entry["metric"],
            Margin(entry["absolute"], entry["relative"], entry["source"]),
        )
        for key, entry in _table().items()
        if key != _KEPT
    }


@cache
def limits_kept() -> Mapping[str, str]:
    """By the key, or the group, of each limit that is never drawn: the reason."""
    return dict(_table()[_KEPT])


def asks_history(limits: Path | None) -> bool:
    """Whether the option `limits` asks for those of the history, and for no file.

    A configuration file makes its paths relative to its folder, so that the name alone counts.
    """
    return limits is not None and limits.name == FROM_HISTORY and not limits.exists()


def drawn_limits(like: Run, history: Sequence[Run], file: Path) -> Limits:
    """The default limits, with those replaced that earlier runs of the kind of `like` give.

    Raises BadInput where `history`, which was read from `file`, has fewer than five of them.
    """
    kin = fit_runs(like, history)
    if like.facts is None and kin.runs:  # before there is a cluster, it is to be as the last one
        kin = fit_runs(replace(like, facts=kin.runs[-1].facts), history)
    if len(kin.runs) < FEWEST:
        raise BadInput(
            f"{_WHERE} needs {FEWEST} earlier passes of the same kind that were PASS, and {file} "
            f"has {len(kin.runs)}{kin.why}; make more, add them with `upgrade-e2e history add "
            "RUN_DIR`, and use a limits file until then."
        )
    entries: dict[str, dict[str, Any]] = {}
    for key, value, reason in _drawn(kin.runs):
        group, _, name = key.partition(".")
        entries.setdefault(group, {})[name] = {"value": value, "reason": reason}
    return Limits.default().override(entries, _WHERE)


def drawn_sentence(limits: Limits) -> str:
    """Which limits were drawn, and which were not, for the terminal."""
    drawn = [row.key for row in limits.table if row.reason]
    kept = [key for key in limit_figures() if key not in drawn]
    also = f"; not every pass has a figure for {', '.join(kept)}" if kept else ""
    return (
        f"Limits drawn from the history: {', '.join(drawn) or 'none'}{also}. The others stay at "
        "their defaults."
    )


def _drawn(runs: Sequence[Run]) -> Iterator[tuple[str, float, str]]:
    """Key, value and reason of each limit that all runs give."""
    defaults = {row.key: row.default for row in Limits.default().table}
    for key, source in limit_figures().items():
        values = [value for run in runs if (value := source.of(run)) is not None]
        if len(values) < len(runs):
            continue
        usual = float(np.quantile(values, QUANTILE, method="higher"))
        margin = source.margin.at(usual)
        reason = (
            f"drawn from {len(runs)} passes of this kind: {QUANTILE:.0%} of them had "
            f"{source.metric} of at most {usual:.4g}, and {margin:.4g} is the margin"
        )
        yield key, _as_limit(key, usual + margin, whole=isinstance(defaults[key], int)), reason


def _as_limit(key: str, value: float, *, whole: bool) -> float:
    """The value in the form of the limit: a whole number, a share of at most 1, or short."""
    if whole:
        return math.ceil(value)
    short = float(f"{value:.4g}")
    return min(short, 1.0) if key.endswith(_SHARES) else short


@cache
def _table() -> Mapping[str, Any]:
    text = resources.files("upgrade_e2e.gate").joinpath("from_history.toml").read_text("utf-8")
    return tomllib.loads(text)
