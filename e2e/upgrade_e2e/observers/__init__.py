"""Observers: what is watched during a pass, deployed through the API and collected through it."""

from upgrade_e2e.observers.apiserver import ApiServer
from upgrade_e2e.observers.backup import EtcdBackup
from upgrade_e2e.observers.backup_faults import plant_in_backups
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
    label_or_kind,
)
from upgrade_e2e.observers.churn import PodChurn
from upgrade_e2e.observers.dns import DnsLookups
from upgrade_e2e.observers.edge import HttpEdge
from upgrade_e2e.observers.faults import alter, plant
from upgrade_e2e.observers.fitting import require_room
from upgrade_e2e.observers.http import HttpService
from upgrade_e2e.observers.naming import Wanted, as_written, label_observers
from upgrade_e2e.observers.observation import Observation
from upgrade_e2e.observers.workload import Workload

__all__ = [
    "HOST",
    "NAMESPACE",
    "Alterable",
    "ApiServer",
    "BackgroundTask",
    "DeployContext",
    "DnsLookups",
    "EtcdBackup",
    "HttpEdge",
    "HttpService",
    "Images",
    "KeepsBackups",
    "Observation",
    "Observer",
    "Parts",
    "PodChurn",
    "Probe",
    "Wanted",
    "Workload",
    "alter",
    "as_written",
    "label_observers",
    "label_or_kind",
    "plant",
    "plant_in_backups",
    "require_room",
]
