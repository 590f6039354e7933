"""The metrics that a pass is compared by with stock passes and earlier ones."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from upgrade_e2e.gate.run import Figure, Run
from upgrade_e2e.gate.settings import Margin

__all__ = ["CostMetric", "compared_figures", "cost_metrics", "observer_kind"]


@dataclass(frozen=True)
class CostMetric:
    """A metric, what it is called, the kinds of observers that have it, and its margin."""

    name: str
    title: str
    observers: tuple[str, ...]
    margin: Margin


@cache
def cost_metrics() -> tuple[CostMetric, ...]:
    """All of them, in the order in which they are shown."""
    text = resources.files("upgrade_e2e.gate.stock").joinpath("metrics.toml").read_text("utf-8")
    return tuple(
        CostMetric(
            name,
            entry.pop("title"),
            tuple(entry.pop("observers")),
            Margin(**entry),
        )
        for name, entry in tomllib.loads(text).items()
    )


def observer_kind(label: str) -> str:
    """The kind of an observer: `web` and `web-mine` are of one."""
    return label.partition("-")[0]


def compared_figures(run: Run) -> Iterator[tuple[CostMetric, Figure]]:
    """The figures of a run that are compared, observer by observer, those of the pass first."""
    ordered = sorted(run.figures, key=lambda figure: (figure.observer != "pass", figure.observer))
    for label in dict.fromkeys(figure.observer for figure in ordered):
        for metric in cost_metrics():
            figure = run.figure(label, metric.name)
            if figure is not None and observer_kind(label) in metric.observers:
                yield metric, figure
