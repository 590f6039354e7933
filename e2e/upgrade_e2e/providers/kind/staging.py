"""The background work of a pass: what the nodes need is on them when the old cluster is ready."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from upgrade_e2e.cluster import Node
from upgrade_e2e.errors import BadInput, DeadlinePassed
from upgrade_e2e.providers.kind.delivery import deliver, preload, wait_until_up
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.providers.kind.takeout import Staged, TakeOut
from upgrade_e2e.version import KubeVersion

__all__ = ["Staging"]

STAGE_S = 900.0


@dataclass
class Staging:
    """Brings programs and images to the nodes while kind creates the cluster.

    One at a time and at low priority. `nodes` that do not run yet are waited for. `folder` takes
    the temporary files. `older` are those of the nodes that begin at an older version than the
    source: they lack container images that the others brought with them.
    """

    docker: Docker
    settings: KindSettings
    folder: Path
    nodes: Sequence[Node]
    older: Sequence[Node] = ()
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="staging")
    )
    _preloaded: Future[None] | None = None
    _caught_up: Future[None] | None = None
    _delivered: dict[KubeVersion, Future[None]] = field(default_factory=dict)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._take_out = TakeOut(self.docker, self.settings, self.folder)

    def start(self, source: KubeVersion, targets: Sequence[KubeVersion]) -> None:
        """Begin. The first target is taken out before the nodes are needed for anything."""
        saved = self._pool.submit(self._save_preloads)
        if self.older:
            self._caught_up = self._pool.submit(self._catch_up, source)
        taken = [self._pool.submit(self._first, source, targets[0])] if targets else []
        if self.settings.preload_images:
            self._preloaded = self._pool.submit(self._preload, saved)
        for number, version in enumerate(targets):
            if number > 0:
                taken.append(self._pool.submit(self._take_out.take_out, version))
            self._delivered[version] = self._pool.submit(self._deliver, taken[number])

    def wait_until_preloaded(self) -> None:
        """Wait until every node has its images to begin with; raises what went wrong."""
        for future in (self._caught_up, self._preloaded):
            if future is not None:
                _wait_for(future)

    def wait_until_delivered(self, version: KubeVersion) -> None:
        """Wait until everything of `version` is on every node; raises what went wrong."""
        if version not in self._delivered:
            raise BadInput(f"the plan of this pass has no step that stages {version}.")
        _wait_for(self._delivered[version])

    def stop(self) -> None:
        """Begin nothing more. What is under way ends when its containers are gone."""
        self._stopped.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._take_out.interrupt()

    def join(self) -> None:
        """Wait for the end of what was under way."""
        self._pool.shutdown(wait=True)

    def _save_preloads(self) -> list[Path]:
        return [
            self._take_out.save(image, self.folder / f"preload-{number}.tar")
            for number, image in enumerate(self.settings.preload_images)
        ]

    def _first(self, source: KubeVersion, target: KubeVersion) -> Staged:
        self._take_out.list_source(source)
        return self._take_out.take_out(target)

    def _catch_up(self, source: KubeVersion) -> None:
        archive = self._take_out.save_source(source)
        wait_until_up(self.older, self._stopped)
        preload([archive], self.older)
        archive.unlink()

    def _preload(self, saved: Future[list[Path]]) -> None:
        archives = saved.result()
        wait_until_up(self.nodes, self._stopped)
        preload(archives, self.nodes)
        for archive in archives:
            archive.unlink()

    def _deliver(self, taken: Future[Staged]) -> None:
        staged = taken.result()
        wait_until_up(self.nodes, self._stopped)
        deliver(self.docker, staged, self.nodes)
        staged.discard()


def _wait_for(future: Future[None]) -> None:
    try:
        future.result(STAGE_S)
    except TimeoutError as error:
        raise DeadlinePassed(
            f"bringing programs and images onto the nodes took longer than {STAGE_S:g} s; see what "
            "keeps docker or the disk busy."
        ) from error
