"""Every fault that a simulated cluster can have, against every scenario of the project.

One pass a fault, judged by all scenarios: those it is meant for FAIL and say during which step and
with which outcome, and no other does. Without a fault all of them PASS, with the same steps. Every
run plants each fault once; a fault's second row is a part of `ci/test --all`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from tests.acceptance.sim_pass import Judged, judged_pass
from tests.claims import NOT_SIMULATED, all_scenarios
from tests.outcomes import OUTCOMES
from upgrade_e2e.judge import Limits, Verdict, view_of
from upgrade_e2e.providers.sim.durations import Durations
from upgrade_e2e.upgrade.faults import plantable_on

pytestmark = pytest.mark.quiet

WEB, EDGE = "no_connection_is_refused_or_cut", "the_edge_gives_no_502"
DNS, DNS_FAST = "lookups_keep_answering", "lookups_stay_fast"
KEPT, COME = "a_kept_socket_keeps_answering", "pods_come_and_go"
READY, GONE = "ready_is_visible_soon_after_start", "deleted_pods_are_gone_soon"
TARGET, WHOLE = "every_component_is_at_the_target", "workloads_are_all_there"
AGAIN = pytest.mark.thorough(part="simulated")
# A lagging kubelet lets few pods come and go; everything else is as the product has it.
FEW = Limits.default().override({"instrument": {"min_samples": 20}}, "tests/acceptance")


@dataclass(frozen=True)
class Row:
    """A fault, and for each scenario that it is meant for what the explanation must match.

    `seen` are an observer, a step and what its explanation of that step must match where no
    scenario can judge the fault: on one control plane the claims about the API are skipped. A row
    that plants `again` what another row plants too is left to `ci/test --all`.
    """

    faults: str
    fails: dict[str, str]
    seen: tuple[str, str, str] | None = None
    more: dict[str, object] = field(default_factory=dict)
    again: bool = False

    @property
    def names(self) -> set[str]:
        """The names of its faults."""
        return {word.partition("@")[0].partition("=")[0] for word in self.faults.split(", ")}

    @property
    def as_on_kind(self) -> Mapping[str, str]:
        """What a real cluster shows for the same fault, where that is tested."""
        words = [word.partition("@")[0] for word in self.faults.split(", ")]
        return OUTCOMES.get(" ".join(words), {})

    @property
    def marks(self) -> tuple[pytest.MarkDecorator, ...]:
        """What puts the row into a part of `ci/test --all`."""
        return (AGAIN,) if self.again else ()


MOVES = r"(drain|rollout|roll-addons)"
TABLE = (
    Row(
        "no-prestop",
        {
            WEB: rf"(refused|reset)[^\n]*\n(.*\n)*.*{MOVES}.*: .*(refused|reset)",
            EDGE: r"drain.*5xx",
        },
    ),
    Row("no-readiness", {WEB: rf"{MOVES}.*refused", EDGE: rf"{MOVES}.*5xx"}),
    Row(
        "no-grace",
        {
            WEB: rf"{MOVES}.*(refused|reset)",
            EDGE: rf"{MOVES}.*5xx",
        },
    ),
    Row(
        "endpoint-delay=3s",
        {
            WEB: r"drain worker.*refused",
            EDGE: r"drain worker.*5xx",
            DNS: rf"{MOVES}.*(refused|timeout)",
        },
    ),
    Row(
        "coredns-replicas=1",
        {DNS: r"drain.*(refused|timeout)", KEPT: r"drain.*(refused|timeout)"},
        more={"durations": Durations(scale=100, pace=1)},
        again=True,
    ),
    Row(
        "coredns-replicas=1, coredns-no-lameduck",
        # At a greater pace the one pod that is left is sometimes back too soon to break it.
        {DNS: rf"{MOVES}.*(refused|timeout)", KEPT: rf"{MOVES}.*(refused|timeout)"},
        more={"durations": Durations(scale=100, pace=1)},
    ),
    Row("dns-drop=0.05", {DNS: r"timeout", DNS_FAST: r"p99 >= "}),
    Row("dns-delay=200ms", {DNS_FAST: r"p50 2\d\d ms"}),
    Row(
        "kubelet-qps=1@swap-kubelet worker2",
        {
            READY: r"churn started-to-ready.*\n.*p99",
            COME: r"timeout",
            GONE: r"churn deleted-to-gone.*\n.*p99",
            WHOLE: r"upgrade-e2e/churn-\S+: ",
        },
        more={"watch_after_s": 15.0},
    ),
    Row(
        "fail-step=drain:worker2",
        {
            TARGET: r"'drain worker2' failed: default/upgrade-e2e-pinned is held by budget "
            r"default/upgrade-e2e-pinned: minAvailable 1 of 1 healthy, 0 may go\n",
        },
        more={"drain_timeout_s": 50.0},
        again=True,
    ),
    Row("fail-step=swap-kubelet:worker", {TARGET: r"'swap-kubelet worker' failed"}),
    Row("addon-stays=kube-proxy", {TARGET: r"'verify' failed.*kube-proxy on .* v1\.33"}),
    Row(
        "apiserver-freeze=2s@drain worker",
        {},
        seen=("api", "drain worker", r"longest [1-3](\.\d+)? s"),
    ),
    Row("etcd-stall=2s@drain worker", {}, seen=("api", "drain worker", r"\d 5xx")),
)


def judged(folder, faults: tuple[str, ...], **more) -> Judged:
    """A pass that is as short as judging allows."""
    settings = {"watch_before_s": 1.0, "watch_after_s": 1.5, "limits": FEW}
    settings |= {"durations": Durations(scale=100), **more}
    return judged_pass(folder, *faults, **settings)


def test_the_table_has_every_fault_and_every_scenario():
    known = plantable_on("sim")
    assert set().union(*(row.names for row in TABLE)) == known
    assert set().union(*(row.names for row in TABLE if not row.again)) == known
    assert set(OUTCOMES) <= {" ".join(r.faults.partition("@")[0].split(", ")) for r in TABLE}
    meant = set().union(*(row.fails for row in TABLE)) | NOT_SIMULATED
    # What the first watches would be a mistake of kubeadm's; there is no fault that plants it. The
    # others take an API server that is away for minutes, longer than any simulated pass.
    left = {"old_credentials_still_work", "the_api_comes_back", "nodes_hear_of_the_api_again"}
    left.add("requests_stay_fast")  # no fault makes a web service slow
    assert set(all_scenarios()) - meant == left


@pytest.mark.parametrize("row", [pytest.param(r, marks=r.marks, id=r.faults) for r in TABLE])
def test_a_fault_breaks_what_it_is_meant_for_and_nothing_else(tmp_path, row):
    done = judged(tmp_path, tuple(row.faults.split(", ")), **row.more)
    assert set(row.fails) <= done.failed, done.verdicts
    assert done.failed <= set(row.fails), {n: done.explained[n] for n in done.failed}
    for scenario, words in [*row.fails.items(), *row.as_on_kind.items()]:
        assert re.search(words, done.explained[scenario]), done.explained[scenario]
    if row.seen is not None:
        observer, step, words = row.seen
        told = view_of(done.upgraded.timeline, observer).during(step).explain()
        assert re.search(words, told), told


@pytest.mark.parametrize("time", [1, pytest.param(2, marks=AGAIN)])
def test_without_a_fault_every_claim_holds(tmp_path, time):
    done = judged_pass(tmp_path)
    told = {name: text for name, text in done.explained.items() if text}
    skipped = {name for name, verdict in done.verdicts.items() if verdict is Verdict.SKIP}
    assert skipped == NOT_SIMULATED, told
    assert set(done.verdicts.values()) == {Verdict.PASS, Verdict.SKIP}, told
