"""The names that others may rely on."""

from __future__ import annotations

import upgrade_e2e.judge


def test_public_names():
    assert set(upgrade_e2e.judge.__all__) == {
        "Brownout",
        "Cause",
        "Etcd",
        "Limit",
        "Limits",
        "LowerBound",
        "Outage",
        "Quantile",
        "Retried",
        "Seen",
        "Tally",
        "Verdict",
        "Views",
        "blindness",
        "combine",
        "cost_sentence",
        "view_of",
        "require_view",
        "sentence",
    }
    assert all(hasattr(upgrade_e2e.judge, name) for name in upgrade_e2e.judge.__all__)
