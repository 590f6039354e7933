"""summary.md: the verdict first, then why."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.report.test_record import record
from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.judge import Limit, Verdict
from upgrade_e2e.report import (
    NOT_JUDGED,
    BrownoutRow,
    ObserverResult,
    OutageRow,
    ScenarioResult,
    render_run,
    render_runs,
)
from upgrade_e2e.report.html.performed import environment, steps, taints
from upgrade_e2e.timeline import Span

OUTAGE = OutageRow(
    target="http://web",
    start_s=12.345,
    at_least_s=0.4,
    at_most_s=None,
    failures=7,
    outcomes={"refused": 5, "5xx": 2},
    share=1 / 3,
    cause=("drain worker",),
    told="drain worker",
    nodes=("worker2",),
    backends=("web-1",),
)
SEEN = ObserverResult(
    name="web",
    samples=1000,
    failures=7,
    suspect=1,
    failure_ratio=0.007,
    p50_s=0.002,
    p99_s=2.0,
    censored=True,
    downtime_s=0.4,
    longest_gap_s=0.5,
    blind_share=0.012,
    resolution_s=0.03,
    outage_count=12,
    outages=(OUTAGE,),
)


def test_the_first_line_is_the_verdict():
    assert render_run(record()).splitlines()[0] == "# FAIL: v1.33.13 -> v1.34.4 on kind"


def test_an_outage_has_bounds_step_node_and_backend():
    text = render_run(record(observers=(SEEN,)))
    row = next(line for line in text.splitlines() if line.startswith("| 12.35 s") or "12.3" in line)
    for part in ("400 ms or more", "33.3%", "5 refused, 2 5xx", "drain worker", "worker2", "web-1"):
        assert part in row
    assert "11 more" in text


def test_a_censored_percentile_is_a_lower_bound():
    assert ">= 2 s" in render_run(record(observers=(SEEN,)))


def test_nothing_seen_is_a_dash_and_no_number():
    blank = ObserverResult("dns", 0, 0, 0, None, None, None, False, 0.0, 0.0, 1.0, None, 0)
    row = next(x for x in render_run(record(observers=(blank,))).splitlines() if "| dns" in x)
    assert row == "| dns | 0 | - | - | - | 0 s | 0 | 100% | - |"


def test_a_failed_step_shows_its_command_and_output():
    text = render_run(record())
    assert "## The step `drain worker` failed" in text
    assert "command exited with 1: kubectl drain" in text


def test_simulated_is_said_at_the_top_and_faults_and_choices_are_named():
    text = render_run(record(simulated=True))
    assert "SIMULATED" in text.splitlines()[2]
    assert "planted fault: `no-prestop`" in text
    assert "fast-control-plane: request-timeout=5s" in text


def test_a_planted_fault_has_one_line_and_one_that_was_not_planted_is_still_named():
    choices = {"fault no-prestop": "no-prestop", "fault dns-drop": "dns-drop=1@drain"}
    lines = render_run(record(choices=choices)).splitlines()
    named = [line for line in lines if "no-prestop" in line]
    assert named == ["Planted: no-prestop. 1 claim broke.", "- planted fault: `no-prestop`"]
    assert "- fault dns-drop: dns-drop=1@drain" in lines


def test_the_cluster_is_one_line_where_there_was_one():
    facts = ClusterFacts(("ipv6", "ipv4"), "corp.test", proxy="nftables", cni="calico")
    text = render_run(record(control_planes=1, workers=2, facts=facts))
    assert "- cluster: 1+2 nodes, nftables, ipv6+ipv4, calico, corp.test" in text.splitlines()
    assert "- cluster:" not in render_run(record(facts=facts))


def test_a_changed_limit_is_shown_with_its_reason():
    limit = Limit("dns.p99_s", 0.25, 0.1, "perf-tests", "two busy cores")
    assert "| dns.p99_s | 0.25 | 0.1 | two busy cores |" in render_run(
        record(limits_changed=(limit,))
    )


def test_pipes_do_not_break_tables_and_lost_passes_are_inconclusive(tmp_path):
    text = render_runs([(tmp_path / "a-b", record()), (tmp_path / "b-c", "it | died")])
    assert "| b-c | | **INCONCLUSIVE** | it \\| died |" in text
    assert "| v1.33.13 -> v1.34.4 | kind | **FAIL** |" in text


def test_a_pass_without_scenarios_says_so():
    assert "no scenario was judged" in render_run(
        record(scenarios=(), verdict=Verdict.INCONCLUSIVE)
    )


def test_a_broken_scenario_shows_its_traceback():
    broken = ScenarioResult(
        "test_x",
        "x holds",
        Verdict.INCONCLUSIVE,
        "the scenario itself is broken",
        (),
        "NameError: y",
    )
    lines = render_run(record(scenarios=(broken,))).splitlines()
    assert lines[lines.index("Traceback of test_x:") + 3] == "NameError: y"
    assert "Traceback" not in render_run(record())


SKIPPED = tuple(
    ScenarioResult(name, f"{name} holds", Verdict.SKIP, why)
    for name, why in (
        ("test_a", "one control plane: it is away; needs three"),
        ("test_b", "a simulated cluster has no etcd"),
        ("test_c", "a simulated cluster has no etcd"),
    )
)


def scenarios_of(*results, **changes):
    """The section of a summary about scenarios."""
    text = render_run(record(scenarios=results, **changes))
    return text.partition("## Scenarios\n\n")[2]


def test_what_was_skipped_is_a_line_for_each_reason_and_no_row():
    held = ScenarioResult("test_x", "x holds", Verdict.PASS)
    assert scenarios_of(*SKIPPED, held).splitlines() == [
        "| verdict | scenario | claim |",
        "|---|---|---|",
        "| **PASS** | test_x | x holds |",
        "",
        "Skipped (3):",
        "",
        "- a simulated cluster has no etcd: test_b, test_c",
        "- one control plane: it is away; needs three: test_a",
    ]
    assert scenarios_of(*SKIPPED).startswith("Skipped (3):")


def test_what_was_not_judged_before_the_run_ended_is_one_line():
    ended = [
        ScenarioResult(f"test_{name}", "x", Verdict.INCONCLUSIVE, NOT_JUDGED) for name in "abc"
    ]
    assert scenarios_of(*ended).splitlines() == [
        "Not judged (3):",
        "",
        "- it was selected and not judged: the run ended before that: test_a, test_b, test_c",
    ]


def test_the_same_explanation_is_there_once():
    blind = [ScenarioResult(f"test_{name}", "x", Verdict.INCONCLUSIVE, "dark") for name in "ab"]
    text = scenarios_of(*blind)
    assert text.count("dark") == 1
    assert "### test_a, test_b: INCONCLUSIVE" in text
    assert "| **INCONCLUSIVE** | test_a |" in text


def test_a_new_judgement_says_when_it_was_made():
    text = render_run(record(rejudged_unix_s=1.7e9))
    assert "- judged again: 2023-11-14 22:13:20 UTC, from the samples of the pass" in text
    assert "judged again" not in render_run(record())


def test_images_that_were_there_beforehand_are_a_condition():
    staged = Span("stage v1.34.4", "stage", 20.0, 30.0)
    text = render_run(record(spans=(staged,)))
    assert "- images: those of v1.34.4 were put on every node beforehand" in text
    assert "beforehand" not in render_run(record())
    (row,) = [
        row for row in environment(record(spans=(staged,))).rows if row[0].shown == "condition"
    ]
    assert "beforehand" in row[2].shown


def test_slow_answers_have_a_table_of_their_own():
    slow = BrownoutRow(
        target="http://web",
        start_s=30.0,
        at_least_s=0.3,
        at_most_s=None,
        slow=131,
        slowest_s=1.03,
        share=1.0,
        cause=("drain worker",),
        told="drain worker",
        nodes=("worker2",),
    )
    seen = replace(SEEN, slow_s=0.5, brownout_count=3, brownouts=(slow,))
    text = render_run(record(observers=(seen,)))
    assert (
        "| 30.00 s | web | http://web | 300 ms or more | 500 ms | 131 | 1.03 s | drain worker "
        "| worker2 |"
    ) in text
    assert "2 more such stretches" in text
    assert "Slow answers" not in render_run(record(observers=(SEEN,)))


TAINTED = Span(
    "taint node.kubernetes.io/not-ready:NoSchedule worker3", "taint", 411.5, 412.75, "worker3"
)


def test_taints_of_nodes_are_a_table_of_their_own_and_no_steps():
    text = render_run(record(spans=(TAINTED,)))
    assert "## Taints of nodes" in text
    row = "| 411.50 s | worker3 | node.kubernetes.io/not-ready:NoSchedule | 1.25 s |"
    assert row in text
    assert "Taints of nodes" not in render_run(record(spans=()))
    drain = Span("drain worker", "drain", 1.0, 2.0, "worker")
    done = steps(record(spans=(TAINTED, drain)))
    assert [row[1].shown for row in done.rows] == ["drain worker"]
    (shown,) = taints(record(spans=(TAINTED, drain))).rows
    assert [cell.shown for cell in shown] == row.strip("| ").split(" | ")
