"""A real registry on loopback for tests, made by ci/registry, and small images to put there."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.kind.conftest import REPOSITORY
from upgrade_e2e.providers.kind.docker import Docker

__all__ = ["Registry", "forget", "make_image", "running"]

SCRIPT = REPOSITORY / "ci" / "registry"


@dataclass(frozen=True)
class Registry:
    """One registry with all that is its own in `folder`."""

    folder: Path

    def call(self, verb: str, *words: str, within_s: float = 60) -> str:
        """Run ci/registry; what it printed. Fails the test where it fails."""
        done = self.try_to(verb, *words, within_s=within_s)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def try_to(
        self, verb: str, *words: str, within_s: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run ci/registry."""
        argv = [SCRIPT, verb, self.folder, *words]
        return subprocess.run(argv, check=False, capture_output=True, text=True, timeout=within_s)

    @property
    def address(self) -> str:
        """127.0.0.1:PORT."""
        return (self.folder / "address").read_text().strip()

    @property
    def docker_config(self) -> str:
        """A folder for DOCKER_CONFIG in which the registry's user is logged in."""
        return str(self.folder / "docker")

    @property
    def pid(self) -> int:
        """Its process."""
        return int((self.folder / "pid").read_text())

    def fill(self, *images: str, within_s: float = 300) -> dict[str, str]:
        """Push images of this machine; their digests by name."""
        lines = self.call("fill", *images, within_s=within_s).splitlines()
        return dict(line.split() for line in lines)


@contextlib.contextmanager
def running(folder: Path, *user_and_password: str) -> Iterator[Registry]:
    """A registry while in the context."""
    made = Registry(folder)
    try:
        made.call("start", *user_and_password)
        yield made
    finally:
        made.call("stop")


def make_image(name: str, size: int = 1000) -> None:
    """Make an image with one file of random content."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("content")
        entry.size = size
        tar.addfile(entry, io.BytesIO(os.urandom(size)))
    subprocess.run(
        ["docker", "import", "-", name],
        input=archive.getvalue(),
        check=True,
        capture_output=True,
        timeout=60,
    )


def forget(*names: str) -> None:
    """Delete images of this machine; those that are gone are fine."""
    known = Docker()
    present = [name for name in names if known.has_image(name)]
    if present:
        subprocess.run(["docker", "rmi", *present], check=True, capture_output=True, timeout=60)
