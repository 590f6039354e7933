"""What the gate compares, and how sure it must be. The margins are in margins.toml."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from upgrade_e2e.errors import BadInput

__all__ = ["GateSettings", "Margin", "default_margins", "load_margins"]


@dataclass(frozen=True)
class Margin:
    """How much worse a metric may be: the larger of `absolute` and `relative` x baseline.

    `meaning` is the metric in words. `source` is that of the default; `reason` is the user's for
    another value.
    """

    absolute: float
    relative: float
    source: str = ""
    reason: str = ""
    meaning: str = ""

    def at(self, baseline: float) -> float:
        """The margin over this mean of the baseline, in the metric's unit."""
        return max(self.absolute, self.relative * baseline)


@cache
def default_margins() -> Mapping[str, Margin]:
    """The default margins, by metric; `api.failure_ratio` is that of observers of one kind."""
    text = resources.files("upgrade_e2e.gate").joinpath("margins.toml").read_text("utf-8")
    return {metric: Margin(**entry) for metric, entry in _by_metric(tomllib.loads(text))}


def _by_metric(tables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each table with its name; one that has only tables in it is a kind of observer."""
    for name, table in tables.items():
        if isinstance(table, Mapping) and table and all(_is_table(one) for one in table.values()):
            yield from ((f"{name}.{metric}", entry) for metric, entry in table.items())
        else:
            yield name, table


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


@dataclass(frozen=True)
class GateSettings:
    """The choices of a decision.

    alpha        accepted chance of a wrong rejection, over all metrics together
    confidence   of the interval of each difference (two-sided)
    power        chance that a difference called "could have been seen" would have been seen
    min_runs     fewest runs per side to approve on (research: five or more for Mann-Whitney)
    most_runs    most runs of a history that make a baseline, the newest
    simulations  for each statement about power; with 0 none is made
    seed         of all that is drawn: the same runs always give the same decision
    """

    alpha: float = 0.05
    confidence: float = 0.95
    power: float = 0.80
    min_runs: int = 5
    most_runs: int = 30
    simulations: int = 400
    seed: int = 20
    margins: Mapping[str, Margin] = field(default_factory=default_margins)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that have a margin, in the order of the file."""
        return tuple(dict.fromkeys(key.rpartition(".")[2] for key in self.margins))

    def margin(self, observer: str, metric: str) -> Margin:
        """That of a metric of an observer: of its kind if there is one, else of the metric."""
        kind = observer.partition("-")[0]
        return self.margins.get(f"{kind}.{metric}") or self.margins[metric]

    @property
    def changed(self) -> tuple[str, ...]:
        """The margins that differ from the defaults, as sentences."""
        defaults = default_margins()
        pairs = (
            (metric, margin, defaults.get(metric) or defaults[metric.rpartition(".")[2]])
            for metric, margin in self.margins.items()
        )
        return tuple(
            f"margin of {metric}: {margin.absolute:g} or {margin.relative:.0%} (default "
            f"{default.absolute:g} or {default.relative:.0%}): {margin.reason or 'no reason given'}"
            for metric, margin, default in pairs
            if margin != default
        )


def load_margins(path: Path | None) -> Mapping[str, Margin]:
    """The default margins, overridden by the TOML file `path`; raises BadInput for a wrong one."""
    if path is None:
        return default_margins()
    try:
        entries = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(
            f"the margins file {path} cannot be read ({error}); see docs/gate.md for its form."
        ) from error
    margins = dict(default_margins())
    for metric, entry in _by_metric(entries):
        general = margins.get(metric.rpartition(".")[2])
        if general is None:
            raise BadInput(
                f"{path}: {metric!r} is not compared; the metrics are {', '.join(margins)}."
            )
        known = margins.get(metric, general)
        margins[metric] = _override(known, entry, f"{path}: [{metric}]")
    return margins


def _override(margin: Margin, entry: Any, where: str) -> Margin:
    if not isinstance(entry, Mapping) or set(entry) - {"absolute", "relative", "reason"}:
        raise BadInput(f"{where} is a table of absolute, relative and reason.")
    for key in ("absolute", "relative"):
        value = entry.get(key, 0.0)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadInput(f"{where}: {key} is {value!r}, not a number.")
        if not (math.isfinite(value) and value >= 0):
            raise BadInput(f"{where}: {key} is {value}, not a finite number of 0 or more.")
    return replace(margin, **entry)
