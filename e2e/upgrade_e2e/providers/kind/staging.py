"""The background work of a pass: what the nodes need is on them when the old cluster is ready."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from upgrade_e2e.cluster import Node
from upgrade_e2e.errors import BadInput, DeadlinePassed, Hopeless
from upgrade_e2e.format import duration
from upgrade_e2e.providers.kind.delivery import deliver, preload, wait_until_up
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.images import NodeImages
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.providers.kind.takeout import SavedImage, Staged, TakeOut
from upgrade_e2e.version import KubeVersion

__all__ = ["Staging"]

STAGE_S = 900.0


@dataclass
class Staging:
    """Brings programs and images to the nodes while kind creates the cluster.

    Work is done one piece at a time and at low priority. `nodes` that do not run yet, and `images`
    that are still being pulled, are waited for, while other work goes on. `folder` takes the
    temporary files. `older` are those of the nodes that begin at an older version than the source:
    they lack container images that the others brought with them.
    """

    docker: Docker
    settings: KindSettings
    folder: Path
    nodes: Sequence[Node]
    images: NodeImages
    older: Sequence[Node] = ()
    _pool: ThreadPoolExecutor | None = None
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)
    _preloaded: Future[None] | None = None
    _caught_up: Future[None] | None = None
    _delivered: dict[KubeVersion, Future[None]] = field(default_factory=dict)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _kept: tuple[SavedImage, ...] = ()

    def __post_init__(self) -> None:
        self._take_out = TakeOut(self.docker, self.settings, self.folder, self.images)

    def start(self, source: KubeVersion, targets: Sequence[KubeVersion]) -> None:
        """Begin; may be called once."""
        # Each piece waits for what it needs in a thread of its own.
        pool = self._pool = ThreadPoolExecutor(4 + 2 * len(targets), thread_name_prefix="staging")
        if self.older:
            self._caught_up = pool.submit(self._catch_up, source)
        if self.settings.preload_images:
            self._preloaded = pool.submit(self._preload, pool.submit(self._save_preloads))
        before: Future[Any] = pool.submit(self._list_source, source, bool(targets))
        for version in targets:
            before = taken = pool.submit(self._take, version, before)
            self._delivered[version] = pool.submit(self._deliver, taken)

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

    @property
    def kept(self) -> tuple[SavedImage, ...]:
        """The images that were preloaded, as archives, where a node joins that needs them too."""
        return self._kept

    def stop(self) -> None:
        """Begin nothing more. What is under way ends when its containers are gone."""
        self._stopped.set()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._take_out.interrupt()

    def join(self) -> None:
        """Wait for the end of what was under way."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """What keeps the disk and the processor busy: one piece at a time, none after `stop`."""
        with self._one_at_a_time:
            if self._stopped.is_set():
                raise Hopeless("nothing more is brought to the nodes: the pass was stopped.")
            yield

    def _save_preloads(self) -> list[SavedImage]:
        for image in self.settings.preload_images:
            self.images.pulls.wait(image)
        with self._turn():
            return [
                self._take_out.save(image, self.folder / f"preload-{number}.tar")
                for number, image in enumerate(self.settings.preload_images)
            ]

    def _list_source(self, source: KubeVersion, needed: bool) -> None:
        if needed:
            self.images.require(source)
            with self._turn():
                self._take_out.list_source(source)

    def _take(self, version: KubeVersion, before: Future[Any]) -> Staged:
        before.result()
        self.images.require(version)
        with self._turn():
            return self._take_out.take_out(version)

    def _catch_up(self, source: KubeVersion) -> None:
        self.images.require(source)
        with self._turn():
            saved = self._take_out.save_source(source)
        wait_until_up(self.older, self._stopped)
        with self._turn():
            preload([saved], self.older)
            saved.archive.unlink()

    def _preload(self, saved: Future[list[SavedImage]]) -> None:
        images = saved.result()
        wait_until_up(self.nodes, self._stopped)
        with self._turn():
            preload(images, self.nodes)
            if self.settings.joins:
                self._kept = tuple(images)
                return
            for image in images:
                image.archive.unlink()

    def _deliver(self, taken: Future[Staged]) -> None:
        staged = taken.result()
        wait_until_up(self.nodes, self._stopped)
        with self._turn():
            deliver(self.docker, staged, self.nodes)
            staged.discard()


def _wait_for(future: Future[None]) -> None:
    try:
        future.result(STAGE_S)
    except TimeoutError as error:
        raise DeadlinePassed(
            f"bringing programs and images onto the nodes took longer than "
            f"{duration(STAGE_S)}; see what keeps docker or the disk busy."
        ) from error
