"""Where the snapshots of a pass go, as the options of the pass say."""

from __future__ import annotations

from dataclasses import dataclass

from upgrade_e2e.backups import Location, S3Location, naming, open_location, require_location
from upgrade_e2e.errors import BadInput

__all__ = ["BackupPlace", "read_backup_place"]


@dataclass(frozen=True)
class BackupPlace:
    """A folder or `s3://BUCKET/PREFIX` in `into`, with `s3_endpoint` for a server of one's own.

    An empty `into` is a folder of the pass itself. Credentials are no part of it.
    """

    into: str = ""
    s3_endpoint: str = ""

    @property
    def named(self) -> bool:
        """Whether there is a place, in which snapshots stay."""
        return bool(self.into)

    def open(self, folder: str) -> Location:
        """The location, or `folder` where none is named; raises BadInput as `open_location`."""
        return open_location(self.into or folder, self.s3_endpoint)

    def require_answer(self) -> None:
        """Refuse, with BadInput, an S3 server that does not let this process list the bucket.

        A folder that is not there yet is made when it is needed.
        """
        location = self.open("")
        if isinstance(location, S3Location):
            location.require_answer()


def read_backup_place(into: str, s3_endpoint: str) -> BackupPlace:
    """The place of `--backup-into` and `--s3-endpoint`; raises BadInput for what cannot be one."""
    if s3_endpoint and not into:
        raise BadInput(
            "--s3-endpoint is the server of --backup-into, and that is not given; add "
            "--backup-into s3://BUCKET/PREFIX, or leave out --s3-endpoint."
        )
    if into:
        with naming("--backup-into", into):
            require_location(into)
    if s3_endpoint:
        with naming("--s3-endpoint", s3_endpoint):
            require_location(into, s3_endpoint)
    return BackupPlace(into, s3_endpoint)
