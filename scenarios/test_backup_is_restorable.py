"""A backup of etcd, taken at any time of an upgrade, can be restored, and holds what was written.

The story: snapshots of etcd were taken every night, and each job was green. Nobody had ever
restored one. The day on which a cluster had to come back was the first on which anybody tried. A
job that takes snapshots does not notice a file that was cut on its way, a byte that changed where
it lay, an old file that was copied again, or that it has saved another cluster. An upgrade is when
a backup is needed most and when one is hardest to take: etcd itself is replaced, and the program
that takes the snapshot is of another version than the server.

So a snapshot is taken every 30 s while numbered writes go on. Each is restored into an etcd of its
own, and the writes are looked for: all that were acknowledged before it began are in it, and none
that was sent after it ended. While the only etcd of a cluster is being replaced nobody can take
one, but there is one from before and one from after. `upgrade-e2e backup check` asks the same, as
far as it can be asked, of the backups of a cluster in use.
"""

import pytest

from upgrade_e2e import BackupsSeen, EtcdBackup, Upgraded

BACKUP = EtcdBackup(every_s=30)
pytestmark = pytest.mark.nightly


@pytest.mark.observes(BACKUP)
def test_every_snapshot_can_be_restored(upgraded):
    """Each snapshot is whole, of this cluster, and holds all that was written before it."""
    kept = backups(upgraded)
    assert not kept.damaged, kept.explain()


@pytest.mark.observes(BACKUP)
def test_there_is_always_a_recent_snapshot(upgraded, limits):
    """Snapshots are taken before, during and after the upgrade, and their sizes do not jump."""
    kept = backups(upgraded)
    assert not kept.failed, kept.explain()
    assert kept.is_on_both_sides, kept.explain()
    assert kept.oldest_s <= limits.backup.age_s, kept.explain()
    assert kept.size_factor <= limits.backup.size_factor, kept.explain()


def backups(upgraded: Upgraded) -> BackupsSeen:
    """The snapshots that were taken; skips where there is no etcd to take them of."""
    if upgraded.capabilities.simulated:
        pytest.skip("a simulated cluster has no etcd")
    return upgraded.backups(BACKUP)
