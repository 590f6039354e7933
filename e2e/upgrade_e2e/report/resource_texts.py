"""The resources of a pass in words: the same in summary and page."""

from __future__ import annotations

from collections.abc import Iterator

from upgrade_e2e.format import share
from upgrade_e2e.judge.growth import MIB
from upgrade_e2e.report.markdown import table_lines
from upgrade_e2e.report.resources import Pair, Resources

__all__ = [
    "SLACK_HEADS",
    "SLACK_NOTE",
    "SLACK_TITLE",
    "USE_HEADS",
    "USE_TITLE",
    "resource_lines",
    "slack_texts",
    "use_texts",
]

SLACK_TITLE = "Slack of each node, before and after"
SLACK_NOTE = (
    "Not requested is what the scheduler can still give away, not used what the node had left. "
    "CPU in cores, over the first and the last minute; memory as the working set."
)
SLACK_HEADS = ("node", "of", "can give", "requested", "used", "not requested", "not used")
USE_TITLE = "What components used"
USE_HEADS = (
    "node",
    "component",
    "memory at most",
    "heap at most",
    "CPU",
    "throttled",
    "OOM kills",
    "evictions",
)


def resource_lines(resources: Resources) -> Iterator[str]:
    """Both tables in Markdown."""
    yield from ("", f"## {SLACK_TITLE}", "", SLACK_NOTE, "")
    yield from table_lines(SLACK_HEADS, slack_texts(resources))
    yield from ("", f"## {USE_TITLE}", "")
    yield from table_lines(USE_HEADS, use_texts(resources))


def slack_texts(resources: Resources) -> Iterator[tuple[str, ...]]:
    """The rows below SLACK_HEADS, before and after in each cell."""
    for row in resources.slack:
        left = [_less(row.allocatable, part) for part in (row.requested, row.used)]
        pairs = (row.allocatable, row.requested, row.used, *left)
        yield (row.node, row.resource, *(_pair(pair, row.resource) for pair in pairs))


def use_texts(resources: Resources) -> Iterator[tuple[str, ...]]:
    """The rows below USE_HEADS."""
    for one in resources.components:
        yield (
            one.node,
            one.component,
            _mib(one.memory_mib),
            _mib(one.heap_mib),
            "-" if one.cpu_cores is None else f"{one.cpu_cores:.3f} cores",
            "-" if one.throttled_share is None else share(one.throttled_share),
            str(one.oom_kills),
            "-" if one.evictions is None else str(one.evictions),
        )


def _less(one: Pair, other: Pair) -> Pair:
    before, after = (
        None if whole is None or part is None else whole - part
        for whole, part in zip(one, other, strict=True)
    )
    return before, after


def _pair(pair: Pair, resource: str) -> str:
    return " → ".join(_amount(value, resource) for value in pair)


def _amount(value: float | None, resource: str) -> str:
    if value is None:
        return "-"
    return f"{value / MIB:.0f} MiB" if resource == "memory" else f"{value:.2f}"


def _mib(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} MiB"
