"""May this version be rolled out? Yes, no, or "cannot tell", from finished runs."""

from upgrade_e2e.gate.approval import decide
from upgrade_e2e.gate.compared_runs import ComparedRuns, gather
from upgrade_e2e.gate.comparison import Comparison, State
from upgrade_e2e.gate.decision import Answer, Check, Decision, TestedMetric
from upgrade_e2e.gate.keep import Kept, keep_runs
from upgrade_e2e.gate.places import run_folders
from upgrade_e2e.gate.reading import Found, read_runs
from upgrade_e2e.gate.render import decision_json, render_decision
from upgrade_e2e.gate.run import Figure, Run, ScenarioVerdict, run_of
from upgrade_e2e.gate.settings import GateSettings, Margin, load_margins

__all__ = [
    "Answer",
    "Check",
    "ComparedRuns",
    "Comparison",
    "Decision",
    "Figure",
    "Found",
    "GateSettings",
    "Kept",
    "Margin",
    "Run",
    "ScenarioVerdict",
    "State",
    "TestedMetric",
    "decide",
    "decision_json",
    "gather",
    "keep_runs",
    "load_margins",
    "read_runs",
    "render_decision",
    "run_folders",
    "run_of",
]
