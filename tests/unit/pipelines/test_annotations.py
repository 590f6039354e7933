"""What GitHub Actions is told."""

import pytest

from tests.unit.gate.made import control, record, run, runs
from upgrade_e2e.gate import ComparedRuns, GateSettings, decide
from upgrade_e2e.judge import Verdict
from upgrade_e2e.pipelines import annotate_decision, annotate_runs, annotation
from upgrade_e2e.report import ScenarioResult

QUICK = GateSettings(simulations=0)


def test_a_message_cannot_become_another_command():
    line = annotation("error", "a: b, c", "100 %\r\n::set-output name=x::y")
    assert line == "::error title=a%3A b%2C c::100 %25%0D%0A::set-output name=x::y"
    assert "\n" not in line


@pytest.mark.parametrize(
    ("verdict", "level"),
    [(Verdict.FAIL, "error"), (Verdict.INCONCLUSIVE, "warning"), (Verdict.PASS, "notice")],
)
def test_the_level_is_that_of_the_verdict(verdict, level):
    claim = ScenarioResult("test_dns", "Lookups.", verdict, "4 s of timeouts\nduring drain")
    lines = annotate_runs([record(verdict=verdict, reason="why", scenarios=(claim,))])
    assert lines[0].startswith(f"::{level} title={verdict}%3A v1.33.13 -> v1.34.4 on kind::why")
    assert len(lines) == (1 if verdict is Verdict.PASS else 2)
    assert all(line.startswith(f"::{level} ") for line in lines)


def test_a_planted_failure_is_no_error():
    (line,) = annotate_runs([record(verdict=Verdict.FAIL, faults=("x=1",), scenarios=())])
    assert line.startswith("::notice ")
    assert "Planted: x=1." in line


def test_a_run_without_a_record_is_a_warning():
    assert annotate_runs(["it is not a finished run"]) == (
        "::warning title=INCONCLUSIVE%3A no record::it is not a finished run",
    )


def test_a_decision_tells_what_stands_in_the_way():
    fine = ComparedRuns(runs([0.0] * 5), runs([0.0] * 5), (control(),))
    (line,) = annotate_decision(decide(fine, QUICK))
    assert line.startswith("::notice title=APPROVE")
    broken = ComparedRuns((run(verdict=Verdict.FAIL),), runs([0.0] * 5), ())
    lines = annotate_decision(decide(broken, QUICK))
    assert lines[0].startswith("::error title=REJECT")
    assert [line.split("title=")[1].split("%3A")[0] for line in lines[1:]] == [
        "budgets",
        "baseline",
        "control",
    ]
