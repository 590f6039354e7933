"""Bringing the images of a pass onto this machine: several at once, while other work goes on."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from upgrade_e2e.errors import BadInput, ClusterNotMade, CommandFailed, E2eError
from upgrade_e2e.format import duration
from upgrade_e2e.providers.kind.docker import PULL_S, Docker
from upgrade_e2e.providers.kind.pull_progress import PullProgress, how_to_fix
from upgrade_e2e.providers.kind.resolving.reference import split_reference
from upgrade_e2e.upgrade import Marks, UsedImage

__all__ = ["Pulls", "digest_of", "short"]

MOST_SAID = 300
"""Characters of docker's words in a message."""


@dataclass
class _Pull:
    """One image: `begun` is set once the registry gives it, or the pull has ended.

    `otherwise` is a sentence with what else can be done where it cannot be pulled.
    """

    image: str
    otherwise: str
    progress: PullProgress = field(default_factory=PullProgress)
    begun: threading.Event = field(default_factory=threading.Event)
    ended: Future[None] = field(default_factory=Future)


@dataclass
class Pulls:
    """The pulls of one pass.

    Each image is pulled once, all at once, since registries serve one layer slowly and several
    fast. What comes of each is shown through `marks`.
    """

    docker: Docker
    marks: Marks
    _pulls: dict[str, _Pull] = field(default_factory=dict)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _pool: ThreadPoolExecutor | None = None

    def start(self, images: Mapping[str, str]) -> None:
        """Begin to pull images; each comes with a sentence that says what else can be done.

        May be called once.
        """
        if not images:
            return
        self.marks.say(f"Pulling {', '.join(map(short, images))}.")
        self._pool = ThreadPoolExecutor(len(images), thread_name_prefix="pull")
        for image, otherwise in images.items():
            pull = self._pulls[image] = _Pull(image, otherwise)
            pull.ended = self._pool.submit(self._pull, pull)
            pull.ended.add_done_callback(lambda _, begun=pull.begun: begun.set())  # type: ignore[misc]

    def is_coming(self, image: str) -> bool:
        """Whether an image is being pulled and not here yet."""
        return image in self._pulls and not self._pulls[image].ended.done()

    def wait_until_begun(self) -> None:
        """Wait until the registry gives each image; raises BadInput for one that it does not."""
        for pull in tuple(self._pulls.values()):
            pull.begun.wait(PULL_S)
            if pull.ended.done():
                pull.ended.result()

    def wait(self, image: str) -> None:
        """Wait until an image is here; returns at once for one that was here.

        Raises BadInput, which says how to fix it, for one that its registry does not give, and
        ClusterNotMade where a pull that had begun broke off.
        """
        if image in self._pulls:
            self._pulls[image].ended.result(PULL_S)

    def wait_for_all(self, *images: str) -> None:
        """Wait for these images as `wait`, in a phase of its own, so that no other seems slow."""
        if any(map(self.is_coming, images)):
            self.marks.mark("pull")
        for image in images:
            self.wait(image)

    def note(self, role: str, image: str) -> None:
        """Record which image serves as `role` in this pass; it is on this machine."""
        self.marks.images[role] = UsedImage(image, digest_of(self.docker, image))

    def stop(self) -> None:
        """Break off what is under way; returns when docker has given it up."""
        self._stopped.set()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _pull(self, pull: _Pull) -> None:
        def on_line(line: str) -> None:
            pull.progress.read(line)
            self.marks.status[short(pull.image)] = str(pull.progress)
            if pull.progress.has_begun:
                pull.begun.set()

        with self.marks.beside("pull", short(pull.image)), self._shown(pull):
            try:
                self.docker.pull(pull.image, on_line, self._stopped)
            except CommandFailed as error:
                raise _failure(pull, error) from error

    @contextlib.contextmanager
    def _shown(self, pull: _Pull) -> Iterator[None]:
        """Show how far it is while in the context, and that it is here afterwards."""
        started = time.monotonic()
        self.marks.status[short(pull.image)] = str(pull.progress)
        try:
            yield
        finally:
            self.marks.status.pop(short(pull.image), None)
        size = f" ({pull.progress.pulled_mb:.0f} MB)" if pull.progress.pulled_mb else ""
        self.marks.say(
            f"Pulled {short(pull.image)}{size} in {duration(time.monotonic() - started)}."
        )


def digest_of(docker: Docker, image: str) -> str:
    """The digest of an image of this machine, as UsedImage has it."""
    names, image_id = docker.identity(image)
    asked = split_reference(image)[0]
    digests = [split_reference(name) for name in names]
    mine = [digest for repository, digest in digests if repository == asked]
    for digest in (*mine, *(digest for _, digest in digests)):
        return digest
    return f"image ID {image_id}"


def short(image: str) -> str:
    """A name for people: a digest only where there is no tag, and of that the beginning."""
    name, at, digest = image.partition("@")
    tagged = ":" in name.rpartition("/")[2]
    return name if tagged or not at else f"{name}@{digest[:19]}"


def _failure(pull: _Pull, error: CommandFailed) -> E2eError:
    said = pull.progress.said[-MOST_SAID:] or str(error)[:MOST_SAID]
    fix = how_to_fix(pull.image, said)
    advice = ". ".join(part for part in (fix, pull.otherwise) if part)
    what = f"the image {pull.image} is not on this machine and cannot be pulled"
    broke_off = pull.progress.has_layers
    if broke_off:
        what = f"the pull of {pull.image} broke off ({pull.progress})"
    if error.returncode is None:
        what += f": it was not here after {duration(PULL_S)}"
    refusal = ClusterNotMade if broke_off else BadInput
    return refusal(f"{what}{': ' if fix else '. '}{advice} docker said: {said}")
