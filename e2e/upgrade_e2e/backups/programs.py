"""etcd, etcdctl and etcdutl on this machine."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from upgrade_e2e.command import Runner
from upgrade_e2e.errors import BadInput

__all__ = ["PROGRAMS", "EtcdPrograms"]

PROGRAMS = ("etcd", "etcdctl", "etcdutl")


@dataclass(frozen=True)
class EtcdPrograms:
    """Where the three programs are; their versions should be those of the cluster, or newer."""

    etcd: Path
    etcdctl: Path
    etcdutl: Path

    @classmethod
    def found(cls, folder: Path | None = None) -> EtcdPrograms:
        """The programs of a folder, or of PATH where none is given; raises BadInput."""
        where = None if folder is None else str(folder)
        paths = {name: shutil.which(name, path=where) for name in PROGRAMS}
        missing = [name for name, path in paths.items() if path is None]
        if missing:
            place = "PATH" if folder is None else str(folder)
            raise BadInput(
                f"{place} has no program {', '.join(missing)}, and snapshots are restored with "
                "them; put those of etcd's release into a folder and name it with --etcd-programs "
                "FOLDER."
            )
        return cls(*(Path(str(paths[name])).resolve() for name in PROGRAMS))

    @property
    def runner(self) -> Runner:
        """Runs them without the settings for etcd that the user's environment may have.

        The programs refuse an option that is in the environment too.
        """
        theirs = sorted(name for name in os.environ if name.startswith("ETCD"))
        return Runner(("env", *(f"--unset={name}" for name in theirs)))
