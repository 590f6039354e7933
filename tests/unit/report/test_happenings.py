"""What happened, in words that need no manual."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.report.test_record import record
from tests.unit.report.test_summary import OUTAGE, SEEN
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report import BrownoutRow, FailedStep, NotReady, RuntimeRow, ScenarioResult
from upgrade_e2e.report.happenings import happened
from upgrade_e2e.report.what_to_do import advice

DNS = replace(
    OUTAGE,
    target="kubernetes.default",
    at_least_s=1.0,
    at_most_s=1.1,
    outcomes={"timeout": 50, "refused": 1},
    share=1.0,
    cause=("kubeadm-apply control-plane: addons",),
    nodes=("upgrade-e2e-1a2b3c-worker",),
    backends=(),
)


def run(*outages, name="dns", kind="DnsLookups", **changes):
    """A pass in which one observer saw these outages."""
    seen = replace(SEEN, name=name, outages=tuple(outages))
    facts = {
        "observers": (seen,),
        "observers_as_written": {name: f"{kind}('x')"},
        "control_planes": 1,
        "workers": 2,
    }
    return record(**{**facts, **changes})


def test_who_did_not_do_what_where_for_how_long_and_when():
    assert happened(run(DNS)) == (
        "Cluster DNS did not answer on worker for 1 s while kubeadm replaced CoreDNS and "
        "kube-proxy.",
    )


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("finding: no taint keeps pods off worker3", "Read what was found by new_nodes: it is"),
        ("a simulated cluster has no network", "Nothing needs to be done."),
    ],
)
def test_what_was_found_in_the_cluster_is_not_passed_over(reason, said):
    skipped = ScenarioResult("new_nodes", "x", Verdict.SKIP, reason)
    facts = {"failed_step": None, "faults": (), "scenarios": (skipped,)}
    assert said in advice(record(verdict=Verdict.PASS, **facts))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"at_most_s": None}, "for 1 s or longer while"),
        ({"at_least_s": 0.0, "at_most_s": 0.02}, "for at most 20 ms while"),
        (
            {"share": 1 / 3},
            "left lookups without an answer on worker for 1 s (33.3% of the lookups",
        ),
        ({"nodes": ("a-control-plane", "a-worker", "a-worker2")}, "on every node for"),
        ({"nodes": ("a-worker", "a-worker2")}, "on worker and worker2 for"),
        ({"nodes": ("ip-10-0-0-7",)}, "on ip-10-0-0-7 for"),
        ({"nodes": ("host",)}, "did not answer for 1 s"),
        ({"cause": ("drain worker2",)}, "while worker2 was drained."),
        ({"cause": ("kubeadm-apply control-plane: etcd",)}, "while kubeadm replaced etcd on"),
        ({"cause": ("drain worker", "check worker")}, "drained (or in another step)."),
        (
            {"cause": ("roll-addons: static-pods",)},
            "while kubeadm replaced CoreDNS and kube-proxy.",
        ),
        ({"cause": ("watch-before",)}, "for 1 s before the upgrade."),
        ({"cause": ("watch-after", "rollout a 5")}, "after the upgrade (or while a 5 was rolled)."),
        (
            {"cause": ("watch-after", "drain worker", "check worker")},
            "after the upgrade (or while worker was drained, or in another step).",
        ),
        ({"cause": ("a-new-kind x",)}, "while the step a-new-kind x went on."),
        ({"cause": (), "told": "outside of any step, 1 s after it"}, "outside of any step, 1 s"),
        ({"outcomes": {"5xx": 3}}, "answered with a server error (5xx)"),
        ({"outcomes": {"tls-error": 3}}, "failed (tls-error)"),
    ],
)
def test_each_part_is_said(changes, words):
    assert words in happened(run(replace(DNS, **changes)))[0]


def test_an_observer_of_ones_own_is_named():
    assert happened(run(DNS, name="dns-mine"))[0].startswith("Cluster DNS (dns-mine) did")
    assert happened(run(DNS, name="shop", kind="Shop"))[0].startswith("shop did not answer")


def test_a_rollout_comes_first_only_for_who_watches_what_is_rolled():
    both = replace(DNS, cause=("rollout web 1", "kubeadm-apply control-plane: kube-apiserver"))
    (api,) = happened(run(both, name="api", kind="ApiServer"))
    assert "while kubeadm replaced kube-apiserver on control-plane (or in another" in api
    (web,) = happened(run(both, name="web", kind="HttpService"))
    assert "while web 1 was rolled (or in another" in web


def test_the_worst_come_first_and_one_event_once():
    later = replace(DNS, start_s=50.0, at_least_s=3.0, cause=("drain worker",))
    same = replace(DNS, target="absent", at_least_s=0.9)
    small = replace(DNS, start_s=90.0, at_least_s=0.1, cause=("check worker",))
    said = happened(run(same, DNS, small, later))
    assert ["3 s" in said[0], "1 s" in said[1], "100 ms" in said[2]] == [True] * 3
    assert len(said) == 3
    assert len(happened(run(same, DNS, small, later), most=1)) == 1


def test_what_broke_a_claim_comes_before_what_is_worse_and_breaks_none():
    away = replace(DNS, target="api", at_least_s=70.0, outcomes={"5xx": 100})
    seen = (replace(SEEN, name="api", outages=(away,)), replace(SEEN, name="dns", outages=(DNS,)))
    written = {"api": "ApiServer()", "dns": "DnsLookups('x')"}
    facts = {"observers": seen, "observers_as_written": written}
    claim = ScenarioResult("test_lookups", "Lookups.", Verdict.FAIL, observers=("dns",))
    first, second = happened(run(**facts, scenarios=(claim,)))
    assert (first[:11], second[:14]) == ("Cluster DNS", "The API server")
    first, second = happened(run(**facts, scenarios=(replace(claim, verdict=Verdict.PASS),)))
    assert (first[:14], second[:11]) == ("The API server", "Cluster DNS")


EVENTS = """churn {stream}: 0 of 300 probes failed (0%); p95 is 9 s and may be at most 5 s
    slowest event 1: {took} from {at} s on, {told}: {stream}@upgrade-e2e-1a2b3c-worker2
    slowest event 2: 2 s from 700.00 s on, drain worker: {stream}@upgrade-e2e-1a2b3c-worker"""


def slow_claim(stream, took, at, told="watch-after and rollout web 5 (ambiguous)"):
    """A claim that broke because events of this stream were slow."""
    said = EVENTS.format(stream=stream, took=took, at=at, told=told)
    return ScenarioResult(f"test_{stream}", "x", Verdict.FAIL, said, ("churn",))


def test_the_worst_event_of_each_broken_claim_comes_before_what_no_claim_broke_for():
    """A single control plane is away as usual; that is worse, and no claim broke for it."""
    away = replace(DNS, target="api", start_s=284.8, at_least_s=68.8, outcomes={"5xx": 100})
    felt = replace(away, start_s=520.44, at_least_s=7.4, cause=("drain worker",))
    seen = (replace(SEEN, name="api", outages=(away, felt)), replace(SEEN, name="churn"))
    named = ScenarioResult(
        "test_api", "x", Verdict.FAIL, "api: 9 of 10\n  1. at 525.54 s for 2.3 s", ("api",)
    )
    claims = (
        named,
        slow_claim("started-to-ready", "26.8 s", "665.14"),
        slow_claim("deleted-to-gone", "1 min 3 s", "650.47"),
    )
    written = {"api": "ApiServer()", "churn": "PodChurn()"}
    facts = {"observers": seen, "observers_as_written": written}
    told = "after the upgrade (or while web 5 was rolled)."
    assert happened(run(**facts, scenarios=claims)) == (
        f"A pod took 1 min 3 s from deleted to gone on worker2 {told}",
        f"A pod took 26.8 s from started to ready on worker2 {told}",
        "The API server answered with a server error (5xx) on worker for 7.4 s while worker was "
        "drained.",
    )
    held = tuple(replace(claim, verdict=Verdict.PASS) for claim in claims)
    assert "1 min 9 s" in happened(run(**facts, scenarios=held))[0]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("join-node worker3: join", "while worker3 joined the cluster."),
        ("drain worker (v1.33.7->v1.34.3)", "while worker was drained."),
        ("outside of any step, 1 s after drain worker", "outside of any step, 1 s after drain"),
    ],
)
def test_slow_events_say_when(told, words):
    claim = slow_claim("deleted-to-gone", "9 s", "650.47", told)
    seen = (replace(SEEN, name="churn", outages=()),)
    assert (
        words in happened(run(name="churn", kind="PodChurn", observers=seen, scenarios=(claim,)))[0]
    )


def test_slow_answers_broke_a_claim_about_latency_and_no_other():
    slow = BrownoutRow("x", 30.0, 22.4, 23.0, 9, 5.0, 0.92, ("drain worker",), "drain worker")
    seen = replace(SEEN, name="api", outages=(replace(DNS, at_least_s=60.0),), brownouts=(slow,))
    facts = {"observers": (seen,), "name": "api", "kind": "ApiServer"}
    said = {
        words: happened(
            run(**facts, scenarios=(ScenarioResult("t", "x", Verdict.FAIL, words, ("api",)),))
        )[0]
        for words in ("api: p95 is 2.7 s and may be at most 1 s", "api: 1 of 9; at 12.35 s for 1 s")
    }
    latency, failures = said.values()
    assert "took up to 5 s to answer for 22.4 s" in latency
    assert "did not answer" in failures


def test_slow_answers_are_among_what_happened():
    slow = BrownoutRow(
        target="http://web",
        start_s=30.0,
        at_least_s=0.3,
        at_most_s=0.32,
        slow=131,
        slowest_s=1.03,
        share=1.0,
        cause=("drain worker",),
        told="drain worker",
        nodes=("x-worker",),
    )
    seen = replace(SEEN, name="web", outages=(), brownouts=(slow,))
    said = happened(run(name="web", kind="HttpService", observers=(seen,)))
    assert said == (
        "The web service took up to 1.03 s to answer on worker for 300 ms while worker was "
        "drained.",
    )


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("admitted", "let through what is forbidden"),
        ("webhook-failed", "refused objects because an admission webhook could not be called"),
    ],
)
def test_what_guard_rails_did(outcome, words):
    window = replace(DNS, outcomes={outcome: 9}, nodes=("host",), cause=("drain worker",))
    said = happened(run(window, name="guard", kind="GuardRails"))
    assert said == (f"The guard rails {words} for 1 s while worker was drained.",)


def test_nothing_happened():
    assert happened(run()) == ()


def test_what_to_do_follows_from_the_verdict():
    whole = run(failed_step=None, faults=())
    verdicts = (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE)
    said = [advice(replace(whole, verdict=verdict)) for verdict in verdicts]
    said.append(advice(replace(whole, failed_step=FailedStep("drain worker", "x"))))
    assert len(set(said)) == 4
    assert "drain worker" in said[-1]


def test_a_member_of_etcd_that_was_replaced_is_no_news():
    assert happened(run(DNS, name="etcd", kind="EtcdHealth")) == ()
    assert happened(run(DNS, name="resources", kind="NodeResources")) == ()


def test_a_snapshot_that_is_not_whole_gave_no_answer_but_is_not_whole():
    bad = replace(DNS, outcomes={"bad-answer": 1}, cause=("plant backup-stale",), at_least_s=0.0)
    said = happened(run(bad, name="backup", kind="EtcdBackup"))[0]
    assert said.startswith("A snapshot of etcd was not whole on worker for at most 1.1 s while")
    assert "plant" in said


def test_a_node_that_was_not_ready_meanwhile_is_named():
    """No Service sends anything to pods of such a node."""
    away = NotReady(DNS.start_s - 1, 49.8)
    rows = (RuntimeRow("upgrade-e2e-1a2b3c-control-plane", None, None, 0.0, (away,)),)
    assert happened(run(DNS, runtimes=rows))[0].endswith(
        "kube-proxy; control-plane was not Ready for 49.8 s then."
    )
    before = (replace(rows[0], not_ready=(NotReady(DNS.start_s - 50, 50),)),)
    assert "not Ready" not in happened(run(DNS, runtimes=before))[0]
    server = run(DNS, name="api", kind="ApiServer", runtimes=rows)
    assert "not Ready" not in happened(server)[0]
