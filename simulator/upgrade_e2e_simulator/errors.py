"""What the simulator refuses on purpose; the message says what is wrong and how to fix it."""

from __future__ import annotations

__all__ = ["BadInput"]


class BadInput(Exception):
    """What was asked for cannot work."""
