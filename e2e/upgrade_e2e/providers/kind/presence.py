"""Whether a pass could run on kind here and now, without fetching anything."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence

from upgrade_e2e.errors import BadInput, ImpossiblePath
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.images import known_versions
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.upgrade import resolve

__all__ = ["what_is_missing"]


def what_is_missing(
    settings: KindSettings,
    words: Sequence[str],
    docker: Docker | None = None,
    find_program: Callable[[str], str | None] = shutil.which,
) -> str:
    """What a pass over the path that `words` mean lacks, in a few words; empty if nothing.

    Raises ImpossiblePath for a path that no cluster can walk.
    """
    docker = docker or Docker()
    for program in ("docker", "kind"):
        if find_program(program) is None:
            return f"{program} is not installed"
    try:
        docker.server()
    except BadInput:
        return "docker does not answer"
    try:
        path = resolve(words, known_versions(settings, docker))
    except ImpossiblePath:
        raise
    except BadInput:
        return f"docker has no node images for {' -> '.join(words)}"
    images = [settings.image_for(version) for version in path.versions]
    absent = [image for image in images if not docker.has_image(image)]
    return f"docker has no image {absent[0]}" if absent else ""
