"""Where the files lie that tests read."""

from __future__ import annotations

from pathlib import Path

__all__ = ["SCHEMA_1"]

SCHEMA_1 = Path(__file__).parent / "data" / "schema1"
"""Runs as version 0.1.0 stored them: `simulated` (with samples), `ha`, `broken-off`."""
