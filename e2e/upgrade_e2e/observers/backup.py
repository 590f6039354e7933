"""Backups of etcd, taken on a schedule while the cluster is upgraded, and restored afterwards."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

from upgrade_e2e.backups import EtcdPrograms, S3Location, is_s3, naming, require_location
from upgrade_e2e.backups.programs import PROGRAMS
from upgrade_e2e.cluster import Node, retry_api
from upgrade_e2e.cluster.etcd_access import etcd_image, take_programs
from upgrade_e2e.errors import E2eError
from upgrade_e2e.observers.backup_place import BackupPlace
from upgrade_e2e.observers.backup_task import BackupTask
from upgrade_e2e.observers.base import DeployContext, Observer, Parts, label_or_kind
from upgrade_e2e.observers.canary_writes import CanaryWriter
from upgrade_e2e.observers.checks import check_label, check_positive_s, check_rate, check_timeout
from upgrade_e2e.observers.snapshot_schedule import SnapshotSchedule

__all__ = ["EtcdBackup", "place_in_use"]

_FOLDER = "backups"


@dataclass(frozen=True, kw_only=True)
class EtcdBackup:
    """A snapshot of etcd every `every_s`, next to numbered writes through the API.

    The writes are small ConfigMaps, `writes_hz` of them a second; when each was acknowledged is
    kept. A snapshot is taken on the control planes in turn, or on the next one where that fails,
    and stored in `into`: a folder, or `s3://BUCKET/PREFIX` (`s3_endpoint` for a server that is not
    Amazon's). Without `into` it is the place of the option --backup-into, and without that a folder
    of the pass, in which only snapshots that are not whole stay. After the pass each one is
    fetched, restored into a lone etcd on this machine, and asked for the writes. The programs of
    etcd come out of the image of the cluster's own etcd, or from the folder `etcd_programs`.
    Streams that follow events: snapshot@NODE, from the start of a snapshot until it is stored; one
    that turns out not to be whole is a bad answer. A snapshot that takes longer than `timeout_s`
    has failed. Where there is no way onto the control planes, as in simulated clusters, none is
    taken. Raises BadInput for values that cannot work.
    """

    kind: ClassVar[str] = "backup"
    every_s: float = 30.0
    writes_hz: float = 5.0
    into: str = ""
    s3_endpoint: str = ""
    etcd_programs: str = ""
    label: str = ""
    timeout_s: float = 60.0

    def __post_init__(self) -> None:
        check_positive_s("EtcdBackup.every_s", self.every_s)
        check_rate("EtcdBackup.writes_hz", self.writes_hz)
        check_label("EtcdBackup.label", self.label)
        check_timeout("EtcdBackup.timeout_s", self.timeout_s)
        if self.into:
            with naming("EtcdBackup.into", self.into):
                require_location(self.into)
                if is_s3(self.into):
                    S3Location.require_boto3()
        if self.s3_endpoint:
            with naming("EtcdBackup.s3_endpoint", self.s3_endpoint):
                require_location(self.into, self.s3_endpoint)
        if self.etcd_programs:
            with naming("EtcdBackup.etcd_programs", self.etcd_programs):
                EtcdPrograms.found(Path(self.etcd_programs))

    def labelled(self, label_of: Callable[[Observer], str]) -> Self:
        """See TakesLabel."""
        return replace(self, label=label_of(self))

    def deploy(self, context: DeployContext) -> Parts:
        """Make the control planes ready for snapshots; see Observer."""
        nodes = tuple(node for node in context.cluster.control_planes if node.runner is not None)
        if not nodes:
            return Parts()
        label = label_or_kind(self)
        name = f"{label}-{secrets.token_hex(4)}"
        folder = context.workdir / _FOLDER / label
        place = self._place(context)
        location = place.open(str((folder / "stored").resolve()))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        schedule = SnapshotSchedule(
            context=context,
            nodes=nodes,
            location=location,
            name=name,
            every_s=self.every_s / context.pace,
            timeout_s=self.timeout_s,
            scratch=folder,
        )
        task = BackupTask(
            context=context,
            writer=CanaryWriter(context=context, name=name, rate_hz=self.writes_hz),
            schedule=schedule,
            cluster=_uid_of(context),
            programs=self._programs(nodes, folder / "programs"),
            keeps_all=place.named,
        )
        schedule.prepare()  # last, so that nothing can fail that would leave it on the nodes
        return Parts(background_tasks=(task,))

    def _place(self, context: DeployContext) -> BackupPlace:
        return BackupPlace(self.into, self.s3_endpoint) if self.into else context.backup_place

    def _programs(self, nodes: tuple[Node, ...], folder: Path) -> Callable[[], EtcdPrograms]:
        """What gives the programs to restore with: those of the version that the cluster has then.

        An older etcdutl may not read what a newer etcd wrote.
        """
        if self.etcd_programs:
            given = EtcdPrograms.found(Path(self.etcd_programs))
            return lambda: given
        return lambda: _programs_of(nodes, folder)


def place_in_use(
    place: BackupPlace, observers: Sequence[Observer], *, simulated: bool
) -> tuple[bool, str]:
    """Whether snapshots of a pass go to the place that its options name; if not, why, in words.

    An observer with an `into` of its own stores there. Without a named place there is nothing to
    say.
    """
    if not place.named:
        return False, ""
    nothing = f"Nothing is stored in {place.into} (--backup-into): "
    if simulated:
        return False, f"{nothing}a simulated cluster has no etcd."
    if any(isinstance(one, EtcdBackup) and not one.into for one in observers):
        return True, ""
    return False, (
        f"{nothing}no selected scenario takes snapshots of etcd; --scenario backup_is_restorable "
        "or --profile nightly chooses one that does."
    )


def _programs_of(nodes: tuple[Node, ...], folder: Path) -> EtcdPrograms:
    """The programs of the first control plane's etcd, taken out once for each image."""
    node = nodes[0]
    version = etcd_image(node).rpartition(":")[2].replace("@", "-").replace("/", "-")
    into = folder / version
    if not all((into / name).is_file() for name in PROGRAMS):
        take_programs(node, PROGRAMS, into)
    return EtcdPrograms.found(into)


def _uid_of(context: DeployContext) -> str:
    """The UID of the Namespace kube-system, by which clusters are recognised."""
    api = context.cluster.api
    found = retry_api(lambda: api.get_json("/api/v1/namespaces/kube-system"))
    uid = str((found.get("metadata") or {}).get("uid") or "")
    if not uid:
        raise E2eError("the Namespace kube-system has no UID, by which snapshots are recognised.")
    return uid
