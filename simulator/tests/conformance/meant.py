"""Differences from a real API server that are meant; docs/sim.md tells the others in words."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["MEANT"]

MEANT: Mapping[str, str] = {
    "a watch from no revision: code": "a real server calls it an internal error (500); here 400",
    "a watch from no revision: reason": "as above, and without a reason",
}
"""`CALL: FIELD` to the reason."""
