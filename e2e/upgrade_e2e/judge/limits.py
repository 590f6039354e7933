"""Every limit for a claim or for the instrument, each with its source.

The defaults are in limits.toml, next to this file. A user overrides some with a TOML file:

    [dns]
    p99_s = 0.25
    failure_ratio = { value = 0.02, reason = "two busy cores without an upgrade: 0.018" }
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from upgrade_e2e.errors import BadInput
from upgrade_e2e.judge.limit_groups import (
    ApiLimits,
    BackupLimits,
    ChurnLimits,
    DeploymentsLimits,
    DnsLimits,
    EtcdLimits,
    GuardLimits,
    HttpLimits,
    Instrument,
    NetworkLimits,
    ResourceLimits,
    RuntimeLimits,
    SlowLimits,
    UpgradeLimits,
)

__all__ = ["Limit", "Limits"]

_SHARES = ("_ratio", "_share", "availability")


@dataclass(frozen=True)
class Limit:
    """One limit for a report: its value, the default, and where it comes from.

    `source` is that of the default; `reason` is the user's for another value, empty if none given.
    """

    key: str
    value: float
    default: float
    source: str
    reason: str = ""

    @property
    def overridden(self) -> bool:
        """Whether the user set it."""
        return self.value != self.default or bool(self.reason)


@dataclass(frozen=True)
class Limits:
    """All limits in force; `table` has them with their sources, in the order of the file."""

    instrument: Instrument
    dns: DnsLimits
    http: HttpLimits
    api: ApiLimits
    etcd: EtcdLimits
    guard: GuardLimits
    churn: ChurnLimits
    deployments: DeploymentsLimits
    network: NetworkLimits
    runtime: RuntimeLimits
    resources: ResourceLimits
    backup: BackupLimits
    upgrade: UpgradeLimits
    slow: SlowLimits
    table: tuple[Limit, ...] = field(default=(), compare=False)

    @classmethod
    @cache
    def default(cls) -> Limits:
        """The default limits."""
        text = resources.files("upgrade_e2e.judge").joinpath("limits.toml").read_text("utf-8")
        entries = tomllib.loads(text)
        rows = [
            Limit(f"{group}.{name}", entry["value"], entry["value"], entry["source"])
            for group, names in entries.items()
            for name, entry in names.items()
        ]
        return _assemble(rows)

    @classmethod
    def load(cls, path: Path | None) -> Limits:
        """The defaults, overridden by the TOML file `path`.

        Raises BadInput for a file that cannot be read, an unknown key, a wrong type, and a value
        that is negative, not finite, or a share above 1.
        """
        if path is None:
            return cls.default()
        try:
            entries = tomllib.loads(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise BadInput(
                f"the limits file {path} cannot be read ({error}); "
                "it must be TOML like: [dns] on one line, p99_s = 0.25 on the next."
            ) from error
        return cls.default().override(entries, str(path))

    def override(self, entries: Mapping[str, Any], where: str) -> Limits:
        """These limits with some replaced; `where` is named in errors. Raises BadInput."""
        rows = {row.key: row for row in self.table}
        for key, entry in _flatten(entries, where):
            if key not in rows:
                known = ", ".join(rows)
                raise BadInput(f"{where}: unknown limit {key!r}; known limits: {known}.")
            value, reason = _entry(key, entry, where)
            _check(key, value, rows[key].default, where)
            rows[key] = dataclasses.replace(rows[key], value=value, reason=reason)
        return _assemble(list(rows.values()))


def _assemble(rows: list[Limit]) -> Limits:
    groups: dict[str, Any] = {}
    for part in dataclasses.fields(Limits):
        if part.name != "table":
            names = {
                row.key.partition(".")[2]: row.value
                for row in rows
                if row.key.startswith(f"{part.name}.")
            }
            groups[part.name] = _GROUPS[part.name](**names)
    return Limits(**groups, table=tuple(rows))


_GROUPS: Mapping[str, type[Any]] = {
    "instrument": Instrument,
    "dns": DnsLimits,
    "http": HttpLimits,
    "api": ApiLimits,
    "etcd": EtcdLimits,
    "guard": GuardLimits,
    "churn": ChurnLimits,
    "deployments": DeploymentsLimits,
    "network": NetworkLimits,
    "runtime": RuntimeLimits,
    "resources": ResourceLimits,
    "backup": BackupLimits,
    "upgrade": UpgradeLimits,
    "slow": SlowLimits,
}


def _flatten(entries: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    for group, names in entries.items():
        if not isinstance(names, Mapping):
            known = ", ".join(f"[{name}]" for name in _GROUPS)
            raise BadInput(f"{where}: {group!r} is outside of any table; tables: {known}.")
        for name, entry in names.items():
            yield f"{group}.{name}", entry


def _entry(key: str, entry: Any, where: str) -> tuple[Any, str]:
    if not isinstance(entry, Mapping):
        return entry, ""
    odd = sorted(set(entry) - {"value", "reason"})
    if odd or "value" not in entry or not isinstance(entry.get("reason", ""), str):
        raise BadInput(
            f'{where}: {key} must be a number or {{ value = NUMBER, reason = "TEXT" }}, '
            f"not {dict(entry)!r}."
        )
    return entry["value"], entry.get("reason", "")


def _check(key: str, value: Any, default: float, where: str) -> None:
    kinds = (int,) if isinstance(default, int) else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise BadInput(f"{where}: {key} must be {kind}, not {value!r}.")
    if not math.isfinite(value) or value < 0:
        raise BadInput(f"{where}: {key} must be zero or more and finite, not {value!r}.")
    if key.endswith(_SHARES) and value > 1:
        raise BadInput(f"{where}: {key} is a share between 0 and 1, not {value!r}.")
