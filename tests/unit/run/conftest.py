"""Passes on a fake provider take no longer than they must."""

from __future__ import annotations

from tests.unit.run.fake_provider import impatient

__all__ = ["impatient"]
