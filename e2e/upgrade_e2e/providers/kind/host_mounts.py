"""The mounts of a kind configuration: the paths of this machine that they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from upgrade_e2e.errors import BadInput

__all__ = ["host_paths", "is_there", "require_beside"]


def is_there(path: Path) -> bool:
    """Whether something is at a path; where this user may not look, it counts as there.

    docker looks as root, and says itself what it cannot mount.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last for a NUL in its name
        return False
    except OSError:
        return True
    return True


def host_paths(document: Mapping[str, Any]) -> Iterator[str]:
    """The host path of each mount of each node, in their order."""
    for node in document.get("nodes") or []:
        for mount in node.get("extraMounts") or []:
            path = mount.get("hostPath") if isinstance(mount, dict) else None
            if isinstance(path, str) and path:
                yield path


def require_beside(file: Path, mounts: Sequence[str]) -> None:
    """Refuse, with BadInput, relative mounts that are there from the current folder only.

    kind alone would take these. One that a shell would have made a path of is refused too: kind
    takes it as it is written.
    """
    for mount in mounts:
        if (mount.startswith("~") or "$" in mount) and not is_there(file.parent / mount):
            raise BadInput(
                f"kind-config {file} mounts {mount}, and neither kind nor this tool puts in "
                "variables or a home; write the path, or fill them in before."
            )
        if is_there(Path(mount)) and not is_there(file.parent / mount):
            raise BadInput(
                f"kind-config {file} mounts {mount}, which is there from the current folder but "
                "not from the folder of that file, and its paths are relative to the file; move "
                "either of the two, or write an absolute path."
            )
