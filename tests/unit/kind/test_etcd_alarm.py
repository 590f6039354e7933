"""The alarm of etcd that a killed pass left is taken back; one of its own stays, and is named."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from upgrade_e2e.command import Completed, Runner
from upgrade_e2e.errors import BadInput, CommandFailed, DeadlinePassed
from upgrade_e2e.providers.kind import etcd_alarm
from upgrade_e2e.providers.kind.etcd_alarm import (
    MARK_FILE,
    raise_alarm,
    require_no_alarm,
    take_back_left,
)
from upgrade_e2e.wait import Deadline

FULL = '{"health":"false","reason":"ALARM NOSPACE"}'


@dataclass(frozen=True)
class Member(Runner):
    """The node of a member of etcd: its file with the mark, and the alarms that were asked for."""

    mark: list[str] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    health: str = '{"health":"true"}'
    answers: bool = True

    def run(
        self,
        *argv: str,
        timeout_s: float,
        check: bool = True,
        stdin: str | None = None,
        **_: object,
    ) -> Completed:
        said = ""
        match argv:
            case ("tee", path):
                assert path == MARK_FILE
                self.mark.append(stdin or "")
            case ("sh", "-c", script):
                assert MARK_FILE in script
                said = "".join(self.mark)
            case ("rm", "-f", path):
                assert path == MARK_FILE
                self.mark.clear()
            case ("curl", "--silent", "--max-time", within_s, url):
                assert url.startswith("http://localhost:2381/health")
                assert float(within_s) < timeout_s, "the runner would raise before curl gives up"
                said = self.health
            case ("curl", *_, question, _url):
                if not self.answers:
                    raise CommandFailed("curl", 28, "curl: (28) timed out", timeout_s)
                self.asked.append(json.loads(question))
                said = "{}"
            case _:
                raise AssertionError(f"unknown command: {argv}, {check}")
        return Completed(" ".join(argv), 0, said, "", 0.0)


def test_an_alarm_that_was_left_is_taken_back_for_its_member_and_so_is_its_mark() -> None:
    node = Member()
    raise_alarm(node, "8211")
    take_back_left(node)
    assert node.asked == [
        {"memberID": "8211", "alarm": "NOSPACE", "action": "ACTIVATE"},
        {"memberID": "8211", "alarm": "NOSPACE", "action": "DEACTIVATE"},
    ]
    assert node.mark == []


def test_an_alarm_that_may_have_been_raised_is_marked() -> None:
    node = Member(answers=False)
    with pytest.raises(CommandFailed):
        raise_alarm(node, "8211")
    assert node.mark == ["8211"], "the request may have arrived although no answer came back"


DEACTIVATED = {"memberID": "8211", "alarm": "NOSPACE", "action": "DEACTIVATE"}


def test_an_alarm_of_a_dead_member_is_taken_back_through_another_one() -> None:
    dead, also_dead, alive = Member(mark=["8211"], answers=False), Member(answers=False), Member()
    take_back_left(dead, [also_dead, alive])
    assert alive.asked == [DEACTIVATED]
    assert dead.mark == []


def test_an_alarm_that_no_member_takes_back_stays_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(etcd_alarm, "_TAKEN_BACK", Deadline(within_s=0.1, every_s=0.01))
    dead, other = Member(mark=["8211"], answers=False), Member(answers=False)
    with pytest.raises(DeadlinePassed, match="take back its alarm"):
        take_back_left(dead, [other])
    assert dead.mark == ["8211"]


def test_an_alarm_of_etcd_itself_stays() -> None:
    node = Member(health=FULL)
    take_back_left(node)
    assert node.asked == []


@pytest.mark.parametrize("kind", ["NOSPACE", "CORRUPT"])
def test_a_cluster_whose_etcd_takes_no_writes_is_refused(kind: str) -> None:
    node = Member(health=FULL.replace("NOSPACE", kind))
    with pytest.raises(BadInput, match=f"cluster dev has raised the alarm {kind}.*sweep"):
        require_no_alarm(node, "dev")


@pytest.mark.parametrize("said", ['{"health":"true","reason":""}', ""])
def test_a_member_without_an_alarm_and_a_silent_one_are_not(said: str) -> None:
    require_no_alarm(Member(health=said), "dev")
