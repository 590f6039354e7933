"""The limits that a pass was judged by, out of its record."""

from __future__ import annotations

from typing import Any

from upgrade_e2e.judge import Limits
from upgrade_e2e.report.record import RunRecord

__all__ = ["limits_of"]


def limits_of(record: RunRecord) -> Limits:
    """The limits in force when the record was made; one that no longer exists is left out.

    The defaults are those of today. Raises BadInput for a value that cannot be a limit.
    """
    limits = Limits.default()
    defaults = {row.key: row.default for row in limits.table}
    changed: dict[str, dict[str, Any]] = {}
    for limit in record.limits_changed:
        if limit.key in defaults:
            group, _, name = limit.key.partition(".")
            whole = isinstance(defaults[limit.key], int) and float(limit.value).is_integer()
            value = int(limit.value) if whole else limit.value
            changed.setdefault(group, {})[name] = {"value": value, "reason": limit.reason}
    return limits.override(changed, f"the record of run {record.run_id}")
