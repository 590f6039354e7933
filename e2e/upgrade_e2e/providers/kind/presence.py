"""What is here of docker, kind and images; images that are missing are pulled."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence

from upgrade_e2e.errors import BadInput, CommandFailed
from upgrade_e2e.providers.kind.docker import Docker

__all__ = ["absent_images", "what_is_missing"]


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


def absent_images(names: Sequence[str], docker: Docker | None = None) -> tuple[str, ...]:
    """Those of these images that docker does not have; none where docker cannot be asked."""
    docker = docker or Docker()
    try:
        return tuple(name for name in dict.fromkeys(names) if not docker.has_image(name))
    except CommandFailed:
        return ()
