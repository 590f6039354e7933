"""Finished runs: kept in one file, shown as trends, exported as text."""

from upgrade_e2e.gate.history.file import LOCK_TIMEOUT_S
from upgrade_e2e.gate.history.history import Added, History
from upgrade_e2e.gate.history.jsonl import read_jsonl, write_jsonl
from upgrade_e2e.gate.history.trend import Point, Trend, find_trends, render_runs_table

__all__ = [
    "LOCK_TIMEOUT_S",
    "Added",
    "History",
    "Point",
    "Trend",
    "find_trends",
    "read_jsonl",
    "render_runs_table",
    "write_jsonl",
]
