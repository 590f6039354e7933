"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from upgrade_e2e.errors import BadInput

__all__ = ["write_whole"]


def write_whole(content: str | bytes, target: Path) -> Path:
    """Write `content` (text as UTF-8) to `target` and return that.

    What stood there before stays until all is written and on the disk. Raises BadInput when the
    place cannot be written to.
    """
    part = target.with_name(target.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        raise BadInput(
            f"{target} cannot be written ({error.strerror}); check that its folder exists and may "
            "be written to, and that the disk is not full."
        ) from error
    return target
