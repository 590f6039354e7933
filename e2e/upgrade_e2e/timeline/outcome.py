"""What became of one probe, in classes that a person can act on, and over what it was sent."""

from __future__ import annotations

from enum import IntEnum

from upgrade_e2e.agent.layout import Outcome

__all__ = ["Connection", "Outcome"]


class Connection(IntEnum):
    """What kind of connection a stream probes over; the numbers are part of the file format."""

    NONE = 0
    """None that could be kept: an event that is awaited rather than asked for."""
    NEW = 1
    """A connection, or a UDP socket, of its own for each probe."""
    REUSED = 2
    """Kept ones."""

    @property
    def label(self) -> str:
        """The label for people and files."""
        return self.name.lower()
