"""Whether kind can be used here at all; images that are missing are pulled."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.docker import Docker

__all__ = ["what_is_missing"]


def what_is_missing(
    docker: Docker | None = None,
    find_program: Callable[[str], str | None] = shutil.which,
) -> str:
    """What real clusters lack on this machine, in a few words; empty if nothing."""
    for program in ("docker", "kind"):
        if find_program(program) is None:
            return f"{program} is not installed"
    try:
        (docker or Docker()).server()
    except BadInput:
        return "docker does not answer"
    return ""
