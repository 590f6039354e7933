"""Faults of one member of etcd: what is done on its node, and that all of it is undone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.command import Completed, Runner
from upgrade_e2e.errors import CommandFailed, DeadlinePassed, FaultNotPlanted
from upgrade_e2e.providers.kind import etcd_faults
from upgrade_e2e.providers.kind.planting import plant
from upgrade_e2e.upgrade import Step

PEERS = "- --listen-peer-urls=https://172.18.0.4:2380"


@dataclass(frozen=True)
class Recorder(Runner):
    """A node on which nothing runs."""

    ran: list[tuple[str, ...]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    failing: str = ""

    def run(self, *argv: str, **_: object) -> Completed:
        self.ran.append(argv)
        line = " ".join(argv)
        if self.failing and self.failing in line:
            raise CommandFailed(line, 1, "", 1.0)
        stdout = next((said for words, said in self.answers.items() if words in line), "{}")
        return Completed(line, 0, stdout, "", 0.0)


def cluster(planes: int, **settings: object) -> tuple[Cluster, Recorder]:
    """A cluster, and the node of its last control plane."""
    recorder = Recorder(**settings)
    names = [f"cp{number}" for number in range(planes)]
    other = Recorder(failing=" ")
    nodes = [Node(name, Role.CONTROL_PLANE, other) for name in names[:-1]]
    nodes.append(Node(names[-1], Role.CONTROL_PLANE, recorder))
    return Cluster("dev", Path("kubeconfig"), tuple(nodes)), recorder


def planted(fault: str, planes: int = 3, **settings: object) -> list[str]:
    """What was run on the node while this fault was planted."""
    there, recorder = cluster(planes, **settings)
    plant(Step("plant", 60, params={"fault": fault, "value": "10ms"}), there)
    return [" ".join(argv) for argv in recorder.ran]


def test_a_frozen_member_goes_on() -> None:
    assert planted("etcd-freeze", planes=1) == [
        "pkill --signal STOP --exact etcd",
        "pkill --signal CONT --exact etcd",
    ]


@pytest.mark.parametrize(
    ("listens", "iptables"),
    [(PEERS, "iptables"), (PEERS.replace("172.18.0.4", "[fd00::4]"), "ip6tables")],
)
def test_a_member_that_is_cut_off_is_joined_again(listens: str, iptables: str) -> None:
    ran = planted("etcd-cut-off", answers={"cat": listens})
    rules = [line for line in ran if line.startswith(f"{iptables} ")]
    inserted = [line.replace("--insert", "--delete") for line in rules if "--insert" in line]
    deleted = [line for line in rules if "--delete" in line]
    assert len(inserted) == 4
    assert sorted(inserted) == sorted(deleted)
    assert rules.index(deleted[0]) == 4
    assert all("2380" in line and line.endswith("DROP") for line in rules)


def test_rules_that_could_not_all_be_made_are_taken_back() -> None:
    there, recorder = cluster(3, answers={"cat": PEERS}, failing="--insert OUTPUT")
    with pytest.raises(CommandFailed):
        etcd_faults.cut_off(there, 0.01)
    lines = [" ".join(argv) for argv in recorder.ran]
    assert sum("--insert INPUT" in line for line in lines) == 2
    assert sum("--delete INPUT" in line for line in lines) == 2
    assert "--delete OUTPUT" in lines[-3], "it may be there, where only the answer was lost"


def test_a_member_that_may_have_been_frozen_goes_on() -> None:
    there, recorder = cluster(1, failing="STOP")
    with pytest.raises(CommandFailed):
        etcd_faults.freeze(there, 0.01)
    assert "CONT" in recorder.ran[-1]


def test_a_lone_member_cannot_be_cut_off() -> None:
    with pytest.raises(FaultNotPlanted, match="only member"):
        planted("etcd-cut-off", planes=1)


def full(**more: str) -> dict[str, str]:
    """The answers of a member that raises the alarm when it is asked to."""
    return {
        "/health": '{"health":"false","reason":"ALARM NOSPACE"}',
        "/maintenance/status": '{"header":{"member_id":"8211"}}',
        **more,
    }


def alarms(ran: list[str]) -> list[dict[str, str]]:
    """The questions about the alarm, in their order."""
    return [
        json.loads(line.partition("--data ")[2].rpartition(" ")[0])
        for line in ran
        if line.endswith("/maintenance/alarm")
    ]


def test_the_alarm_is_raised_for_this_member_and_disarmed() -> None:
    ran = planted("etcd-no-space", planes=1, answers=full())
    member = {"memberID": "8211", "alarm": "NOSPACE"}
    assert alarms(ran) == [{**member, "action": "ACTIVATE"}, {**member, "action": "DEACTIVATE"}]


def test_an_alarm_that_does_not_show_is_no_fault_and_is_disarmed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    soon: Callable[..., object] = lambda deadline: replace(deadline, within_s=0.0)  # noqa: E731
    real = etcd_faults.wait_for
    monkeypatch.setattr(
        etcd_faults,
        "wait_for",
        lambda what, see, ready, end, **more: real(what, see, ready, soon(end), **more),
    )
    there, recorder = cluster(1, answers=full(**{"/health": '{"health":"true"}'}))
    with pytest.raises(DeadlinePassed):
        etcd_faults.fill(there, 0.01)
    asked = alarms([" ".join(argv) for argv in recorder.ran])
    assert [one["action"] for one in asked] == ["ACTIVATE", "DEACTIVATE"]


@dataclass(frozen=True)
class Stubborn(Recorder):
    """Does not take back its alarm at once."""

    def run(self, *argv: str, **more: object) -> Completed:
        done = super().run(*argv, **more)
        if len([ran for ran in self.ran if "DEACTIVATE" in " ".join(ran)]) == 1:
            raise CommandFailed(done.command, 28, "curl: (28) timed out", 1.0)
        return done


def test_an_alarm_is_disarmed_however_often_it_takes() -> None:
    node = Stubborn(answers=full())
    there = Cluster("dev", Path("kubeconfig"), (Node("cp", Role.CONTROL_PLANE, node),))
    etcd_faults.fill(there, 0.01)
    asked = [one["action"] for one in alarms([" ".join(argv) for argv in node.ran])]
    assert asked == ["ACTIVATE", "DEACTIVATE", "DEACTIVATE"]
