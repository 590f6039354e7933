"""Following kubeadm: phases from what it writes, and patience with an API that restarts."""

from __future__ import annotations

import re

import pytest

from tests.unit.kind.fakes import ScriptedRunner
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.errors import Blocked, CommandFailed
from upgrade_e2e.providers.kind.admin import kubectl
from upgrade_e2e.providers.kind.journal import Journal
from upgrade_e2e.providers.kind.kubeadm import PhaseReader, kubeadm_apply, kubeadm_node
from upgrade_e2e.timeline import Origin, Span
from upgrade_e2e.upgrade import Marks, Step

APPLY = """\
[upgrade] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...
[upgrade/preflight] Running preflight checks
\t[WARNING SystemVerification]: cgroups v1 support is in maintenance mode
[upgrade/preflight] You have chosen to upgrade the cluster version to "v1.34.4"
[upgrade/staticpods] Preparing for "etcd" upgrade
[upgrade/staticpods] Waiting for the kubelet to restart the component
[upgrade/staticpods] Component "etcd" after_upgrade successfully!
[upgrade/staticpods] Preparing for "kube-apiserver" upgrade
[upgrade/staticpods] Preparing for "kube-controller-manager" upgrade
[upgrade/staticpods] Preparing for "kube-scheduler" upgrade
[upload-config] Storing the configuration used in ConfigMap "kubeadm-config"
[kubelet-start] Writing kubelet configuration to file "/var/lib/kubelet/config.yaml"
[bootstrap-token] Configured RBAC rules to allow Node Bootstrap tokens to get nodes
[bootstrap-token] Configured RBAC rules to allow certificate rotation for all node client certs
[addons] Applied essential addon: CoreDNS
[addons] Applied essential addon: kube-proxy
[upgrade] SUCCESS! A control plane node of your cluster was after_upgrade to "v1.34.4".
"""


def phases_of(text: str) -> list[str]:
    marked: list[str] = []
    reader = PhaseReader(marked.append)
    for line in text.splitlines():
        reader.read(line)
    return marked


def test_the_phases_of_apply_in_order_and_once_each():
    assert phases_of(APPLY) == [
        "preflight",
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "config",
        "addons",
    ]


def test_lines_that_begin_no_phase_mark_nothing():
    assert (
        phases_of("[upgrade] SUCCESS!\nW1123 13:45:29 checks.go:827] Preparing for lunch\n") == []
    )


@pytest.fixture
def cluster(tmp_path):
    def made(*answers, role=Role.WORKER):
        runner = ScriptedRunner(answers=list(answers))
        control = Node("dev-control-plane", Role.CONTROL_PLANE, runner)
        worker = Node("dev-worker", role, runner)
        return Cluster("dev", tmp_path / "kubeconfig", (control, worker)), runner

    return made


STEP = Step(
    "kubeadm-node", 60, node="worker", hop="v1.33.13->v1.34.4", params={"version": "v1.34.4"}
)
NODE_OUTPUT = "[upgrade/preflight] Running\n[kubelet-start] Writing\n[upgrade/addon] Skipping\n"


def test_a_node_is_upgraded_once_it_has_permission(cluster, tmp_path):
    no, yes = (1, "no\n"), (0, "yes\n")
    where, runner = cluster(no, yes, yes, yes, (0, NODE_OUTPUT))
    marks = Marks(Origin())
    kubeadm_node(STEP, where, marks, Journal(tmp_path / "steps"))
    assert runner.seen[-1] == (
        "/kind/upgrade/v1.34.4/kubeadm",
        "upgrade",
        "node",
        "--config",
        "/kind/upgrade/v1.34.4/upgrade.yaml",
    )
    assert [s.kind for s in marks.take(Span("x", "x", 0, 1))] == ["preflight", "config"]
    log = (tmp_path / "steps" / "v1.33.13-v1.34.4-kubeadm-node-worker.log").read_text()
    assert re.fullmatch(r"(\d\d:\d\d:\d\d \[.+\n){3}", log)


def test_a_failing_kubeadm_tells_its_output(cluster, tmp_path):
    yes = (0, "yes\n")
    where, _ = cluster(yes, yes, yes, (1, "error: something is wrong\n"))
    with pytest.raises(CommandFailed, match="something is wrong") as caught:
        kubeadm_node(STEP, where, Marks(Origin()), Journal(tmp_path))
    assert caught.value.returncode == 1


def test_the_first_line_of_a_failure_is_kubeadms_own_reason(cluster, tmp_path):
    yes, said = (0, "yes\n"), "[upgrade] Reading\nerror: something is wrong\nTo see more\n"
    where, _ = cluster(yes, yes, yes, (1, said))
    with pytest.raises(CommandFailed) as caught:
        kubeadm_node(STEP, where, Marks(Origin()), Journal(tmp_path))
    assert str(caught.value).startswith("something is wrong\ncommand exited with 1: ")
    assert "[upgrade] Reading" in str(caught.value)


def test_a_program_that_ended_on_a_control_plane_comes_first(cluster, tmp_path):
    step = Step("kubeadm-apply", 60, node="control-plane", params={"version": "v1.34.4"})
    log = "==> /var/log/pods/kube-system_etcd-x_1/etcd/0.log <=="
    ended = f"{log}\nflag provided but not defined: -v3\n"
    where, _ = cluster((1, "error: timed out\n"), (0, ended))
    with pytest.raises(CommandFailed) as caught:
        kubeadm_apply(step, where, Marks(Origin()), Journal(tmp_path))
    assert str(caught.value).splitlines()[:2] == [
        "etcd on dev-control-plane ended: flag provided but not defined: -v3",
        "timed out",
    ]


def test_what_preflight_refuses_is_the_first_line_and_the_step_is_blocked(cluster, tmp_path):
    yes = (0, "yes\n")
    said = "[preflight] Some\n\t[ERROR A]: one\ntwo\n\t[ERROR B]: three\n[preflight] If\nerror: x\n"
    where, _ = cluster(yes, yes, yes, (1, said))
    with pytest.raises(Blocked) as caught:
        kubeadm_node(STEP, where, Marks(Origin()), Journal(tmp_path))
    assert str(caught.value).splitlines()[0] == "[ERROR A]: one two; [ERROR B]: three"


def test_every_line_is_heard(cluster, tmp_path):
    yes, heard = (0, "yes\n"), []
    where, _ = cluster(yes, yes, yes, (0, NODE_OUTPUT))
    kubeadm_node(STEP, where, Marks(Origin()), Journal(tmp_path), heard.append)
    assert heard == NODE_OUTPUT.splitlines()


@pytest.mark.parametrize(
    "said",
    [
        'Error from server (Forbidden): nodes "x" is forbidden',
        "The connection to the server dev-control-plane:6443 was refused",
        "Unable to connect to the server: EOF",
        "Unable to connect to the server: net/http: TLS handshake timeout",
        "Error from server: etcdserver: request timed out",
        "Unable to connect to the server: read tcp: connection reset by peer",
        "error: the server is currently unable to handle the request",
    ],
)
def test_kubectl_is_repeated_while_the_api_server_restarts(cluster, said):
    where, runner = cluster((1, said), (0, "node/dev-worker drained"))
    kubectl(where, "drain", "dev-worker", timeout_s=30)
    assert len(runner.seen) == 2
    assert runner.seen[0][:3] == ("kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf")


@pytest.mark.parametrize(
    "said",
    [
        'error when evicting pods/"web" -n "x": global timeout reached: 300s',
        "Cannot evict pod as it would violate the pod's disruption budget.",
        "error: unknown flag: --lunch",
    ],
)
def test_kubectl_that_fails_for_a_reason_of_its_own_is_not(cluster, said):
    where, runner = cluster((1, said))
    with pytest.raises(CommandFailed):
        kubectl(where, "drain", "dev-worker", timeout_s=30)
    assert len(runner.seen) == 1


def test_patience_has_an_end(cluster):
    where, runner = cluster(*[(1, "Unable to connect to the server: EOF")] * 50)
    with pytest.raises(CommandFailed, match="EOF"):
        kubectl(where, "uncordon", "dev-worker", timeout_s=1)
    assert 1 < len(runner.seen) < 50


REFUSED = """\
[upgrade] Running cluster health checks
[preflight] Some fatal errors occurred:
\t[ERROR CreateJob]: could not create Job "x": failed calling webhook "jobs.guard.test": no answer
[preflight] If you know what you are doing, you can make a check non-fatal
error: error execution phase preflight: [preflight] Some fatal errors occurred:
\t[ERROR CreateJob]: could not create Job "x": failed calling webhook "jobs.guard.test": no answer
"""


def test_the_check_that_kubeadm_refuses_by_comes_first(cluster, tmp_path):
    yes = (0, "yes\n")
    where, _ = cluster(yes, yes, yes, (1, REFUSED))
    with pytest.raises(Blocked) as caught:
        kubeadm_node(STEP, where, Marks(Origin()), Journal(tmp_path))
    first, second, *_ = str(caught.value).splitlines()
    assert first == (
        '[ERROR CreateJob]: could not create Job "x": failed calling webhook "jobs.guard.test": '
        "no answer"
    )
    assert second.startswith("command exited with 1: ")


APPLY_STEP = Step("kubeadm-apply", 60, node="worker", hop="h", params={"version": "v1.34.4"})
LATE = """\
[upgrade] Running cluster health checks
[preflight] Some fatal errors occurred:
\t[ERROR CreateJob]: Job "upgrade-health-check-1" in the namespace "kube-system" did not \
complete in 15s: no condition of type Complete
[preflight] If you know what you are doing, you can make a check non-fatal
error: error execution phase preflight: preflight checks failed
"""


def test_kubeadm_whose_own_job_is_late_is_asked_again(cluster, tmp_path):
    where, runner = cluster((1, LATE), (0, NODE_OUTPUT))
    marks = Marks(Origin())
    kubeadm_apply(APPLY_STEP, where, marks, Journal(tmp_path))
    assert len(runner.seen) == 2
    assert runner.seen[0] == runner.seen[1]
    assert next(s.kind for s in marks.take(Span("x", "x", 0, 1))) == "preflight-again"
    (log,) = tmp_path.glob("*.log")
    assert "asked again" in log.read_text()


def test_kubeadm_whose_job_is_late_twice_blocks_the_step(cluster, tmp_path):
    where, runner = cluster((1, LATE), (1, LATE), (0, NODE_OUTPUT))
    with pytest.raises(Blocked, match="did not complete in 15s"):
        kubeadm_apply(APPLY_STEP, where, Marks(Origin()), Journal(tmp_path))
    assert len(runner.seen) == 2


@pytest.mark.parametrize(
    "said", [REFUSED, LATE.replace("[preflight] If", "\t[ERROR Other]: no\n[preflight] If")]
)
def test_kubeadm_that_refuses_by_anything_else_is_not_asked_again(cluster, tmp_path, said):
    where, runner = cluster((1, said), (0, NODE_OUTPUT))
    with pytest.raises(Blocked):
        kubeadm_apply(APPLY_STEP, where, Marks(Origin()), Journal(tmp_path))
    assert len(runner.seen) == 1


def test_an_output_that_says_that_it_is_final_is_not_asked_again(cluster):
    where, runner = cluster((1, "x to terminate: context deadline exceeded"), (0, ""))
    with pytest.raises(CommandFailed):
        kubectl(where, "drain", "x", timeout_s=30, final=re.compile("to terminate"))
    assert len(runner.seen) == 1
