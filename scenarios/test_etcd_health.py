"""The members of etcd keep their leader, their disks keep up, and nothing that was written is lost.

The story: a control plane was upgraded while the disks of its nodes were busy. The members of etcd
lost one another, chose a leader, lost it again; the API timed out, controllers gave up their leases
and started again. Elsewhere a member came back with a database that lacked what the others had, and
nobody noticed for weeks, because every read was answered. And once the database had reached its
quota: from then on the cluster refused every write, until someone disarmed the alarm.

So each member is asked once a second, from its own node. A member that the upgrade itself restarts
is not asked to answer meanwhile; a lone one is claimed for the rest of the pass. It has no others,
so nothing is claimed about round trips between members.
"""

import pytest

from upgrade_e2e import Etcd, EtcdHealth, Upgraded
from upgrade_e2e.format import duration

ETCD = EtcdHealth()


@pytest.mark.observes(ETCD)
def test_members_answer_and_have_a_leader(upgraded, limits):
    """Each member answers and has a leader, but while the upgrade restarts it."""
    etcd = watched(upgraded)
    assert etcd.answers.longest_silence_s <= limits.etcd.silence_s, etcd.answers.explain()
    for node, without_s in etcd.leaderless_s.items():
        assert without_s <= limits.etcd.leaderless_s, etcd.explain_leaderless(node)


@pytest.mark.observes(ETCD)
def test_leaders_change_seldom(upgraded, limits):
    """Leaders change at most three times for each member that is restarted."""
    etcd = watched(upgraded)
    most = limits.etcd.leader_changes * etcd.rolled
    said = f"{etcd.leader_changes:.0f} changes of leader with {etcd.rolled} members restarted"
    assert etcd.leader_changes <= most, said


@pytest.mark.observes(ETCD)
def test_disks_keep_up(upgraded, limits):
    """On each member, the log is on the disk soon, and so are commits of the database."""
    etcd = watched(upgraded)
    for node, p99_s in etcd.fsync_p99_s.items():
        assert p99_s <= limits.etcd.fsync_p99_s, f"{node}: p99 of WAL fsync {duration(p99_s)}"
    for node, p99_s in etcd.commit_p99_s.items():
        assert p99_s <= limits.etcd.commit_p99_s, f"{node}: p99 of commits {duration(p99_s)}"


@pytest.mark.observes(ETCD)
def test_members_reach_one_another(upgraded, limits):
    """Round trips between members are short, and the members agree on what is proposed."""
    etcd = watched(upgraded)
    for node, per_s in etcd.failed_proposals_per_s.items():
        most = limits.etcd.failed_proposals_per_s
        assert per_s <= most, f"{node}: {per_s:.1f} failed proposals/s"
    if len(etcd.members) > 1:
        for node, p99_s in etcd.round_trip_p99_s.items():
            assert p99_s <= limits.etcd.round_trip_p99_s, f"{node}: p99 {duration(p99_s)}"


@pytest.mark.observes(ETCD)
def test_there_is_room_for_writes(upgraded, limits):
    """No database comes near its quota, and no alarm is raised at any time."""
    etcd = watched(upgraded)
    assert not etcd.alarmed, etcd.alarms.explain()
    assert not etcd.alarms_left, f"at the end there was an alarm: {etcd.alarms_left}"
    for node, share in etcd.quota_share.items():
        assert share <= limits.etcd.quota_share, f"{node}: {share:.0%} of its quota"


@pytest.mark.observes(ETCD)
def test_members_hold_the_same(upgraded):
    """At the end, all members have the same keys and values at one revision."""
    etcd = watched(upgraded)
    assert set(etcd.hashes) == set(etcd.members), f"only {', '.join(etcd.hashes)} could be asked"
    assert len(set(etcd.hashes.values())) == 1, f"hashes differ: {dict(etcd.hashes)}"


@pytest.mark.observes(ETCD)
def test_no_acknowledged_write_is_lost(upgraded):
    """Every write that the API acknowledged during the pass is in etcd at the end."""
    etcd = watched(upgraded)
    assert not etcd.lost, etcd.seen.only(stream="canary").explain()


def watched(upgraded: Upgraded) -> Etcd:
    """What was seen of etcd; skips where there is none."""
    if upgraded.capabilities.simulated:
        pytest.skip("a simulated cluster has no etcd")
    return Etcd(upgraded.saw(ETCD))
