"""Thawing what was left frozen, so that it can be killed (cgroup v1)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

__all__ = ["FREEZER", "thaw"]

FREEZER = Path("/sys/fs/cgroup/freezer")


def thaw(container_ids: Iterable[str], root: Path = FREEZER) -> int:
    """Thaw all frozen cgroups below these containers; returns how many there were.

    runc freezes a container's cgroup while it changes it. A runc that is killed in that moment
    leaves it frozen, and a frozen process cannot die, so its node cannot be removed either:
    `docker rm --force` then fails with "did not receive an exit event" for ever. Without this
    hierarchy, or without the right to write to it, nothing is done, and docker reports the error.
    """
    thawed = 0
    for container_id in container_ids:
        for state in sorted(root.glob(f"**/{container_id}/**/freezer.state")):
            with contextlib.suppress(OSError):
                if state.read_text(encoding="ascii").strip() in {"FROZEN", "FREEZING"}:
                    state.write_text("THAWED", encoding="ascii")
                    thawed += 1
    return thawed
