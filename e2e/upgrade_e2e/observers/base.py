"""What an observer is: a value that names what is watched, and the parts that must run for it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, runtime_checkable

from upgrade_e2e.backups import EtcdPrograms, Location
from upgrade_e2e.cluster import Cluster, retry_api
from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.cluster.room import Room
from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers.backup_place import BackupPlace
from upgrade_e2e.timeline import BackupLog, Connection, Origin, SamplesBuilder, Span, Window

if TYPE_CHECKING:
    from upgrade_e2e.observers.guard_pairs import GuardPair
    from upgrade_e2e.observers.workload import Workload

__all__ = [
    "DEFAULT_OF",
    "HOST",
    "NAMESPACE",
    "SERVICE_ACCOUNT_TOKEN",
    "Alterable",
    "BackgroundTask",
    "DeployContext",
    "Images",
    "KeepsBackups",
    "Observer",
    "Parts",
    "Probe",
    "SeesNewNodes",
    "TakesLabel",
    "label_or_kind",
]

T = TypeVar("T")
DEFAULT_OF = "default of"
"""In the metadata of a field whose default follows from others: the function that gives it."""
NAMESPACE = "upgrade-e2e"
SERVICE_ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path
"""The `token_file` of probes that ask a kubelet or the API server from inside of the cluster."""
HOST = "host"
"""The `node` of streams whose prober runs next to the framework, outside of the cluster."""


@dataclass(frozen=True)
class Images:
    """Container images of what observers deploy. `agent` is any image with Python 3.11+."""

    agent: str = "python:3.11-slim"
    edge: str = "nginx:stable"


@dataclass(frozen=True)
class DeployContext:
    """Where observers work: the cluster, the namespace in it and a folder on this machine.

    `pace` is how many times faster than real the cluster goes: what an observer does every N
    seconds, it does every N / pace seconds here. `rest_s` is for how long the cluster is watched
    before the upgrade and after it. `facts` say what kind of cluster it is, and `room`
    where in it watched workloads may run. `simulated` clusters lack what has no part in a
    rehearsal: an observer of such a thing returns no parts there, and is then no part of the pass.
    `guards` are the objects by which the user's policies are watched, and `backup_place` is where
    the user wants snapshots of etcd. `shared` has what observers
    make together: see `once`.
    """

    cluster: Cluster
    images: Images
    workdir: Path
    origin: Origin
    namespace: str = NAMESPACE
    pace: float = 1.0
    rest_s: float = 0.0
    facts: ClusterFacts = field(default_factory=ClusterFacts)
    room: Room = field(default_factory=Room)
    simulated: bool = False
    guards: tuple[GuardPair, ...] = ()
    backup_place: BackupPlace = field(default_factory=BackupPlace)
    shared: dict[Hashable, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gave when this key was first asked for: observers share it."""
        if key not in self.shared:
            self.shared[key] = make()
        made: T = self.shared[key]
        return made

    def apply(self, manifest: dict[str, Any]) -> Any:
        """Server-side apply, retried while the API server is away; returns the object."""
        return retry_api(lambda: self.cluster.api.apply(manifest))


@dataclass(frozen=True)
class Probe:
    """One stream, as the agent runs it (on each node, or once on this machine).

    `kind` and `settings` are the agent's own (see the docstring of `upgrade_e2e.agent`); `target`
    is for people.
    """

    name: str
    kind: str
    target: str
    interval_s: float
    timeout_s: float
    connection: Connection = Connection.NONE
    settings: Mapping[str, Any] = field(default_factory=dict)

    def spec(self, observer: str) -> dict[str, Any]:
        """The stream as it stands in the agent's spec."""
        return {
            **self.settings,
            "observer": observer,
            "name": self.name,
            "kind": self.kind,
            "target": self.target,
            "interval_s": self.interval_s,
            "timeout_s": self.timeout_s,
            "connection": self.connection.label,
        }


class BackgroundTask(Protocol):
    """Work of an observer in this process, in its own threads, while it watches."""

    def start(self) -> None:
        """Start the threads; returns at once."""

    def missing(self) -> str:
        """What it still waits for before it is useful; empty when it works."""

    def status_line(self) -> str:
        """What it sees right now, in a few words; empty when there is nothing to show."""

    def stop(self) -> None:
        """End the threads within a bounded time. May be called more than once."""

    def samples(self, into: SamplesBuilder, window: Window) -> None:
        """Add what was seen of all that began inside `window`."""

    def spans(self) -> tuple[Span, ...]:
        """What it did to the cluster."""

    def broken(self) -> str:
        """What ended it before it was stopped; empty when it worked to the end."""


@runtime_checkable
class KeepsBackups(Protocol):
    """A background task that takes snapshots and restores them; see `timeline/backups.py`."""

    @property
    def location(self) -> Location:
        """Where the snapshots are kept."""

    @property
    def schedule_s(self) -> float:
        """How often one is taken, in seconds."""

    @property
    def programs(self) -> Callable[[], EtcdPrograms]:
        """What gives the programs of etcd that snapshots are restored with."""

    def backups(self) -> BackupLog:
        """What was written, taken and found, up to now."""


@dataclass(frozen=True)
class Parts:
    """What must run for an observer after its objects were applied.

    `own_node_probes` run on every node as `node_probes` do, but in the node's own network, for what
    listens only there; `control_plane_probes` likewise, on control planes alone. In their settings
    `{node_name}` and `{node_ip}` stand for the node that the prober is on, and they may read what
    kubelets publish with the token in `SERVICE_ACCOUNT_TOKEN`.
    """

    node_probes: tuple[Probe, ...] = ()
    host_probes: tuple[Probe, ...] = ()
    background_tasks: tuple[BackgroundTask, ...] = ()
    own_node_probes: tuple[Probe, ...] = ()
    control_plane_probes: tuple[Probe, ...] = ()


class Observer(Protocol):
    """Names what to watch. A frozen value, so that it can be a key of what was seen."""

    @property
    def label(self) -> str:
        """What it is called in a pass: unique, and a DNS label, because objects are named after it.

        Empty when its author leaves the choice to the pass; see TakesLabel.
        """

    def deploy(self, context: DeployContext) -> Parts:
        """Apply what is watched, without waiting for it; returns what is to be run.

        Empty parts where the cluster has nothing of that kind: then it is not in what was seen.
        """


@runtime_checkable
class Alterable(Protocol):
    """An observer that deploys a workload, which a fault may change before that."""

    def altered(self, change: Callable[[Workload], Workload]) -> Observer:
        """The same observer with `change` made to its workload; equal if that changes nothing."""


@runtime_checkable
class SeesNewNodes(Observer, Protocol):
    """An observer that sees pods on nodes that join: where there is one, a node does."""

    sees_new_nodes: ClassVar[bool]


@runtime_checkable
class TakesLabel(Observer, Protocol):
    """An observer that works without a label of its own: the pass gives it one.

    `kind` is the name of what it watches, such as `web`: the label where nothing else is chosen.
    """

    kind: ClassVar[str]

    def labelled(self, label_of: Callable[[Observer], str]) -> Observer:
        """A copy with the labels that `label_of` has for it and for the observers inside of it."""


def label_or_kind(observer: Observer) -> str:
    """The label that `observer` has, or else its kind.

    Raises BadInput when it has neither.
    """
    if observer.label:
        return observer.label
    if isinstance(observer, TakesLabel):
        return observer.kind
    raise BadInput(f"{observer} has no label, and none can be chosen for it; give it one.")
