"""What a pass leaves on disk: the record, the samples, the summary."""

from upgrade_e2e.report.api_cost import ApiCost, api_cost_of
from upgrade_e2e.report.backups import BackupRow, backup_rows
from upgrade_e2e.report.closing import closing_lines
from upgrade_e2e.report.cost import Cost, CostMark, CostRow, Spread, cost_in_words
from upgrade_e2e.report.etcd_result import EtcdResult, etcd_result_of
from upgrade_e2e.report.happenings import happened
from upgrade_e2e.report.headlines import headline, planted
from upgrade_e2e.report.limits import limits_of
from upgrade_e2e.report.observed import observer_results
from upgrade_e2e.report.record import (
    NOT_JUDGED,
    REHEARSAL,
    SIMULATED,
    BrownoutRow,
    FailedStep,
    ObserverResult,
    OutageRow,
    RunRecord,
    ScenarioResult,
)
from upgrade_e2e.report.resources import Resources, resources_of
from upgrade_e2e.report.runtime_row import NotReady, RuntimeRow, runtime_line, runtime_rows
from upgrade_e2e.report.stored import (
    SAMPLES_FOLDER,
    load_record,
    load_timeline,
    pass_folder,
    save_backups,
    save_readings,
    save_record,
    save_samples,
    timeline_of,
)
from upgrade_e2e.report.summary import load_runs, render_run, render_runs, save_summary
from upgrade_e2e.report.what_to_do import advice

__all__ = [
    "NOT_JUDGED",
    "REHEARSAL",
    "SAMPLES_FOLDER",
    "SIMULATED",
    "ApiCost",
    "BackupRow",
    "BrownoutRow",
    "Cost",
    "CostMark",
    "CostRow",
    "EtcdResult",
    "FailedStep",
    "NotReady",
    "ObserverResult",
    "OutageRow",
    "Resources",
    "RunRecord",
    "RuntimeRow",
    "ScenarioResult",
    "Spread",
    "advice",
    "api_cost_of",
    "backup_rows",
    "closing_lines",
    "cost_in_words",
    "etcd_result_of",
    "happened",
    "headline",
    "limits_of",
    "load_record",
    "load_runs",
    "load_timeline",
    "observer_results",
    "pass_folder",
    "planted",
    "render_run",
    "render_runs",
    "resources_of",
    "runtime_line",
    "runtime_rows",
    "save_backups",
    "save_readings",
    "save_record",
    "save_samples",
    "save_summary",
    "timeline_of",
]
