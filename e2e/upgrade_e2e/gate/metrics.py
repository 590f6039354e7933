"""Which metrics of an observer are compared, with which runs of the baseline, and why not others.

Runs from before a metric was recorded know nothing of it. They must not make the gate useless, nor
make it approve in silence: what is left out, or stood in for, is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from upgrade_e2e.format import duration, share
from upgrade_e2e.gate.run import Run
from upgrade_e2e.gate.settings import GateSettings

__all__ = ["Asked", "age_notes", "asked_metrics", "shown"]

ELSEWHERE = "elsewhere_down_s"
STAND_INS = {"longest_silence_s": "longest_gap_s"}
"""What is compared in the place of a metric that the baseline is too old for: a coarser bound."""
LATER = ("longest_silence_s", "kept_silence_s", "slow_ratio", ELSEWHERE)
"""Metrics that runs of earlier versions lack."""
OF_WHOLE = frozenset({"longest_silence_s", "kept_silence_s", "slow_ratio"})
"""A single control plane decides these by when it is away, so `elsewhere_down_s` replaces them."""
NOT_COMPARED = frozenset({"etcd", "resources", "runtime"})
"""Kinds of observers of which nothing is compared: a member of etcd is away whenever it is
replaced, and what users feel of that, the observer of the API shows. Nobody feels whether a kubelet
could be asked what it uses. A kubelet lets nobody read while the API is away for long, and what
users feel of a frozen runtime, web and churn show. Their claims are judged all the same."""


@dataclass(frozen=True)
class Asked:
    """A metric to compare, and the runs of the baseline that can answer."""

    metric: str
    baseline: tuple[Run, ...]


def asked_metrics(
    observer: str, candidates: Sequence[Run], baseline: Sequence[Run], settings: GateSettings
) -> Iterator[Asked]:
    """The metrics of one observer that are compared."""
    if observer.partition("-")[0] in NOT_COMPARED:
        return
    everything = (*candidates, *baseline)
    single = any(run.figure(observer, ELSEWHERE) for run in everything)
    for metric in settings.metrics:
        if metric in STAND_INS.values() or (single and metric in OF_WHOLE):
            continue
        if metric not in LATER:
            yield Asked(metric, tuple(baseline))
        elif metric in STAND_INS and _too_old(metric, candidates, baseline, settings):
            yield Asked(STAND_INS[metric], tuple(baseline))
        elif _too_old(metric, candidates, baseline, settings):
            continue
        elif any(run.figure(observer, metric) for run in everything):
            yield Asked(metric, tuple(_knowing(metric, baseline)))


def age_notes(
    candidates: Sequence[Run], baseline: Sequence[Run], settings: GateSettings
) -> Iterator[str]:
    """What is compared otherwise, or not at all, because runs are older than a metric."""
    for metric in LATER:
        knowing = _knowing(metric, baseline)
        older = len(baseline) - len(knowing)
        if not older or not (knowing or _knowing(metric, candidates) or metric in STAND_INS):
            continue
        runs = f"{older} of {len(baseline)} runs of the baseline were made before it was recorded"
        if not _too_old(metric, candidates, baseline, settings):
            yield f"{metric}: {runs}; it was compared with the others."
        elif metric in STAND_INS:
            yield f"{metric}: {runs}; {STAND_INS[metric]} was compared in its place."
        else:
            yield (
                f"{metric} was not compared: {runs}. With {settings.min_runs} newer runs in the "
                "baseline it is."
            )


def shown(metric: str, value: float) -> str:
    """A value in the unit that the metric's name ends with, for people."""
    if metric.endswith("_s"):
        return duration(value)
    if metric.endswith("_ratio"):
        return f"-{share(-value)}" if value < 0 else share(value)
    return f"{value:.4g}"


def _too_old(
    metric: str, candidates: Sequence[Run], baseline: Sequence[Run], settings: GateSettings
) -> bool:
    """Whether the baseline cannot be asked for a metric because its runs are older than that."""
    knowing = _knowing(metric, baseline)
    if len(knowing) == len(baseline):
        return not baseline and not _knowing(metric, candidates)
    return len(knowing) < settings.min_runs


def _knowing(metric: str, runs: Sequence[Run]) -> list[Run]:
    """The runs that recorded the metric, of whatever observer."""
    return [run for run in runs if any(figure.metric == metric for figure in run.figures)]
