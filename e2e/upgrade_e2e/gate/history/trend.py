"""What a history shows: the list of its runs, and one metric over time."""

from __future__ import annotations

import datetime as dt
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass

from rich.bar import Bar
from rich.console import Console
from rich.table import Table

from upgrade_e2e.errors import BadInput
from upgrade_e2e.gate.run import Run
from upgrade_e2e.judge import Verdict

__all__ = ["Point", "Trend", "find_trends", "render_runs_table"]

_WIDTH = 110
_COLOURS = {Verdict.PASS: "#2e7d32", Verdict.FAIL: "#c62828"}
_OTHER_COLOUR = "#757575"


@dataclass(frozen=True)
class Point:
    """The metric in one run; `censored` marks a lower bound, `planted` a positive control."""

    run: str
    started_unix_s: float
    value: float
    censored: bool
    verdict: Verdict
    planted: bool


@dataclass(frozen=True)
class Trend:
    """One metric of one observer over the runs of one path on one provider, oldest first."""

    path: tuple[str, ...]
    provider: str
    observer: str
    metric: str
    points: tuple[Point, ...]

    @property
    def title(self) -> str:
        """What is plotted."""
        where = f"{' -> '.join(self.path)} on {self.provider}"
        return f"{self.observer} {self.metric}, {where}"

    def render(self, width: int = _WIDTH) -> str:
        """The trend for a terminal or a log: one line with a bar per run."""
        table = Table("started (UTC)", "run", "verdict", self.metric, "", box=None, pad_edge=False)
        largest = max(point.value for point in self.points) or 1.0
        for point in self.points:
            bound = ">= " if point.censored else ""
            verdict = f"{point.verdict} (planted)" if point.planted else str(point.verdict)
            bar = Bar(size=largest, begin=0.0, end=point.value, width=width // 3)
            table.add_row(
                _date(point.started_unix_s), point.run, verdict, f"{bound}{point.value:.4g}", bar
            )
        return f"{self.title}\n{_text(table, width)}"

    def svg(self, width: int = 720, height: int = 240) -> str:
        """The trend as a self-contained SVG: one dot per run, in the colour of its verdict."""
        left, right, top, bottom = 60, width - 15, 30, height - 30
        largest = max(point.value for point in self.points) or 1.0
        step = (right - left) / max(1, len(self.points) - 1)
        places = [
            (left + index * step, bottom - point.value / largest * (bottom - top))
            for index, point in enumerate(self.points)
        ]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        dots = "".join(_dot(x, y, point) for (x, y), point in zip(places, self.points, strict=True))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'font-family="sans-serif" font-size="12">'
            f'<text x="{left}" y="18">{html.escape(self.title)}</text>'
            f'<text x="4" y="{top + 4}">{largest:.3g}</text><text x="4" y="{bottom}">0</text>'
            f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="#999"/>'
            f'<polyline points="{line}" fill="none" stroke="#90a4ae"/>{dots}'
            f'<text x="{left}" y="{height - 8}">{_date(self.points[0].started_unix_s)}</text>'
            f'<text x="{right}" y="{height - 8}" text-anchor="end">'
            f"{_date(self.points[-1].started_unix_s)}</text></svg>\n"
        )


def find_trends(runs: Sequence[Run], observer: str, metric: str) -> tuple[Trend, ...]:
    """A trend for each path and provider among `runs`; raises BadInput with the names there are."""
    walked = dict.fromkeys((run.path, run.provider) for run in runs)
    trends = [_of(runs, path, provider, observer, metric) for path, provider in walked]
    trends = [made for made in trends if made.points]
    if not trends:
        raise BadInput(_no_such(runs, observer, metric))
    return tuple(trends)


def _no_such(runs: Sequence[Run], observer: str, metric: str) -> str:
    """That nothing has this name, with those that could have been meant."""
    if not runs:
        return "the history has no such run; see `upgrade-e2e history list`."
    figures = [figure for run in runs for figure in run.figures]
    metrics = sorted({figure.metric for figure in figures if figure.observer == observer})
    if metrics:
        return f"no run has the metric {metric!r} of {observer!r}; it has {', '.join(metrics)}."
    observers = sorted({figure.observer for figure in figures})
    if not observers:
        return f"no run has an observer {observer!r}: none of these runs has any figures."
    return f"no run has an observer {observer!r}; there are {', '.join(observers)}."


def render_runs_table(runs: Sequence[Run], width: int = _WIDTH) -> str:
    """The runs of a history for a terminal or a log, one per line."""
    if not runs:
        return "The history has no such run."
    table = Table(
        "started (UTC)", "run", "path", "provider", "verdict", "planted", box=None, pad_edge=False
    )
    for run in runs:
        provider = f"{run.provider} (SIMULATED)" if run.simulated else run.provider
        table.add_row(
            _date(run.started_unix_s),
            run.name,
            " -> ".join(run.path),
            provider,
            str(run.verdict),
            ", ".join(run.faults),
        )
    return _text(table, width)


def _of(
    runs: Sequence[Run], path: tuple[str, ...], provider: str, observer: str, metric: str
) -> Trend:
    points = []
    for run in sorted(runs, key=lambda run: (run.started_unix_s, run.run_id)):
        figure = run.figure(observer, metric)
        if figure is not None and (run.path, run.provider) == (path, provider):
            points.append(
                Point(
                    run=run.name,
                    started_unix_s=run.started_unix_s,
                    value=figure.value,
                    censored=figure.censored,
                    verdict=run.verdict,
                    planted=bool(run.faults),
                )
            )
    return Trend(path, provider, observer, metric, tuple(points))


def _dot(x: float, y: float, point: Point) -> str:
    colour = _COLOURS.get(point.verdict, _OTHER_COLOUR)
    fill = "none" if point.planted else colour
    bound = "at least " if point.censored else ""
    facts = f"{_date(point.started_unix_s)} {point.run} {point.verdict}: {bound}{point.value:.4g}"
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}" stroke="{colour}">'
        f"<title>{html.escape(facts)}</title></circle>"
    )


def _date(unix_s: float) -> str:
    moment = dt.datetime.fromtimestamp(unix_s, dt.UTC)
    return moment.strftime("%Y-%m-%d %H:%M")


def _text(table: Table, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False, no_color=True)
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())
