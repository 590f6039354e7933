"""Differences from a real API server that are meant; docs/sim.md tells the others in words."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["MEANT"]

MEANT: Mapping[str, str] = {}
"""`CALL: FIELD` to the reason."""
