"""What scenarios ask a pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.backups.made import UID
from tests.unit.judge.made import count_weighings, failing, steady, to_timeline
from tests.unit.judge.test_backups import GOOD, WRITES
from upgrade_e2e import DnsLookups, EtcdBackup, HttpService, Inconclusive
from upgrade_e2e.judge import Limits
from upgrade_e2e.providers.base import Capabilities
from upgrade_e2e.run import Upgraded
from upgrade_e2e.timeline import BackupLog, Samples, Timeline, Window

WEB = HttpService(rate_hz=20)
OTHER = HttpService(rate_hz=30)
PATH = ("v1.33.13", "v1.34.4")


def upgraded(**changes):
    """A pass with one observer, `web`, that saw twenty failures."""
    timeline = to_timeline([steady(fail=failing(range(300, 320)))], 0, 10_000_000)
    return Upgraded(timeline, PATH, Limits.default(), Capabilities("kind"), **changes)


def test_three_questions_about_one_observer_weigh_its_samples_once(monkeypatch):
    weighed = count_weighings(monkeypatch)
    passed = upgraded()
    assert {passed.saw(WEB).failures for _ in range(3)} == {20}
    assert len(weighed) == 1


def test_an_observer_that_the_pass_did_not_run_is_to_be_added_to_the_marker():
    with pytest.raises(Inconclusive, match=r"did not run DnsLookups\(.*add it to @pytest\.mark"):
        upgraded().saw(DnsLookups())


def test_labels_say_by_which_name_an_observer_stands_in_the_timeline():
    passed = upgraded(labels={OTHER: "web"})
    assert passed.saw(OTHER).failures == 20
    with pytest.raises(Inconclusive, match="did not run"):
        passed.saw(WEB)  # its own name is that of another observer here


def test_nodes_are_counted_and_0_where_their_number_is_not_known():
    assert upgraded(control_planes=1, workers=0).nodes == 1
    assert upgraded(control_planes=3, workers=2).nodes == 5
    assert upgraded(control_planes=0, workers=0).nodes == 0


def test_one_that_was_blind_says_so():
    timeline = to_timeline([steady(count=50)], 0, 10_000_000)
    passed = Upgraded(timeline, PATH, Limits.default(), Capabilities("kind"))
    with pytest.raises(Inconclusive, match="web was blind"):
        passed.saw(WEB)


def test_a_part_may_have_been_blind_where_the_rest_is_asked_for():
    lines = [steady(), steady(count=50, name="side@worker", node="worker")]
    passed = Upgraded(
        to_timeline(lines, 0, 10_000_000), PATH, Limits.default(), Capabilities("kind")
    )
    with pytest.raises(Inconclusive, match="web was blind"):
        passed.saw(WEB)
    seen = passed.saw(WEB, without="side")
    assert [stream.name for stream in seen.streams] == ["new@worker"]
    with pytest.raises(Inconclusive, match="web without side was blind"):
        Upgraded(
            to_timeline([steady(count=50), lines[1]], 0, 10_000_000),
            PATH,
            Limits.default(),
            Capabilities("kind"),
        ).saw(WEB, without="side")


def test_few_samples_are_enough_for_a_part():
    few = steady(count=50, interval=200_000)
    lines = [few, steady(count=200, interval=50_000, name="side@worker")]
    passed = Upgraded(
        to_timeline(lines, 0, 10_000_000), PATH, Limits.default(), Capabilities("kind")
    )
    assert passed.saw(WEB, without="side").count == 50


def with_backups(*snapshots, broken=""):
    """A pass in which an observer of backups took these."""
    log = BackupLog("place", UID, WRITES, snapshots)
    samples = {"backup": replace(Samples.empty(), broken=broken)}
    timeline = Timeline(
        Window(60.0, 300.0), (), samples, backups={"backup": log} if snapshots else {}
    )
    return Upgraded(timeline, PATH, Limits.default(), Capabilities("kind"))


def test_backups_come_judged():
    kept = with_backups(*GOOD).backups(EtcdBackup())
    assert [one.is_whole for one in kept.judged] == [True] * len(GOOD)
    assert kept.alone


def test_backups_that_prove_nothing_say_why():
    with pytest.raises(Inconclusive, match="backup was blind: its thread broke"):
        with_backups(*GOOD, broken="its thread broke").backups(EtcdBackup())
    with pytest.raises(Inconclusive, match="no way onto the cluster's control planes"):
        with_backups().backups(EtcdBackup())
    with pytest.raises(Inconclusive, match=r"did not run EtcdBackup\("):
        upgraded().backups(EtcdBackup())
