"""Text files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

from upgrade_e2e.errors import BadInput

__all__ = ["write_whole"]


def write_whole(text: str, target: Path) -> Path:
    """Write `text` to `target` and return that; what stood there before stays until all is written.

    Raises BadInput when the place cannot be written to.
    """
    part = target.with_name(target.name + ".part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(target)
    except OSError as error:
        raise BadInput(
            f"{target} cannot be written ({error.strerror}); check that its folder exists and may "
            "be written to, and that the disk is not full."
        ) from error
    return target
