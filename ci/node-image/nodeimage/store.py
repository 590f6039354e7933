"""The cache folder: whole artifacts under their content key, or nothing."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def default_root() -> Path:
    """Where the cache lies unless UPGRADE_E2E_CACHE says otherwise."""
    chosen = os.environ.get("UPGRADE_E2E_CACHE")
    base = Path(chosen) if chosen else Path.home() / ".cache" / "upgrade-e2e"
    return base / "node-image"


class Store:
    """Artifacts are folders named NAME-KEY; a half-made one is never seen under that name."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str, key: str) -> Path:
        """Where the artifact lies, or would lie."""
        return self.root / f"{name}-{key}"

    def make(self, name: str, key: str, fill: Callable[[Path], None]) -> Path:
        """The artifact's folder; `fill` puts files into a new one if it is not there yet."""
        final = self.path(name, key)
        if final.is_dir():
            return final
        with self.scratch(f"{name}-") as half:
            content = half / "content"
            content.mkdir()
            fill(content)
            content.rename(final)
        return final

    @contextmanager
    def scratch(self, prefix: str) -> Iterator[Path]:
        """A folder on the cache's file system that goes away at the end of the block.

        Its name begins with a dot, so that a killed build leaves nothing that looks whole.
        """
        folder = Path(tempfile.mkdtemp(prefix=f".{prefix}", dir=self.root))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One build at a time: a second one waits, and then finds the work done."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._remove_leftovers()
            yield

    def _remove_leftovers(self) -> None:
        for folder in self.root.glob(".*-*"):
            shutil.rmtree(folder, ignore_errors=True)

    def remove_except(self, wanted: set[str]) -> list[str]:
        """Remove artifacts whose folder names are not wanted, and tell which."""
        removed = [name for name, _ in self.artifacts() if name not in wanted]
        for name in removed:
            shutil.rmtree(self.root / name)
        return removed

    def artifacts(self) -> Iterator[tuple[str, int]]:
        """Name and size in bytes of everything that is cached."""
        if not self.root.is_dir():
            return
        for folder in sorted(self.root.iterdir()):
            if folder.is_dir() and not folder.name.startswith("."):
                yield folder.name, _size(folder)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
