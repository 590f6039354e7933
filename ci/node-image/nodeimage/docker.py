"""The few things asked of docker."""

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from nodeimage import command

STAND_IN = "upgrade-e2e.stand-in"
CONTENT = "upgrade-e2e.content"
MADE_FROM = "upgrade-e2e.made-from"


def stand_in_labels(content: str, made_from: str) -> dict[str, str]:
    """Marks an image that carries a public name, but not the public image's content."""
    return {STAND_IN: "true", CONTENT: content, MADE_FROM: made_from}


def labels(image: str) -> Mapping[str, str] | None:
    """The labels of a local image, or None where there is no such image."""
    try:
        out = command.run(["docker", "image", "inspect", image])
    except command.CommandFailed as error:
        if "No such image" in str(error):
            return None
        raise
    found: Mapping[str, str] | None = json.loads(out)[0]["Config"]["Labels"]
    return found or {}


def is_current(image: str, content: str) -> bool:
    """Whether docker has the image with exactly this content."""
    found = labels(image)
    return found is not None and found.get(CONTENT) == content


def load(archive: Path) -> None:
    """Load an image archive."""
    command.run(["docker", "load", "--quiet", "--input", str(archive)])


def stand_ins() -> list[str]:
    """Name, content and size of our images, a line each."""
    line = "{{.Repository}}:{{.Tag}}  {{.Size}}"
    named = ["--filter", f"label={STAND_IN}=true", "--filter", "dangling=false"]
    return sorted(command.run(["docker", "images", *named, "--format", line]).splitlines())


def remove_outdated(base_prefix: str, current_base: str) -> None:
    """Remove our images that lost their name to a newer one, and bases that are not in use."""
    mine = ["--filter", f"label={STAND_IN}=true"]
    command.run(["docker", "image", "prune", "--force", *mine])
    line = "{{.Repository}}:{{.Tag}}"
    named = command.run(["docker", "images", *mine, "--format", line]).split()
    for name in named:
        if name.startswith(base_prefix) and name != current_base:
            command.run(["docker", "image", "rm", name])


@contextmanager
def idle_container(image: str) -> Iterator[str]:
    """A container that does nothing, removed at the end of the block."""
    name = f"upgrade-e2e-node-image-{uuid.uuid4().hex[:8]}"
    options = ["--detach", "--name", name, "--network=none", "--security-opt=seccomp=unconfined"]
    try:
        command.run(["docker", "run", *options, "--entrypoint=sleep", image, "infinity"])
        yield name
    finally:
        command.run(["docker", "rm", "--force", "--volumes", name])


def execute(container: str, *argv: str) -> str:
    """Run a command in a container."""
    return command.run(["docker", "exec", container, *argv])


def copy_in(container: str, tar: Path) -> None:
    """Unpack a tar file at the container's root."""
    with tar.open("rb") as content:
        command.run(["docker", "cp", "-", f"{container}:/"], stdin=content)


def pipe_in(container: str, file: Path, *argv: str) -> str:
    """Run a command in a container with a file as its input."""
    with file.open("rb") as content:
        return command.run(["docker", "exec", "--interactive", container, *argv], stdin=content)


def commit(container: str, image: str, changes: list[str]) -> None:
    """Make an image of what a container holds now."""
    options = [word for change in changes for word in ("--change", change)]
    command.run(["docker", "commit", *options, container, image])


def start(container: str, *argv: str) -> None:
    """Start a command in a container and leave it running."""
    command.run(["docker", "exec", "--detach", container, *argv])


def succeeds(container: str, *argv: str) -> bool:
    """Whether a command in a container exits with 0."""
    try:
        execute(container, *argv)
    except command.CommandFailed:
        return False
    return True


def wait_gone(container: str, process: str, deadline_s: float) -> None:
    """Wait until no process of that name is left in a container."""
    deadline = time.monotonic() + deadline_s
    while succeeds(container, "pgrep", "--exact", process):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{process} was still running after {deadline_s:.0f} s.")
        time.sleep(0.1)
