"""Timestamps as the API writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["micro_now", "now", "seconds_since"]


def now(plus_s: float = 0) -> str:
    """The time `plus_s` from now, to the second: `2026-05-04T03:02:01Z`."""
    return (datetime.now(UTC) + timedelta(seconds=plus_s)).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_now() -> str:
    """Now, to the microsecond, as leases write it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_since(text: str) -> float:
    """How long ago `text` was, in seconds; negative for the future."""
    return (datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds()
