"""What is left of a pass on disk: the record, the samples, the summary."""

from upgrade_e2e.report.files import write_whole
from upgrade_e2e.report.observed import observer_results
from upgrade_e2e.report.record import (
    SIMULATED,
    FailedStep,
    ObserverResult,
    OutageRow,
    RunRecord,
    ScenarioResult,
    load_record,
    load_timeline,
    save_record,
    save_samples,
)
from upgrade_e2e.report.summary import load_runs, render_run, render_runs, save_summary

__all__ = [
    "SIMULATED",
    "FailedStep",
    "ObserverResult",
    "OutageRow",
    "RunRecord",
    "ScenarioResult",
    "load_record",
    "load_runs",
    "load_timeline",
    "observer_results",
    "render_run",
    "render_runs",
    "save_record",
    "save_samples",
    "save_summary",
    "write_whole",
]
