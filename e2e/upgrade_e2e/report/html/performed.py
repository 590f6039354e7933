"""The tables of what was done: steps, the cluster afterwards, limits and tools."""

from __future__ import annotations

from upgrade_e2e.format import duration, moment
from upgrade_e2e.judge.taints import taint_of, taint_spans
from upgrade_e2e.report.circumstances import conditions
from upgrade_e2e.report.html.tables import Cell, Column, Table, number, text
from upgrade_e2e.report.record import RunRecord
from upgrade_e2e.timeline import NO_STEPS, Span, Window

__all__ = ["environment", "inventory", "limits", "steps", "taints"]

_AFTERWARDS = "The cluster after the upgrade"
_SHOWN = 300
"""So many characters of an error are shown in the table; the failed step is shown in full above."""


def steps(record: RunRecord) -> Table:
    """What was done, in order."""
    columns = (
        Column("began", "start_s", numeric=True),
        Column("step", "step"),
        Column("node", "node", whole=True),
        Column("hop", "hop", whole=True),
        Column("took", "duration_s", numeric=True),
        Column("result", "error"),
    )
    done = [span for span in record.spans if span.kind not in NO_STEPS]
    rows = [_step(span) for span in sorted(done, key=lambda s: (s.start_s, -s.end_s))]
    return Table("steps", "Steps", columns, rows, stacked=True)


def _step(span: Span) -> tuple[Cell, ...]:
    name = f"  {span.name}" if span.parent else span.name
    result = " ".join(span.error.split())
    if len(result) > _SHOWN:
        result = f"{result[:_SHOWN]} …"
    return (
        Cell(
            moment(span.start_s),
            f"{span.start_s:.6f}",
            tone="figure",
            zoom=Window(span.start_s, max(span.end_s, span.start_s + 0.01)),
        ),
        Cell(name, span.name, tone="phase" if span.parent else ""),
        text(span.node),
        Cell(span.hop.replace("->", " → "), span.hop),
        number(duration(span.duration_s), span.duration_s),
        text(result or "done", "fail" if result else "muted"),
    )


def taints(record: RunRecord) -> Table:
    """How long nodes had taints that say something of their network."""
    columns = (
        Column("from", "start_s", numeric=True),
        Column("node", "node", whole=True),
        Column("taint", "taint"),
        Column("for", "duration_s", numeric=True),
    )
    rows = [
        (
            Cell(
                moment(span.start_s),
                f"{span.start_s:.6f}",
                tone="figure",
                zoom=Window(span.start_s, max(span.end_s, span.start_s + 0.01)),
            ),
            text(span.node),
            text(taint_of(span)),
            number(duration(span.duration_s), span.duration_s),
        )
        for span in taint_spans(record.spans)
    ]
    return Table("taints", "Taints of nodes", columns, rows, stacked=True)


def inventory(record: RunRecord) -> Table:
    """The components of the cluster after the upgrade."""
    columns = (
        Column("component", "component"),
        Column("node", "node", whole=True),
        Column("found", "found"),
        Column("expected", "wanted"),
    )
    found = record.inventory
    if found is None:
        return Table("inventory", _AFTERWARDS, columns, (), "The cluster was not inspected.")
    rows = [
        (
            text(part.name),
            text(part.node),
            text(part.found, "" if part.at_target else "fail"),
            text(part.wanted),
        )
        for part in sorted(found.components, key=lambda part: (part.at_target, part.name))
    ]
    problems = [f"Stuck: {pod}." for pod in found.stuck_pods]
    problems += [f"Missing: {workload}." for workload in found.missing_workloads]
    problems += [f"Surprise: {sentence}." for sentence in found.appeared]
    note = " ".join(problems) or "No pod is stuck and no workload is missing a replica."
    return Table("inventory", _AFTERWARDS, columns, rows, note)


def limits(record: RunRecord) -> Table:
    """The limits that are not the defaults."""
    columns = (
        Column("limit", "limit"),
        Column("in force", "value", numeric=True),
        Column("default", "default", numeric=True),
        Column("reason", "reason"),
    )
    rows = [
        (
            text(limit.key),
            number(f"{limit.value:g}", limit.value),
            number(f"{limit.default:g}", limit.default),
            text(limit.reason or "none given", "" if limit.reason else "muted"),
        )
        for limit in record.limits_changed
    ]
    return Table("limits", "Limits that differ from the defaults", columns, rows)


def _images(record: RunRecord) -> dict[str, str]:
    """Each image with its digest, where that is known."""
    digests = record.image_digests
    return {
        use: f"{name}, {digests[use]}" if use in digests else name
        for use, name in record.images.items()
    }


def environment(record: RunRecord) -> Table:
    """Settings, tools and images of the pass."""
    rows = [
        (text(what), text(name), text(value))
        for what, pairs in (
            ("setting", record.choices),
            ("tool", record.tools),
            ("image", _images(record)),
        )
        for name, value in pairs.items()
    ]
    rows += [(text("condition"), text(name), text(said)) for name, said in conditions(record)]
    rows += [(text("planted fault"), text(fault), text("")) for fault in record.faults]
    columns = (Column("kind", "what"), Column("name", "name"), Column("value", "value"))
    return Table("environment", "Settings, tools and images", columns, rows)
