"""What is to be done for a request, and doing it with both cores busy."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from nodeimage import command, docker, gatekeeper, nodebase, programs, support
from nodeimage.components import net_root
from nodeimage.gatekeeper import GatekeeperImage
from nodeimage.node import NodeImage
from nodeimage.pins import Pins
from nodeimage.progress import say
from nodeimage.store import Store
from nodeimage.support import SupportImage

# Two compilations at once: while one links on a single core, the other compiles.
WORKERS = 2


class Artifact(Protocol):
    """What the cache keeps: Go programs and Debian roots."""

    @property
    def key(self) -> str:
        """The content key."""

    @property
    def cached_as(self) -> str:
        """Its name in the cache."""

    def build(self, store: Store) -> Path:
        """Where it lies, made unless it is there."""


class Builder:
    """Builds each artifact once, however many images want it."""

    def __init__(self, store: Store, pool: ThreadPoolExecutor) -> None:
        self.store, self.pool = store, pool
        self.started: dict[str, Future[Path]] = {}

    def start(self, artifact: Artifact) -> Future[Path]:
        """Begin, or join what has begun."""
        if artifact.key not in self.started:
            self.started[artifact.key] = self.pool.submit(artifact.build, self.store)
        return self.started[artifact.key]


def node_parts(pins: Pins, version: str) -> Mapping[str, Artifact]:
    """The artifacts of a node image by the name that its recipe uses."""
    parts: dict[str, Artifact] = {
        "root-node": nodebase.root(pins.debian),
        "root-net": net_root(pins.debian),
    }
    for program in programs.all_of(pins.of(version)):
        parts[program.name.partition("-")[0]] = program
    return parts


def ensure(pins: Pins, versions: Sequence[str], store: Store) -> None:
    """Have the versions and the support images in docker; what is there costs one question."""
    with store.locked():
        nodes = [image for image in (NodeImage(pins, name) for name in versions) if is_due(image)]
        extras = [image for image in support.all_of(pins) if is_due(image)]
        if not nodes and not extras:
            return
        with ThreadPoolExecutor(WORKERS) as pool:
            try:
                _run(Builder(store, pool), pins, nodes, extras)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                command.interrupt_all()
                raise
        current = nodebase.BASE_IMAGE + nodebase.key(pins.debian, pins.kind)
        docker.remove_outdated(nodebase.BASE_IMAGE, current)


def is_due(image: NodeImage | SupportImage | GatekeeperImage) -> bool:
    """Whether there is work to do for an image; says so when there is none."""
    found = docker.labels(image.tag)
    if found is None:
        return True
    if docker.STAND_IN not in found:
        say(f"{image.tag} is there and was not made here; it is left as it is.")
        return False
    if found.get(docker.CONTENT) == image.key:
        say(f"{image.tag} is there and up to date.")
        return False
    return True


def remove_unused(pins: Pins, store: Store) -> list[str]:
    """Remove what no pinned version needs any more from the cache."""
    parts: dict[str, Artifact] = {}
    for version in pins.kubernetes:
        parts |= {part.key: part for part in node_parts(pins, version).values()}
    images = support.all_of(pins)
    parts |= {image.root.key: image.root for image in images}
    parts[gatekeeper.program().key] = gatekeeper.program()
    wanted = {store.path(part.cached_as, key).name for key, part in parts.items()}
    wanted |= {store.path(image.cached_as, image.key).name for image in images}
    with store.locked():
        return store.remove_except(wanted)


def _run(
    builder: Builder, pins: Pins, nodes: Sequence[NodeImage], extras: Sequence[SupportImage]
) -> None:
    # The longest compilation begins first; Debian's roots wait for the network beside it.
    for node in nodes[:1]:
        builder.start(programs.kubernetes(node.version))
    roots = [(image, builder.start(image.root)) for image in extras]
    waiting = [
        (node, {name: builder.start(part) for name, part in node_parts(pins, node.version).items()})
        for node in nodes
    ]
    for image, root in roots:
        image.ensure(builder.store, root.result())
        say(f"{image.tag} is ready.")
    for node, parts in waiting:
        node.assemble(builder.store, {name: part.result() for name, part in parts.items()})
        say(f"{node.tag} is ready.")
