"""The main job on a real cluster: one command, a whole pass, everything it leaves."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from tests.kind.conftest import API_CLAIMS, LACKING, NEW
from upgrade_e2e.report import load_record, load_timeline

CODES = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 3}


def test_the_upgrade_itself_holds(ran):
    assert ran.record()["failed_step"] is None, ran.output
    verdicts = {s["name"]: s["verdict"] for s in ran.record()["scenarios"]}
    for claim in ("every_component_is_at_the_target", "workloads_are_all_there"):
        assert verdicts[f"test_{claim}"] == "PASS", ran.summary()
    assert verdicts["test_old_credentials_still_work"] == "PASS", ran.summary()


def test_every_claim_is_judged_but_those_that_need_three_control_planes(ran):
    scenarios = ran.record()["scenarios"]
    skipped = {s["name"] for s in scenarios if s["verdict"] == "SKIP"}
    assert API_CLAIMS <= skipped <= API_CLAIMS | LACKING
    assert len(scenarios) >= 11
    assert all(s["explanation"] for s in scenarios if s["verdict"] != "PASS"), scenarios


def test_the_verdict_and_the_exit_code_follow_from_the_claims(ran):
    """Whether nodes that lost a single API hear of a drain in time is chance: a back-off."""
    judged = {s["verdict"] for s in ran.record()["scenarios"]}
    wanted = next(verdict for verdict in ("FAIL", "INCONCLUSIVE", "PASS") if verdict in judged)
    assert ran.record()["verdict"] == wanted
    assert ran.code == CODES[wanted], ran.output + ran.summary()


def test_every_component_is_read_back_at_the_target(ran):
    found = {(c["name"], c["node"]): c["found"] for c in ran.record()["inventory"]["components"]}
    kubelets = [version for (name, _), version in found.items() if name == "kubelet"]
    assert kubelets == [NEW] * 3, "a plain pass watches no node that joins"
    assert {name for name, _ in found} >= {
        "kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "coredns",
        "kube-proxy", "kubelet",
    }  # fmt: skip


def test_the_facts_of_the_cluster_are_recorded(ran):
    facts = ran.record()["facts"]
    assert (facts["families"], facts["dns_domain"]) == (["ipv4"], "cluster.local")
    assert (facts["proxy"], facts["feature_gates"]) == ("iptables", [])
    assert facts["cni"] in {"flannel", "kindnet"}  # of the stand-in images, and of kind's own
    assert f"- cluster: 1+2 nodes, iptables, ipv4, {facts['cni']}" in ran.summary()


def test_steps_are_spans_in_the_planned_order(ran):
    spans = [span for span in ran.record()["spans"] if not span["parent"]]
    kinds = [span["kind"] for span in spans]
    assert kinds.index("create") < kinds.index("deploy") < kinds.index("kubeadm-apply")
    assert kinds.index("kubeadm-apply") < kinds.index("drain") < kinds.index("collect")
    assert kinds.index("collect") < kinds.index("verify"), "reading back takes cores from probers"
    phases = {s["kind"] for s in ran.record()["spans"] if s["parent"].startswith("kubeadm-apply")}
    assert phases >= {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"}


def test_every_observer_watched_the_whole_time_from_every_node(ran):
    timeline = load_timeline(ran.artifacts)
    stories = {"etcd", "guard", "resources", "runtime"}
    assert set(timeline.samples) == {"web", "edge", "dns", "api", "churn", *stories}
    for name in ("web", "edge", "dns"):
        assert len({stream.node for stream in timeline.samples[name].streams}) == 3
        assert len(timeline.samples[name]) > 10_000
    for result in load_record(ran.artifacts).observers:
        assert result.samples > 100, result


def test_the_restart_of_the_api_server_was_seen_and_attributed(ran):
    api = next(o for o in ran.record()["observers"] if o["name"] == "api")
    causes = {cause for outage in api["outages"] for cause in outage["cause"]}
    assert any(cause.startswith("kubeadm-apply control-plane") for cause in causes), causes


def test_junit_has_a_case_a_scenario(ran):
    cases = ET.parse(ran.artifacts / "junit.xml").getroot().iter("testcase")  # noqa: S314
    assert len(list(cases)) == len(ran.record()["scenarios"])


def test_progress_was_shown(ran):
    assert "> kubeadm-apply control-plane" in ran.output
    # Once a minute a line says what fails, or that nothing does.
    assert re.search(r"control-plane, \d min; (.*failing|.*no news|all fine)", ran.output), (
        ran.output
    )
