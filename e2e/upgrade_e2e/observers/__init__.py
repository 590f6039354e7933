"""Observers: what is watched during a pass, deployed through the API and collected through it."""

from upgrade_e2e.observers.apiserver import ApiServer
from upgrade_e2e.observers.backup import EtcdBackup, place_in_use
from upgrade_e2e.observers.backup_faults import plant_in_backups
from upgrade_e2e.observers.backup_place import BackupPlace, read_backup_place
from upgrade_e2e.observers.base import (
    HOST,
    NAMESPACE,
    Alterable,
    BackgroundTask,
    DeployContext,
    Images,
    KeepsBackups,
    Observer,
    Parts,
    Probe,
    SeesNewNodes,
    label_or_kind,
)
from upgrade_e2e.observers.churn import PodChurn
from upgrade_e2e.observers.deployments import Deployments
from upgrade_e2e.observers.dns import DnsLookups
from upgrade_e2e.observers.edge import HttpEdge
from upgrade_e2e.observers.etcd import EtcdHealth
from upgrade_e2e.observers.faults import alter, plant, put_back
from upgrade_e2e.observers.fitting import require_room
from upgrade_e2e.observers.guard_pairs import GuardPair, read_guard_pairs
from upgrade_e2e.observers.guard_rails import GuardRails, require_watched
from upgrade_e2e.observers.http import HttpService
from upgrade_e2e.observers.naming import Wanted, as_written, label_observers
from upgrade_e2e.observers.node_resources import NodeResources
from upgrade_e2e.observers.observation import Observation
from upgrade_e2e.observers.pods_network import NewPodsNetwork
from upgrade_e2e.observers.runtime_answers import RuntimeAnswers
from upgrade_e2e.observers.workload import Workload

__all__ = [
    "HOST",
    "NAMESPACE",
    "Alterable",
    "ApiServer",
    "BackgroundTask",
    "BackupPlace",
    "DeployContext",
    "Deployments",
    "DnsLookups",
    "EtcdBackup",
    "EtcdHealth",
    "GuardPair",
    "GuardRails",
    "HttpEdge",
    "HttpService",
    "Images",
    "KeepsBackups",
    "NewPodsNetwork",
    "NodeResources",
    "Observation",
    "Observer",
    "Parts",
    "PodChurn",
    "Probe",
    "RuntimeAnswers",
    "SeesNewNodes",
    "Wanted",
    "Workload",
    "alter",
    "as_written",
    "label_observers",
    "label_or_kind",
    "place_in_use",
    "plant",
    "plant_in_backups",
    "put_back",
    "read_backup_place",
    "read_guard_pairs",
    "require_room",
    "require_watched",
]
