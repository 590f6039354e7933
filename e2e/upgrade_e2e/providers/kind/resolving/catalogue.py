"""The catalogue: which node images were published for which release of kind."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from upgrade_e2e.errors import BadInput
from upgrade_e2e.version import KubeVersion

__all__ = ["Catalogue", "PublishedRelease"]

SHIPPED = "catalogue.toml"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_KEYS = {"kind", "source", "images"}


@dataclass(frozen=True)
class PublishedRelease:
    """A release of kind, and the digests of the node images that were published with it.

    Versions of kind are written as those of Kubernetes are, and compare alike.
    """

    kind: KubeVersion
    images: Mapping[KubeVersion, str]
    source: str = ""


@dataclass(frozen=True)
class Catalogue:
    """Releases of kind, newest first. `origin` is the file, for messages."""

    releases: tuple[PublishedRelease, ...]
    origin: str = SHIPPED

    @classmethod
    def load(cls, file: Path | None = None) -> Catalogue:
        """The catalogue in `file`, by default the one that is shipped.

        Raises BadInput for a file that cannot be read or is no catalogue; docs/images.md has the
        format.
        """
        if file is None:
            return _shipped()
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise BadInput(
                f"image-catalogue {file} cannot be read ({why}); check the path."
            ) from error
        return cls.parse(text, f"image-catalogue {file}")

    @classmethod
    def parse(cls, text: str, origin: str = SHIPPED) -> Catalogue:
        """Read a catalogue; raises BadInput, with what is wrong."""
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise BadInput(f"{origin} is not TOML: {error}") from error
        rows = document.get("release")
        if set(document) != {"release"} or not isinstance(rows, list) or not rows:
            raise BadInput(
                f"{origin} must have [[release]] tables and nothing else; docs/images.md shows one."
            )
        releases = sorted((_release(row, origin) for row in rows), key=lambda one: one.kind)
        names = [one.kind for one in releases]
        if twice := {name for name in names if names.count(name) > 1}:
            raise BadInput(f"{origin} has kind {min(twice)} twice; leave one.")
        return cls(tuple(reversed(releases)), origin)

    def not_newer_than(self, kind: KubeVersion | None) -> tuple[PublishedRelease, ...]:
        """The releases up to that of an installed kind, newest first; all for None."""
        return tuple(one for one in self.releases if kind is None or one.kind <= kind)

    def version_of(self, digest: str) -> KubeVersion | None:
        """The version of an image that is known by its digest only."""
        return next(
            (
                version
                for release in self.releases
                for version, published in release.images.items()
                if published == digest
            ),
            None,
        )


@cache
def _shipped() -> Catalogue:
    text = resources.files(__package__).joinpath(SHIPPED).read_text(encoding="utf-8")
    return Catalogue.parse(text)


def _release(row: Any, origin: str) -> PublishedRelease:
    if not isinstance(row, dict) or not {"kind", "images"} <= set(row) <= _KEYS:
        raise BadInput(
            f"{origin}: a [[release]] has `kind`, `source` and a table `images`, and nothing else; "
            f"this one is {row!r}."
        )
    kind = _version(row["kind"], origin)
    images, source = row["images"], row.get("source", "")
    if not isinstance(images, dict) or not images:
        raise BadInput(f"{origin}: `images` of kind {kind} must be a table with one row at least.")
    if not isinstance(source, str):
        raise BadInput(f"{origin}: `source` of kind {kind} must be a text, not {source!r}.")
    for version, digest in images.items():
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise BadInput(
                f"{origin}: the digest of {version} for kind {kind} is {digest!r}; write sha256: "
                "and 64 hexadecimal digits."
            )
    read = {_version(version, origin): digest for version, digest in images.items()}
    return PublishedRelease(kind, read, source)


def _version(text: Any, origin: str) -> KubeVersion:
    try:
        return KubeVersion.parse(str(text))
    except BadInput as error:
        raise BadInput(f"{origin}: {text!r} is no version; write it like v1.34.3.") from error
