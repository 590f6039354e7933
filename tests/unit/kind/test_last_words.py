"""Why a program of a node ended is found in its own log."""

from __future__ import annotations

import pytest

from tests.unit.kind.fakes import ScriptedRunner
from upgrade_e2e.cluster import Node, Role
from upgrade_e2e.errors import CommandFailed
from upgrade_e2e.providers.kind.last_words import ended_in_logs, ended_on, why_it_ended

AT = "2026-11-29T09:28:42.342026035Z stderr F "
UNKNOWN = 'E1129 09:28:42.34 1 run.go:72] "command failed" err="unrecognized feature gate: Old"'
NO_ANSWER = 'E1129 09:28:42.34 1 run.go:72] "command failed" err="dial tcp: connection refused"'
FATAL = '{"level":"fatal","caller":"etcd.go:183","msg":"discovery failed","error":"no such host"}'


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (AT + UNKNOWN, "unrecognized feature gate: Old"),
        (f"Nov 29 11:16:14 dev kubelet[71]: {UNKNOWN}", "unrecognized feature gate: Old"),
        (AT + "Error: unknown flag: --port", "unknown flag: --port"),
        (AT + FATAL, "discovery failed: no such host"),
        (AT + "flag provided but not defined: -v3", "flag provided but not defined: -v3"),
        (
            'level=warning msg="failed to load plugin io.containerd.grpc.v1.cri" '
            'error="invalid plugin config: `mirrors` cannot be set"',
            "invalid plugin config: `mirrors` cannot be set",
        ),
        (
            'level=warning msg="failed to load plugin" error="invalid plugin config: bad" '
            "id=io.containerd.cri.v1.images type=io.containerd.cri.v1",
            "invalid plugin config: bad",
        ),
        (
            'level=warning msg="failed to load plugin io.containerd.snapshotter.v1.zfs" '
            'error="path must be a zfs"',
            "",
        ),
        (AT + 'E1129 1 run.go:72] "command failed" err="open \\"/a\\": none"', 'open "/a": none'),
        (AT + "I1129 09:28:42.34 1 server.go:150] Version: v1.34.4", ""),
    ],
)
def test_the_reason_is_read_from_each_form_of_log(line, why):
    assert why_it_ended(["usage:", line, ""]) == why


def test_words_that_others_follow_are_not_the_last_ones():
    assert why_it_ended([AT + UNKNOWN, *[AT + "I1129 well"] * 30]) == ""


@pytest.fixture
def logs(tmp_path):
    """A folder as `kind export logs` leaves it, with a log for each program."""

    def written(**said):
        containers = tmp_path / "dev-control-plane" / "containers"
        containers.mkdir(parents=True)
        for program, line in said.items():
            name = program.replace("_", "-")
            log = containers / f"{name}-dev-control-plane_kube-system_{name}-0f3a.log"
            if name == "kubelet":
                log = containers.parent / "kubelet.log"
            log.write_text(f"begin\n{line}\n", encoding="utf-8")
        return tmp_path

    return written


def test_programs_that_ended_are_named_with_their_node(logs):
    folder = logs(kube_apiserver=AT + UNKNOWN, kubelet=UNKNOWN, coredns=AT + UNKNOWN)
    assert ended_in_logs(folder) == [
        "kubelet on dev-control-plane ended: unrecognized feature gate: Old",
        "kube-apiserver on dev-control-plane ended: unrecognized feature gate: Old",
    ]


def test_containerd_that_goes_on_without_its_part_for_pods_is_named(tmp_path):
    node = tmp_path / "dev-worker"
    node.mkdir()
    broken = 'msg="failed to load plugin io.containerd.grpc.v1.cri" error="mirrors"'
    lines = [broken, *["level=info msg=serving"] * 30]
    (node / "containerd.log").write_text("\n".join(lines), encoding="utf-8")
    assert ended_in_logs(tmp_path) == ["containerd on dev-worker ended: mirrors"]


def test_those_that_only_lost_another_are_named_where_nothing_else_is(logs):
    (said,) = ended_in_logs(logs(kube_scheduler=AT + NO_ANSWER))
    assert said.endswith("connection refused")


def test_those_that_only_lost_another_are_left_out_next_to_it(logs):
    (said,) = ended_in_logs(logs(kube_scheduler=AT + NO_ANSWER, etcd=AT + FATAL))
    assert said == "etcd on dev-control-plane ended: discovery failed: no such host"


def test_a_cluster_without_logs_says_nothing(tmp_path):
    assert ended_in_logs(tmp_path) == []


def control_plane(*answers):
    return Node("dev-control-plane", Role.CONTROL_PLANE, ScriptedRunner(answers=list(answers)))


def test_a_node_is_asked_for_the_ends_of_its_logs():
    pods = "/var/log/pods/kube-system_kube-"
    said = (
        f"==> {pods}apiserver-dev_1/kube-apiserver/0.log <==\n{AT}{UNKNOWN}\n\n"
        f"==> {pods}apiserver-dev_1/kube-apiserver/1.log <==\n{AT}{UNKNOWN}\n\n"
        f"==> {pods}scheduler-dev_1/kube-scheduler/0.log <==\n{AT}{NO_ANSWER}\n\n"
        f"==> {pods}proxy-x_1/kube-proxy/0.log <==\n{AT}{UNKNOWN}\n"
    )
    node = control_plane((0, said))
    assert ended_on(node) == [
        "kube-apiserver on dev-control-plane ended: unrecognized feature gate: Old"
    ]
    (argv,) = node.runner.seen
    assert argv[:2] == ("find", "/var/log/pods")


def test_a_node_that_does_not_answer_explains_nothing(monkeypatch):
    node = control_plane()

    def gone(*_, **__):
        raise CommandFailed("find", None, "", 60)

    monkeypatch.setattr(ScriptedRunner, "run", gone)
    assert ended_on(node) == []
