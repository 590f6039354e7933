"""The names that others may rely on."""

from __future__ import annotations

import upgrade_e2e.judge


def test_public_names():
    assert set(upgrade_e2e.judge.__all__) == {
        "BackupsSeen",
        "Brownout",
        "Cause",
        "Etcd",
        "Limit",
        "Limits",
        "LowerBound",
        "NodeRuntime",
        "Outage",
        "Quantile",
        "Retried",
        "Runtimes",
        "Seen",
        "Tally",
        "Verdict",
        "Views",
        "blindness",
        "claimable_backups",
        "combine",
        "cost_sentence",
        "view_of",
        "view_of_backups",
        "require_view",
        "sentence",
    }
    assert all(hasattr(upgrade_e2e.judge, name) for name in upgrade_e2e.judge.__all__)
