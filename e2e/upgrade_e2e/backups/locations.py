"""Where snapshots are kept: a folder of this machine, or a bucket of an S3 server."""

from __future__ import annotations

import contextlib
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from upgrade_e2e.backups.s3 import (
    NO_CREDENTIALS,
    S3_SCHEME,
    S3Location,
    require_endpoint,
    split_s3,
)
from upgrade_e2e.backups.stored_file import StoredFile
from upgrade_e2e.errors import BadInput

__all__ = ["FolderLocation", "Location", "is_s3", "naming", "open_location", "require_location"]

PART = ".part"
"""What the name of a file ends with that is still being written; it is no snapshot yet."""


class Location(Protocol):
    """A flat set of files by name. Every method raises BadInput when the place cannot be used."""

    @property
    def shown(self) -> str:
        """The place as a person writes it."""

    def files(self) -> tuple[StoredFile, ...]:
        """What is there now, the oldest first, by the time of its last change and its name."""

    def fetch(self, name: str, into: Path) -> None:
        """Copy one file to `into`; raises FileNotFoundError when it is not there."""

    def store(self, source: Path, name: str) -> None:
        """Put a file there under this name, whole or not at all; what had that name is replaced."""

    def remove(self, name: str) -> None:
        """Delete one file; one that is gone is fine."""


@dataclass(frozen=True)
class FolderLocation:
    """A folder of this machine, without the folders below it."""

    folder: Path

    @property
    def shown(self) -> str:
        """See Location."""
        return str(self.folder)

    def files(self) -> tuple[StoredFile, ...]:
        """See Location; raises BadInput for a folder that is not there."""
        try:
            found = [*filter(None, map(_stored, self.folder.iterdir()))]
        except OSError as error:
            raise self._unusable("cannot be read", error) from error
        return tuple(sorted(found, key=StoredFile.age_order))

    def fetch(self, name: str, into: Path) -> None:
        """See Location."""
        try:
            shutil.copyfile(self.folder / name, into)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise self._unusable(f"does not give {name}", error) from error

    def store(self, source: Path, name: str) -> None:
        """See Location; the folder is made when it is not there."""
        part = self.folder / (name + PART)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part.touch(mode=0o600)  # it holds every Secret; etcdctl makes its files so too
            shutil.copyfile(source, part)
            part.replace(self.folder / name)
        except OSError as error:
            raise self._unusable(f"does not take {name}", error) from error

    def remove(self, name: str) -> None:
        """See Location."""
        try:
            (self.folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise self._unusable(f"keeps {name}", error) from error

    def _unusable(self, what: str, error: OSError) -> BadInput:
        return BadInput(
            f"the folder {self.folder} {what} ({error.strerror}); check that it exists and that "
            "this user may use it."
        )


def _stored(entry: Path) -> StoredFile | None:
    """None for what is no whole file, or is gone meanwhile: a job may delete old ones."""
    if entry.name.endswith(PART):
        return None
    try:
        found = entry.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return StoredFile(entry.name, found.st_size, found.st_mtime)


def open_location(text: str, s3_endpoint: str = "") -> Location:
    """The location that a person wrote: a folder, or `s3://BUCKET/PREFIX`.

    `s3_endpoint` is the address of an S3 server that is not Amazon's. Credentials, region and,
    where it is empty, the endpoint come from the environment variables and files of AWS. Touches
    nothing. Raises BadInput for a text that names no place, and for S3 without boto3.
    """
    if is_s3(text):
        return S3Location.connect(*split_s3(text), endpoint=s3_endpoint)
    require_location(text, s3_endpoint)
    return FolderLocation(Path(text))


def is_s3(text: str) -> bool:
    """Whether what a person wrote as a place is one in S3, and no folder."""
    return text.startswith(S3_SCHEME)


def require_location(text: str, s3_endpoint: str = "") -> None:
    """Refuse, with BadInput, a text that names no place, and an endpoint that cannot go with it.

    No connection is made, and boto3 need not be installed: who stores nothing needs none.
    """
    if s3_endpoint:
        require_endpoint(s3_endpoint)
    if is_s3(text):
        split_s3(text)
        return
    if "://" in text and "@" in text:
        raise BadInput(NO_CREDENTIALS)
    if not text or "://" in text:
        raise BadInput(
            f"{text!r} is no place for snapshots; write a folder, or s3://BUCKET/PREFIX for an S3 "
            "server."
        )
    if s3_endpoint:
        raise BadInput(
            f"an S3 endpoint ({s3_endpoint}) means nothing to the folder {text}; leave it out, or "
            "write s3://BUCKET/PREFIX."
        )


@contextlib.contextmanager
def naming(what: str, value: str) -> Iterator[None]:
    """Put an option, an argument or a field, and its value, in front of a refusal.

    A value with an @ is not shown: what stands before it in an address may be a password.
    """
    try:
        yield
    except BadInput as wrong:
        shown = "a text with an @" if "@" in value else repr(value)
        raise BadInput(f"{what} is {shown}: {wrong}") from wrong
