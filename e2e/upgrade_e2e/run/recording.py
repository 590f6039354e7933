"""From a pass that ended, however it ended, to its artifacts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.report import (
    RunRecord,
    ScenarioResult,
    load_record,
    render_run,
    save_backups,
    save_readings,
    save_record,
    save_samples,
    save_summary,
)
from upgrade_e2e.report.html import REPORT_NAME, Drawn, save_page
from upgrade_e2e.report.trace import TRACE_NAME, write_trace
from upgrade_e2e.run.composing import compose
from upgrade_e2e.run.finished_pass import FinishedPass

__all__ = ["write_artifacts", "write_record"]


def write_artifacts(ended: FinishedPass, scenarios: Iterable[ScenarioResult]) -> RunRecord:
    """Write all artifacts of a pass into its folder; docs/artifacts.md lists it.

    May be called again as more verdicts are known. With nothing new, nothing is written.
    """
    folder = ended.running.what.folder
    record = compose(ended, tuple(scenarios))
    record = replace(record, cost=ended.reference.weigh(record))
    if _is_written(record, folder):
        return record
    if ended.upgraded is not None and not (folder / "samples").is_dir():
        save_readings(ended.upgraded.timeline.readings, folder)
        save_samples(ended.upgraded.timeline.samples, folder, simulated=record.simulated)
        save_backups(ended.upgraded.timeline.backups, folder)
    write_record(record, ended.drawn, folder)
    return record


def write_record(record: RunRecord, drawn: Drawn, folder: Path) -> None:
    """Write a record into `folder`, with its summary, trace and report page."""
    save_record(record, folder)
    save_summary(render_run(record), folder)
    write_trace(record, folder / TRACE_NAME)
    save_page(record, drawn, folder)


def _is_written(record: RunRecord, folder: Path) -> bool:
    if not (folder / REPORT_NAME).is_file():  # the last to be written
        return False
    try:
        return load_record(folder) == record
    except DamagedRecord:
        return False
