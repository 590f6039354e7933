"""One file of a location."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["StoredFile"]


@dataclass(frozen=True)
class StoredFile:
    """A file of a location: its size in bytes, and when it was changed last, in Unix seconds."""

    name: str
    size: int
    modified_unix_s: float

    def age_order(self) -> tuple[float, str]:
        """The key by which files are sorted: the oldest first."""
        return (self.modified_unix_s, self.name)
