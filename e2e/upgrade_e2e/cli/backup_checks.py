"""`backup check`: can the snapshots of etcd in a place be restored?"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from upgrade_e2e.backups import (
    BackupCheck,
    CheckSettings,
    EtcdPrograms,
    check_location,
    naming,
    open_location,
    require_location,
)
from upgrade_e2e.cli.shared import FILE, exit_on_errors
from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Api, retry_api
from upgrade_e2e.errors import BadInput
from upgrade_e2e.format import duration, wall_clock
from upgrade_e2e.run.exit_codes import FAILED, INCONCLUSIVE, PASSED

__all__ = ["backup"]

_DEFAULTS = CheckSettings()
_ASK_S = 30.0


def _setting(name: str, field: str, metavar: str, about: str) -> Callable[[Any], Any]:
    """An option that sets a field of CheckSettings, with the default and the type of that."""
    default = getattr(_DEFAULTS, field)
    return click.option(
        name,
        field,
        type=type(default),
        default=default,
        metavar=metavar,
        show_default=True,
        help=about,
    )


@click.group()
def backup() -> None:
    """Look at backups of etcd.

    Example: upgrade-e2e backup check /var/backups/etcd
    """


@backup.command()
@click.argument("location")
@click.option(
    "--etcd-programs",
    type=FILE,
    metavar="FOLDER",
    help="A folder with etcd, etcdctl and etcdutl, as new as the cluster's. Default: PATH.",
)
@click.option(
    "--s3-endpoint",
    default="",
    metavar="URL",
    help="The address of an S3 server that is not Amazon's. Default: that of the environment.",
)
@_setting("--match", "pattern", "PATTERN", "Which files of LOCATION are snapshots, by name.")
@_setting("--newest", "newest", "N", "How many snapshots to restore, the newest ones.")
@_setting(
    "--max-age", "max_age_s", "SECONDS", "How old the newest snapshot may be; 86400 is a day."
)
@_setting(
    "--size-factor",
    "size_factor",
    "FACTOR",
    "How many times larger or smaller a snapshot may be than the one before.",
)
@click.option(
    "--cluster",
    default="",
    metavar="UID",
    help="The UID of the Namespace kube-system of the cluster that they must be of. Default: that "
    "in the oldest snapshot that is looked at.",
)
@click.option(
    "--kubeconfig",
    type=FILE,
    metavar="FILE",
    help="Ask the cluster of this kubeconfig for its UID.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@exit_on_errors
def check(
    *,
    location: str,
    etcd_programs: Path | None,
    s3_endpoint: str,
    pattern: str,
    newest: int,
    max_age_s: float,
    size_factor: float,
    cluster: str,
    kubeconfig: Path | None,
    as_json: bool,
) -> None:
    """Restore the newest snapshots of etcd in LOCATION and say whether they are worth something.

    LOCATION is a folder or s3://BUCKET/PREFIX. Each snapshot is restored into an etcd on this
    machine and read; nothing in LOCATION changes.

    Exit codes: 0 all is well, 1 something is wrong, 2 bad input, 3 cannot tell.

    Example: upgrade-e2e backup check s3://backups/prod --max-age 3600
    """
    if cluster and kubeconfig is not None:
        raise click.UsageError("--cluster and --kubeconfig both name the cluster; leave out one.")
    settings = CheckSettings(
        pattern=pattern,
        newest=newest,
        max_age_s=max_age_s,
        size_factor=size_factor,
        cluster=cluster if kubeconfig is None else _uid_of(kubeconfig),
    )
    _require_place(location, s3_endpoint)
    place = open_location(location, s3_endpoint)
    place.files()  # a place that cannot be used is said before programs that are missing
    programs = EtcdPrograms.found(etcd_programs)
    now_unix_s = time.time()
    with _ending_in_good_order():
        found = check_location(place, programs, settings, now_unix_s)
    click.echo(_as_json(found, now_unix_s) if as_json else "\n".join(_sentences(found)))
    sys.exit(_code(found))


def _require_place(location: str, s3_endpoint: str) -> None:
    """Refuse what is no place or no server, and say by which word of the command it was given."""
    with naming("LOCATION", location):
        require_location(location)
    if s3_endpoint:
        with naming("--s3-endpoint", s3_endpoint):
            require_location(location, s3_endpoint)


@contextlib.contextmanager
def _ending_in_good_order() -> Iterator[None]:
    """SIGTERM interrupts, as Ctrl-C does: no etcd is left running, and no copy of a snapshot.

    `timeout` ends a cron job with it, and Kubernetes a Job.
    """

    def interrupt(number: int, _: object) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _code(found: BackupCheck) -> int:
    if found.problems:
        return FAILED
    return INCONCLUSIVE if found.unknown else PASSED


def _uid_of(kubeconfig: Path) -> str:
    """The UID of kube-system in the cluster of a kubeconfig."""
    api = Api.from_kubeconfig(kubeconfig)
    try:
        found = retry_api(lambda: api.get_json("/api/v1/namespaces/kube-system"), _ASK_S)
    except TRANSIENT_API_ERRORS as error:
        raise BadInput(
            f"the cluster of {kubeconfig} does not give its UID: {type(error).__name__}: {error}; "
            "give it with --cluster."
        ) from error
    return str(found["metadata"]["uid"])


def _sentences(found: BackupCheck) -> Iterator[str]:
    looked = len(found.snapshots)
    many = "snapshot" if found.count == 1 else "snapshots"
    yield f"{found.location} has {found.count} {many}; looked at: the newest {looked}."
    for one in found.snapshots:
        when = f"{wall_clock(one.file.modified_unix_s)}, {duration(one.age_s)} ago"
        yield f"{one.file.name} ({when}) is {one.verdict}: {one.sentence}"
    yield from (f"cannot tell: {sentence}" for sentence in found.unknown)
    others = [text for text in found.problems if not _is_said(text, found)]
    yield from (f"problem: {sentence}" for sentence in others)
    yield "All is well." if not (found.problems or found.unknown) else _verdict(found)


def _verdict(found: BackupCheck) -> str:
    if found.problems:
        return "The backups are not what they should be."
    return "Not everything could be found out."


def _is_said(problem: str, found: BackupCheck) -> bool:
    """Whether a problem is the verdict of a snapshot, which has its own line."""
    return any(problem.startswith(f"{one.file.name} is ") for one in found.snapshots)


def _as_json(found: BackupCheck, now_unix_s: float) -> str:
    document: dict[str, Any] = {
        "location": found.location,
        "checked_unix_s": now_unix_s,
        "ok": not found.problems and not found.unknown,
        "count": found.count,
        "problems": found.problems,
        "unknown": found.unknown,
        "snapshots": [
            {
                "name": one.file.name,
                "modified_unix_s": one.file.modified_unix_s,
                "age_s": one.age_s,
                "verdict": one.verdict.value,
                "sentence": one.sentence,
                **dataclasses.asdict(one.read),
            }
            for one in found.snapshots
        ],
    }
    for row in document["snapshots"]:
        del row["writes"]  # numbered writes are made in passes only
    return json.dumps(document, indent=1)
