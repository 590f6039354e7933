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

__all__ = [
    "ApiLimits",
    "ChurnLimits",
    "DnsLimits",
    "HttpLimits",
    "Instrument",
    "Limit",
    "Limits",
    "SlowLimits",
    "UpgradeLimits",
]

_SHARES = ("_ratio", "_share", "availability")


@dataclass(frozen=True)
class Instrument:
    """What the probers must have seen for anything to be judged; otherwise Inconclusive.

    blind_share         largest share of the window not seen, mean over the streams of an observer
    stream_blind_share  the same for the worst stream
    masked_share        largest share of events that may be left out for the API's absences
    min_samples         fewest samples that count
    asleep_share        largest share of a wait that a prober may sleep for it to count
    late_s              largest lateness of a probe whose latency counts
    quiet_s             longest pause between events that is not blindness
    """

    blind_share: float
    stream_blind_share: float
    masked_share: float
    min_samples: int
    asleep_share: float
    late_s: float
    quiet_s: float


@dataclass(frozen=True)
class DnsLimits:
    """Lookups of a name inside of the cluster.

    failure_ratio   of lookups that fail, although they are asked again once
    silence_s       longest time in which one node had no answer at all
    kept_silence_s  the same for a client that keeps its socket
    bad_share       share of the seconds in which a lookup failed or was slow
    p50_s, p99_s    latency
    """

    failure_ratio: float
    silence_s: float
    kept_silence_s: float
    bad_share: float
    p50_s: float
    p99_s: float


@dataclass(frozen=True)
class HttpLimits:
    """Requests to a workload that rolls while nodes are drained.

    failures_per_s  failed requests for each second that was watched
    silence_s       longest time in which one client had no answer at all
    brownout_s      longest time in which answers were slow
    bad_share       share of the seconds in which a request failed or was slow
    """

    failures_per_s: float
    silence_s: float
    brownout_s: float
    bad_share: float


@dataclass(frozen=True)
class ApiLimits:
    """The API server; `availability` is the share of requests answered.

    `away_s` in all and `longest_away_s` at a time are what a single control plane may be without
    an answer.
    """

    availability: float
    read_p99_s: float
    write_p99_s: float
    watch_gap_s: float
    away_s: float
    longest_away_s: float


@dataclass(frozen=True)
class ChurnLimits:
    """Pods that come and go: container start to Ready visible, deletion to gone.

    `left_out_s` is how much of a pass the API server's absences may take out of both.
    """

    ready_p95_s: float
    gone_p95_s: float
    left_out_s: float


@dataclass(frozen=True)
class UpgradeLimits:
    """The cluster after the upgrade; `certificate_days`: the least a certificate may have left."""

    certificate_days: int


@dataclass(frozen=True)
class SlowLimits:
    """How long an answer may take before it counts as slow, by kind of observer."""

    dns_s: float
    web_s: float
    edge_s: float
    api_s: float
    other_s: float

    def of(self, label: str) -> float:
        """That of an observer: `web` and `web-mine` have one limit."""
        kind = label.partition("-")[0]
        return float(getattr(self, f"{kind}_s", self.other_s))


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
    churn: ChurnLimits
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
    "churn": ChurnLimits,
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
