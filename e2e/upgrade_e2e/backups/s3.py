"""Snapshots in a bucket of an S3 server, by boto3, which is an extra: `upgrade-e2e[s3]`."""

from __future__ import annotations

import contextlib
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from upgrade_e2e.backups.stored_file import StoredFile
from upgrade_e2e.errors import BadInput

__all__ = ["NO_CREDENTIALS", "S3_SCHEME", "S3Location", "require_endpoint", "split_s3"]

S3_SCHEME = "s3://"
NO_CREDENTIALS = (
    "the address of an S3 server has no credentials in it; give them as AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY."
)
"""Why an address with an @ is refused; the address itself is not shown then."""
CONNECT_S = 5.0
READ_S = 60.0
_BUCKET = re.compile(r"[A-Za-z0-9._:-]{1,255}")
"""What boto3 takes for one; the colons are those of an access point (ARN)."""
_NO_KEY = frozenset({"NoSuchKey"})
_GONE = _NO_KEY | {"404", "NotFound"}
"""What an object that is not there is answered with; 404 is also what any website answers."""


def split_s3(text: str) -> tuple[str, str]:
    """Bucket and prefix of `s3://BUCKET/PREFIX`; the prefix may be empty. Raises BadInput."""
    bucket, _, prefix = text.removeprefix(S3_SCHEME).partition("/")
    if not bucket:
        # Not shown: what follows may be an address with a password.
        raise BadInput("the place in S3 names no bucket; write s3://BUCKET/PREFIX.")
    if not _BUCKET.fullmatch(bucket):
        raise BadInput(
            "its bucket has characters that the name of no bucket has; write s3://BUCKET/PREFIX. "
            "Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    prefix = prefix.strip("/")
    return bucket, f"{prefix}/" if prefix else ""


def require_endpoint(endpoint: str) -> None:
    """Refuse, with BadInput, what is no address of a server, and one with credentials in it."""
    if "@" in endpoint:  # wherever: a slash in a password ends what is parsed as the host
        raise BadInput(NO_CREDENTIALS)
    try:
        address = urlsplit(endpoint)
        _ = address.port  # read only now, and refused when it is none
    except ValueError:
        address = urlsplit("")
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise BadInput(
            f"{endpoint!r} is no address of an S3 server; write one like https://s3.example.org."
        )


@dataclass(frozen=True)
class S3Location:
    """The objects right below a prefix of a bucket; see Location."""

    bucket: str
    prefix: str
    client: Any

    @classmethod
    def connect(cls, bucket: str, prefix: str, endpoint: str = "") -> S3Location:
        """A client of that server; sends nothing yet. Raises BadInput without boto3."""
        boto3, botocore_config = _imported("boto3"), _imported("botocore.config")
        settings = botocore_config.Config(
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            retries={"max_attempts": 3, "mode": "standard"},
            # Servers of one's own have no name for each bucket, and not all know newer checksums.
            s3={"addressing_style": "path" if endpoint else "auto"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        with _as_sentences(f"{S3_SCHEME}{bucket}/{prefix}"):
            client = boto3.client("s3", endpoint_url=endpoint or None, config=settings)
        return cls(bucket, prefix, client)

    @staticmethod
    def require_boto3() -> None:
        """Raise BadInput where boto3 is not installed."""
        _imported("boto3")

    @property
    def shown(self) -> str:
        """See Location."""
        return f"{S3_SCHEME}{self.bucket}/{self.prefix}"

    def require_answer(self) -> None:
        """Ask for the first object, as a proof that the server, the bucket and the keys work.

        Raises BadInput where one of them does not.
        """
        with _as_sentences(self.shown):
            self.client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1)

    def files(self) -> tuple[StoredFile, ...]:
        """See Location."""
        with _as_sentences(self.shown):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix, Delimiter="/"
            )
            found = [
                StoredFile(
                    one["Key"].removeprefix(self.prefix),
                    int(one["Size"]),
                    one["LastModified"].timestamp(),
                )
                for page in pages
                for one in page.get("Contents", ())
                if one["Key"] != self.prefix
            ]
        return tuple(sorted(found, key=StoredFile.age_order))

    def fetch(self, name: str, into: Path) -> None:
        """See Location."""
        with _as_sentences(self.shown, gone=_GONE):
            self.client.download_file(self.bucket, self.prefix + name, str(into))

    def store(self, source: Path, name: str) -> None:
        """See Location; the bucket must be there."""
        with _as_sentences(self.shown):
            self.client.upload_file(str(source), self.bucket, self.prefix + name)

    def remove(self, name: str) -> None:
        """See Location."""
        with contextlib.suppress(FileNotFoundError), _as_sentences(self.shown, gone=_NO_KEY):
            self.client.delete_object(Bucket=self.bucket, Key=self.prefix + name)


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise BadInput(
            "snapshots in S3 need boto3, which is not installed; install the extra: pip install "
            "'upgrade-e2e[s3]'."
        ) from error


@contextlib.contextmanager
def _as_sentences(shown: str, gone: frozenset[str] = frozenset()) -> Iterator[None]:
    """Turn boto3's errors into BadInput, and those with a code in `gone` into FileNotFoundError."""
    errors, transfers = _imported("botocore.exceptions"), _imported("boto3.exceptions")
    try:
        yield
    except errors.ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in gone:
            raise FileNotFoundError(f"{shown}: {error}") from error
        raise _unusable(shown, str(error)) from error
    except (errors.BotoCoreError, transfers.Boto3Error, ValueError) as error:
        raise _unusable(shown, str(error)) from error
    except RecursionError as error:  # how botocore ends where every request is redirected
        raise _unusable(shown, "the server redirects every request") from error
    except OSError as error:
        raise BadInput(
            f"snapshots of {shown} cannot be copied: {error}. Check the space in the folder for "
            "temporary files (TMPDIR) and the network."
        ) from error


def _unusable(shown: str, said: str) -> BadInput:
    return BadInput(
        f"{shown} cannot be used: {said.rstrip('.')}. Check the bucket, its endpoint "
        "(--s3-endpoint or AWS_ENDPOINT_URL), and the credentials (AWS_ACCESS_KEY_ID, "
        "AWS_SECRET_ACCESS_KEY)."
    )
