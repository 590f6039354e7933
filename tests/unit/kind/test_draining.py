"""A drain that failed: why comes first, then what matters of kubectl's output."""

from __future__ import annotations

import re

import pytest

from tests.unit.cluster.objects import NOW
from tests.unit.cluster.test_evictions import budget, ended, leaving, pod
from tests.unit.kind.fakes import ScriptedRunner
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.cluster.evictions import holdups
from upgrade_e2e.errors import Blocked, CommandFailed
from upgrade_e2e.providers.kind.draining import blocked_by, drain, shortened
from upgrade_e2e.providers.kind.journal import Journal
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Marks, Step

PODS = "/api/v1/pods?fieldSelector=spec.nodeName%3Ddev-worker"
BUDGETS = "/apis/policy/v1/poddisruptionbudgets"
STEP = Step(
    "drain",
    360,
    node="worker",
    params={"allowed_s": "300", "arguments": "--ignore-daemonsets --timeout=300s"},
)
BY_BUDGET = (
    'error when evicting pods/"web" -n "shop" (will retry after 5s): Cannot evict pod as it would '
    "violate the pod's disruption budget.\n"
)
BY_TIME = """\
There are pending nodes to be drained:
 dev-worker
error when waiting for pod "web" in namespace "shop" to terminate: context deadline exceeded
"""
BY_WEBHOOK = (
    'error: unable to drain node "dev-worker" due to error: error when evicting pods/"web" -n '
    '"shop": admission webhook "guard.test" denied the request: not today, continuing command...\n'
)


@pytest.fixture
def drained(api, tmp_path):
    """Drains dev-worker of a cluster whose kubectl fails with the given output."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(api.kubeconfig())
    api.answers |= {PODS: {"items": []}, BUDGETS: {"items": []}}

    def run(*answers: tuple[int, str], step: Step = STEP) -> tuple[str, ScriptedRunner]:
        runner = ScriptedRunner(answers=list(answers))
        nodes = (
            Node("dev-control-plane", Role.CONTROL_PLANE, runner),
            Node("dev-worker", Role.WORKER, runner),
        )
        cluster = Cluster("dev", kubeconfig, nodes)
        journal = Journal(tmp_path / "steps")
        try:
            drain(step, cluster, Marks(Origin()), journal)
        except Blocked as blocked:
            return str(blocked), runner
        return "", runner

    return run


def first(said: tuple[str, ScriptedRunner]) -> str:
    return said[0].splitlines()[0]


def test_the_arguments_of_the_step_are_kubectls(drained):
    said, runner = drained((0, "node/dev-worker drained\n"))
    assert said == ""
    (argv,) = runner.seen
    assert argv[-4:] == ("drain", "dev-worker", "--ignore-daemonsets", "--timeout=300s")


def test_the_first_line_names_pod_and_budget(drained, api):
    api.answers |= {PODS: {"items": [pod()]}, BUDGETS: {"items": [budget()]}}
    assert first(drained((1, BY_BUDGET * 40))) == (
        "shop/web is held by budget shop/web: minAvailable 1 of 1 healthy, 0 may go"
    )


def test_the_first_line_names_the_finalizer(drained, api):
    held = ended(leaving(-5, finalizers=["hold.test/never"]))
    api.answers[PODS] = {"items": [held]}
    said = drained((1, BY_TIME))
    assert first(said) == "shop/web: still terminating, finalizer hold.test/never"


def test_kubectl_is_not_asked_again_once_its_own_time_is_over(drained):
    """Its last words are also those of an API server that restarts."""
    _, runner = drained((1, BY_TIME), (0, ""))
    assert len(runner.seen) == 1


def test_kubectl_is_asked_again_while_the_api_server_restarts(drained, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    said, runner = drained((1, "error: Get https://x: connection refused\n"), (0, ""))
    assert said == ""
    assert len(runner.seen) == 2


def test_a_webhook_that_refuses_is_named(drained, api):
    going = leaving(3)
    going["metadata"]["name"] = "going"
    api.answers[PODS] = {"items": [going, pod()]}
    assert first(drained((1, BY_WEBHOOK))) == (
        'shop/web may not be evicted: admission webhook "guard.test" denied the request: not today'
    )


def test_of_several_refused_pods_each_has_its_own_reason(drained, api):
    api.answers[PODS] = {"items": [pod(), pod(name="api")]}
    refused = ", ".join(
        f'error when evicting pods/"{name}" -n "shop": webhook "{hook}" says no'
        for name, hook in (("web", "a.test"), ("api", "b.test"))
    )
    line = (
        f'error: unable to drain node "dev-worker" due to error: [{refused}], continuing command...'
    )
    assert drained((1, line))[0].splitlines()[:2] == [
        'shop/api may not be evicted: webhook "b.test" says no',
        'shop/web may not be evicted: webhook "a.test" says no',
    ]


def test_nonsense_that_kubectl_refuses_is_the_first_line(drained, api):
    output = "error: unknown flag: --lunch\nSee 'kubectl drain --help' for usage.\n"
    assert first(drained((1, output))) == "error: unknown flag: --lunch"


def test_a_refused_pod_is_named_even_when_the_api_does_not_answer(drained, api):
    api.answers[PODS] = (503, {})
    assert first(drained((1, BY_WEBHOOK))).startswith("shop/web may not be evicted: admission")


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (
            "cannot delete Pods that declare no controller (use --force to override): shop/bare",
            "shop/bare: kubectl deletes no Pods that declare no controller without --force, which "
            "--drain-args leaves out",
        ),
        (
            "[cannot delete Pods with local storage (use --delete-emptydir-data to override): "
            "shop/a, shop/b, cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to "
            "ignore): kube-system/p1, kube-system/p2, kube-system/p3, kube-system/p4]",
            "shop/a, shop/b: kubectl deletes no Pods with local storage without "
            "--delete-emptydir-data, which --drain-args leaves out\n"
            "kube-system/p1, kube-system/p2, kube-system/p3 and 1 more: kubectl deletes no "
            "DaemonSet-managed Pods without --ignore-daemonsets, which --drain-args leaves out",
        ),
    ],
)
def test_pods_that_the_users_arguments_do_not_let_go_are_named(drained, api, refused, said):
    api.answers[PODS] = {"items": [pod()]}
    line = (
        f'error: unable to drain node "dev-worker" due to error: {refused}, continuing command...'
    )
    assert drained((1, line))[0].startswith(f"{said}\nkubectl drain exited with 1; ")


def test_the_output_comes_after_it_shortened_and_the_whole_of_it_is_named(drained, api, tmp_path):
    api.answers |= {PODS: {"items": [pod()]}, BUDGETS: {"items": [budget()]}}
    said, _ = drained((1, "evicting pod shop/web\n" * 40 + BY_BUDGET * 40))
    assert "[40 times]" in said
    assert len(said.splitlines()) == 3
    (named,) = re.findall(r"steps/(\S+),", said)
    assert len((tmp_path / "steps" / named).read_text().splitlines()) == 80


def test_of_many_errors_the_last_ones_are_shown():
    lines = [f"error number {number}" for number in range(30)]
    shown = shortened("\n".join(lines))
    assert shown == ["[18 lines before]", *lines[-12:]]


def test_an_output_without_errors_is_shown_as_it_is():
    assert shortened("node/x cordoned\n\nevicting pod a/b\n") == [
        "node/x cordoned",
        "evicting pod a/b",
    ]


def test_many_pods_are_counted():
    pods = [pod(name=f"web-{number}") for number in range(8)]
    found = holdups(pods, [budget()], NOW, 300)
    said = blocked_by(found, CommandFailed("kubectl", None, "", 360), "x.log").splitlines()
    assert said[5] == "and 3 more pods"
    assert said[6].startswith("kubectl drain was ended; ")
