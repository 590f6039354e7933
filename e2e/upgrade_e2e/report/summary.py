"""summary.md: what people read first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.files import write_whole
from upgrade_e2e.format import NOTHING, duration, moment, wall_clock
from upgrade_e2e.judge.taints import taint_of, taint_spans
from upgrade_e2e.report.backups import BACKUP_HEADS, BACKUPS_TITLE, BackupRow, backup_cells
from upgrade_e2e.report.circumstances import conditions
from upgrade_e2e.report.cost import (
    COST_TITLE,
    Cost,
    cost_heads,
    cost_in_words,
    cost_note,
    cost_rows,
)
from upgrade_e2e.report.happenings import happened
from upgrade_e2e.report.headlines import headline, planted
from upgrade_e2e.report.markdown import cell, table_lines
from upgrade_e2e.report.observed_texts import observed_lines
from upgrade_e2e.report.record import REHEARSAL, FailedStep, RunRecord
from upgrade_e2e.report.resource_texts import resource_lines
from upgrade_e2e.report.scenario_texts import scenario_lines
from upgrade_e2e.report.stored import load_record
from upgrade_e2e.report.what_to_do import advice

__all__ = ["SUMMARY_NAME", "load_runs", "render_run", "render_runs", "save_summary"]

SUMMARY_NAME = "summary.md"


def save_summary(text: str, folder: Path) -> None:
    """Write summary.md into `folder`, whole or not at all."""
    write_whole(text, folder / SUMMARY_NAME)


def load_runs(folders: Sequence[Path]) -> list[tuple[Path, RunRecord | str]]:
    """The record of each run, or the sentence that says why there is none."""
    runs: list[tuple[Path, RunRecord | str]] = []
    for folder in folders:
        try:
            runs.append((folder, load_record(folder)))
        except DamagedRecord as error:
            runs.append((folder, str(error)))
    return runs


def render_runs(runs: Sequence[tuple[Path, RunRecord | str]]) -> str:
    """The summary over several paths: one line per path, and below it the summary of each."""
    lines = ["# Upgrade summary", "", "| path | provider | verdict | why |", "|---|---|---|---|"]
    for folder, run in runs:
        if isinstance(run, str):
            lines.append(f"| {folder.name} | | **INCONCLUSIVE** | {cell(run)} |")
        else:
            path = " -> ".join(run.path)
            lines.append(f"| {path} | {run.provider} | **{run.verdict}** | {cell(run.reason)} |")
    for folder, run in runs:
        if not isinstance(run, str):
            lines += ["", f"Artifacts: `{folder.name}/`", "", *_run_lines(run)]
    return "\n".join(lines) + "\n"


def render_run(run: RunRecord) -> str:
    """The summary of one pass."""
    return "\n".join(_run_lines(run)) + "\n"


def _run_lines(run: RunRecord) -> Iterator[str]:
    yield f"# {run.verdict}: {' -> '.join(run.path)} on {run.provider}"
    yield ""
    if run.simulated:
        yield from (f"**SIMULATED**: {REHEARSAL}", "")
    yield headline(run)
    yield ""
    if run.faults:
        yield from (planted(run), "")
    yield from _at_a_glance(run)
    yield from _circumstances(run)
    if run.failed_step is not None:
        yield from _failed_step(run.failed_step)
    yield from scenario_lines(run)
    if run.cost is not None:
        yield from _cost(run.cost)
    if run.observers:
        yield from observed_lines(run.observers)
    if run.resources is not None:
        yield from resource_lines(run.resources)
    yield from _taints(run)
    yield from _backups(run.backups)
    yield from _limits(run)


def _circumstances(run: RunRecord) -> Iterator[str]:
    """What is to be known about the pass: one line each."""
    if run.cluster_line:
        yield f"- cluster: {run.cluster_line}"
    if run.api_cost is not None:
        yield f"- cost of this topology: {run.api_cost}"
        if run.api_cost.left_out_line:
            yield f"- left out of claims about pods: {run.api_cost.left_out_line}"
    if run.runtime_line:
        yield f"- container runtimes: {run.runtime_line}"
    if run.etcd is not None:
        yield f"- etcd: {run.etcd}"
    yield from _settings(run)
    if run.rejudged_unix_s is not None:
        yield f"- judged again: {wall_clock(run.rejudged_unix_s)}, from the samples of the pass"


def _settings(run: RunRecord) -> Iterator[str]:
    """What was different in this pass: choices, conditions and planted faults."""
    for name, value in run.choices.items():
        if not _names_planted(name, value, run):
            yield f"- {name}: {value}"
    for name, sentence in conditions(run):
        yield f"- {name}: {sentence}"
    for fault in run.faults:
        yield f"- planted fault: `{fault}`"


def _names_planted(name: str, value: str, run: RunRecord) -> bool:
    """Whether a choice only says which faults were planted, which have lines of their own."""
    return name.startswith("fault ") and set(value.split(", ")) <= set(run.faults)


def _at_a_glance(run: RunRecord) -> Iterator[str]:
    """What happened, the worst first, and what to do."""
    for number, what in enumerate(happened(run), start=1):
        yield f"{number}. {what}"
    if run.cost is not None:
        yield from ("", cost_in_words(run.cost))
    yield from ("", f"What to do: {advice(run)}", "")


def _failed_step(failed: FailedStep) -> Iterator[str]:
    yield from ("", f"## The step `{failed.step}` failed", "", "```")
    yield failed.reason.strip()
    yield "```"


def _cost(cost: Cost) -> Iterator[str]:
    """The table; where nothing is compared, without the columns in which nothing stands."""
    rows = [tuple(map(cell, row)) for row in cost_rows(cost)]
    kept = [
        place
        for place, _ in enumerate(cost_heads(cost))
        if cost.marked_by or any(row[place] != NOTHING for row in rows)
    ]
    yield from ("", f"## {COST_TITLE}", "")
    if note := cost_note(cost):
        yield from (note, "")
    heads, *rows = [tuple(row[place] for place in kept) for row in (cost_heads(cost), *rows)]
    yield from table_lines(heads, rows)


def _taints(run: RunRecord) -> Iterator[str]:
    """How long nodes had taints that say something of their network."""
    if not (found := taint_spans(run.spans)):
        return
    yield from ("", "## Taints of nodes", "")
    rows = (
        (moment(span.start_s), span.node, taint_of(span), duration(span.duration_s))
        for span in found
    )
    yield from table_lines(("from", "node", "taint", "for"), rows)


def _backups(rows: Sequence[BackupRow]) -> Iterator[str]:
    if not rows:
        return
    yield from ("", f"## {BACKUPS_TITLE}", "")
    yield from table_lines(BACKUP_HEADS, (tuple(map(cell, row)) for row in backup_cells(rows)))


def _limits(run: RunRecord) -> Iterator[str]:
    if not run.limits_changed:
        return
    yield from ("", "## Limits that differ from the defaults", "")
    rows = (
        (one.key, f"{one.value:g}", f"{one.default:g}", cell(one.reason or "none given"))
        for one in run.limits_changed
    )
    yield from table_lines(("limit", "in force", "default", "reason"), rows)
