"""Plans: the named steps of a pass, as data that can be printed before anything is touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from upgrade_e2e.cluster.room import Room
from upgrade_e2e.upgrade.path import Hop, Path

__all__ = ["DRAIN", "JOIN_NODE", "Fault", "Plan", "Step"]

DRAIN = "drain"
"""The kind of the steps that evict the pods of a node."""
JOIN_NODE = "join-node"
"""The kind of the step in which a node comes into the cluster, at the new version."""


@dataclass(frozen=True)
class Fault:
    """A planted failure: its name, a value, and the kind of step (or step name) it begins at.

    Written `coredns-replicas=1`, `no-prestop` or `apiserver-freeze=2s@kubeadm-apply`. An empty
    `at` means before the upgrade begins, or right before the step that the fault breaks.
    """

    name: str
    value: str = ""
    at: str = ""

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read `name[=value][@step]`."""
        head, _, at = text.partition("@")
        name, _, value = head.partition("=")
        return cls(name.strip(), value.strip(), at.strip())

    def __str__(self) -> str:
        value = f"={self.value}" if self.value else ""
        at = f"@{self.at}" if self.at else ""
        return f"{self.name}{value}{at}"


@dataclass(frozen=True)
class Step:
    """One named action.

    `kind` is what is done (`kubeadm-apply`, `drain`), `node` to whom (short name: `worker2`),
    `about` to what where that is no node (`v1.34.3`), `hop` during which arrow. `does` are
    sentences or commands for people; `params` is what the provider needs to perform it. A step
    that takes longer than `timeout_s` has failed.
    """

    kind: str
    timeout_s: float
    node: str = ""
    about: str = ""
    hop: str = ""
    does: tuple[str, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_hop(
        cls,
        hop: Hop,
        kind: str,
        timeout_s: float,
        does: tuple[str, ...],
        node: str = "",
        **more: str,
    ) -> Step:
        """A step of one hop; its `params` are the hop's target as `version`, and `more`."""
        params = {"version": str(hop.target), **more}
        return cls(kind, timeout_s, node=node, hop=str(hop), does=does, params=params)

    @property
    def name(self) -> str:
        """`drain worker2`: unique within one hop."""
        return " ".join(word for word in (self.kind, self.node, self.about) if word)


@dataclass(frozen=True)
class Plan:
    """The steps of one pass over one path on one provider, in order.

    `prepare` makes the cluster at the old version, `upgrade` changes it, `verify` reads back what
    it has become. `choices` are the settings that change what is measured (named in every
    artifact), such as `fast-control-plane`. `room` is where watched workloads may run, as far as
    that is known before there is a cluster.
    """

    provider: str
    path: Path
    prepare: tuple[Step, ...]
    upgrade: tuple[Step, ...]
    verify: tuple[Step, ...]
    choices: Mapping[str, str] = field(default_factory=dict)
    room: Room = field(default_factory=Room)

    @property
    def drained(self) -> tuple[str, ...]:
        """The nodes that are drained, by their short names."""
        return tuple(dict.fromkeys(step.node for step in self.upgrade if step.kind == DRAIN))

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps in order."""
        return (*self.prepare, *self.upgrade, *self.verify)
