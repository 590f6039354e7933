"""The provider `kind`: real clusters in containers, upgraded in place with kubeadm."""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster
from upgrade_e2e.cluster.nodes import node_of
from upgrade_e2e.command import Runner
from upgrade_e2e.errors import BadInput, ClusterNotMade, CommandFailed, DeadlinePassed, E2eError
from upgrade_e2e.providers.base import Capabilities
from upgrade_e2e.providers.kind import creation, draining, health, kubeadm, nodes
from upgrade_e2e.providers.kind.bring_up import BringUp
from upgrade_e2e.providers.kind.cgroup_v1 import on_cgroup_v1
from upgrade_e2e.providers.kind.checks import KIND_ENV
from upgrade_e2e.providers.kind.configuration import target_images, usual_images
from upgrade_e2e.providers.kind.creation import NameTaken
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.inspection import Target, inspect
from upgrade_e2e.providers.kind.joining import Joining
from upgrade_e2e.providers.kind.journal import Journal
from upgrade_e2e.providers.kind.kubeadm_output import KeptCoreDns
from upgrade_e2e.providers.kind.mirror import name_for_mirror
from upgrade_e2e.providers.kind.network_faults import NetworkFaults
from upgrade_e2e.providers.kind.pass_entries import PassEntries
from upgrade_e2e.providers.kind.patches import require_patches
from upgrade_e2e.providers.kind.planning import make_plan
from upgrade_e2e.providers.kind.planting import plant
from upgrade_e2e.providers.kind.removed_gates import require_known_gates
from upgrade_e2e.providers.kind.rolling import AddonsBefore, Rolling, roll
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.providers.kind.static_pods import wait_until_settled
from upgrade_e2e.providers.kind.step_time import StepTime
from upgrade_e2e.providers.kind.watches import WAIT_FOR_WATCHES, wait_for_watches
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Inventory, Marks, Path, Plan, Step, Verified
from upgrade_e2e.upgrade.plan import JOIN_NODE
from upgrade_e2e.version import KubeVersion
from upgrade_e2e.wait import Deadline

__all__ = ["KindProvider"]

_TROUBLE: tuple[type[Exception], ...] = (E2eError, *TRANSIENT_API_ERRORS)


@dataclass
class KindProvider:
    """Makes one kind cluster, upgrades it along one path, deletes it."""

    settings: KindSettings
    host: Runner = field(default_factory=lambda: Runner(env=KIND_ENV))

    def __post_init__(self) -> None:
        given = self.settings.cluster_name or self.settings.reuse_cluster
        self.name = given or f"upgrade-e2e-{uuid.uuid4().hex[:6]}"
        self.docker = Docker(self.host)
        self.journal = Journal(self.settings.workdir / "steps")
        self.marks = Marks(Origin())
        self._entries = PassEntries(self.settings.ledger, self.host)
        self._bring_up = self._begin()
        self._verified = Verified()
        self._before = AddonsBefore()
        self._kept = KeptCoreDns()
        self._network = NetworkFaults()

    @property
    def capabilities(self) -> Capabilities:
        """A real cluster, at its own pace."""
        return Capabilities(
            name="kind",
            tools={
                "kind": ("kind", "version"),
                "docker": ("docker", "version", "--format", "{{.Server.Version}}"),
            },
        )

    @property
    def kubeconfig(self) -> FilePath:
        """The cluster's own kubeconfig; `~/.kube/config` is never touched."""
        return self.settings.workdir / "kubeconfig"

    @property
    def old_kubeconfig(self) -> FilePath:
        """A copy of the kubeconfig as it was before the upgrade."""
        return self.settings.workdir / "kubeconfig.before"

    def plan(self, path: Path) -> Plan:
        """The steps for `path`; touches nothing."""
        return make_plan(self.settings, path, cgroup_v1=on_cgroup_v1())

    def create(self, plan: Plan, marks: Marks) -> Cluster:
        """Make the cluster, or take over the one to reuse, while the targets are taken out.

        Raises BadInput for what cannot work on this machine, and ClusterNotMade with the logs of
        the nodes in `workdir`/logs; either leaves nothing behind, unless it is to be kept.
        """
        self.marks = marks
        self.settings.workdir.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as undo:
            undo.callback(self.close, keep=self.settings.keep != "never")
            self._bring_up = self._begin()
            self._bring_up.bring_images(plan.path)
            self._bring_up.claim()
            try:
                cluster = self._bring_up.make(plan)
                shutil.copy2(self.kubeconfig, self.old_kubeconfig)
            except NameTaken:
                self._entries.disown_cluster()
                raise
            except BadInput:
                raise
            except _TROUBLE as error:
                logs = creation.saved_logs(self.host, self.name, self.settings.workdir / "logs")
                raise ClusterNotMade(
                    f"the cluster {self.name} could not be made; {logs}. {error}"
                ) from error
            undo.pop_all()
        return cluster

    def perform(self, step: Step, cluster: Cluster) -> None:
        """Do one step."""
        actions: dict[str, Callable[[Step, Cluster], None]] = {
            "stage": self._stage,
            "kubeadm-apply": self._apply,
            "kubeadm-node": lambda s, c: kubeadm.kubeadm_node(
                s, c, self.marks, self.journal, self._kept.read
            ),
            "roll-addons": self._roll_addons,
            WAIT_FOR_WATCHES: lambda s, c: wait_for_watches(s, c, self.marks),
            "drain": lambda s, c: draining.drain(s, c, self.marks, self.journal),
            "swap-kubelet": lambda s, c: nodes.swap_kubelet(s, c, self.marks),
            "uncordon": lambda s, c: nodes.uncordon(s, c, self.journal),
            "check": lambda s, c: health.check(c, s.timeout_s, self._before.of(c)),
            "verify": self._verify,
            "plant": self._plant,
            JOIN_NODE: self._join_node,
            "export-logs": self._export_logs,
        }
        if step.kind not in actions:
            raise BadInput(f"the kind provider has no step {step.kind!r}; use those of its plan.")
        try:
            actions[step.kind](step, cluster)
        except TRANSIENT_API_ERRORS as error:
            raise E2eError(f"no answer: {type(error).__name__}: {error}") from error

    def inspect(self, plan: Plan, cluster: Cluster) -> Inventory:
        """What the cluster is made of, against the plan's last version.

        That is what `verify` has just read back, and is read again when it came to no answer.
        """
        target = self._target(plan.path.versions[-1], cluster)
        return self._verified.or_read(lambda: inspect(cluster, target))

    def close(self, *, keep: bool = False) -> None:
        """Delete the cluster and the staged files; raises the first E2eError, having tried all.

        A cluster to `keep` leaves the ledger, so that no sweep deletes it.
        """
        if keep:
            self._entries.disown_cluster()
        self._bring_up.stop()
        try:
            if self.settings.reuse_cluster:  # others go away with what was planted in them
                self._network.put_back()
        finally:
            self._entries.delete_all(self._bring_up.join)

    def _begin(self) -> BringUp:
        """What makes the cluster; nothing is begun yet."""
        return BringUp(
            settings=self.settings,
            host=self.host,
            docker=self.docker,
            name=self.name,
            kubeconfig=self.kubeconfig,
            folder=self.settings.workdir / f"stage-{uuid.uuid4().hex[:8]}",
            entries=self._entries,
            journal=self.journal,
            marks=self.marks,
        )

    def _stage(self, step: Step, cluster: Cluster) -> None:
        version = KubeVersion.parse(step.params["version"])
        self._bring_up.wait_until_staged(version)
        require_known_gates(cluster, version)
        with self.journal.of(step) as write:
            usual, wanted = usual_images(cluster, version), target_images(cluster, version)
            name_for_mirror(cluster, usual, wanted, write)
        if self.settings.own_upgrade is not None:
            require_patches(self.settings.own_upgrade, cluster)
        self._bring_up.wait_until_whole(cluster)

    def _apply(self, step: Step, cluster: Cluster) -> None:
        self._before.of(cluster)
        self._kept = KeptCoreDns()
        kubeadm.kubeadm_apply(step, cluster, self.marks, self.journal, self._kept.read)

    def _roll_addons(self, step: Step, cluster: Cluster) -> None:
        time = StepTime.start(step)
        known = Rolling(self._before.of(cluster), self.settings.left_alone, self._kept)
        with self.journal.of(step) as write:
            roll(cluster, step.params["version"], known, write, time.within(step.timeout_s))
        self.marks.mark("static-pods")
        wait_until_settled(
            cluster, node_of(cluster, step.params["last"]), time.within(step.timeout_s)
        )

    def _target(self, version: KubeVersion, cluster: Cluster) -> Target:
        own = self.settings.own_upgrade
        return Target(
            version,
            self.old_kubeconfig,
            left_alone=self.settings.left_alone,
            patches="" if own is None else own.patches("apply"),
            addons=self._before.of(cluster),
        )

    def _verify(self, step: Step, cluster: Cluster) -> None:
        target = self._target(KubeVersion.parse(step.params["version"]), cluster)
        self._verified.read_back(
            lambda: inspect(cluster, target),
            target.version,
            Deadline(step.timeout_s, every_s=2.0),
            transient=(CommandFailed, DeadlinePassed, *TRANSIENT_API_ERRORS),
        )

    def _join_node(self, step: Step, cluster: Cluster) -> None:
        folder = self._bring_up.folder
        joining = Joining(self.docker, self._entries, self.journal, folder, self._network)
        image = self.settings.image_for(KubeVersion.parse(step.params["version"]))
        joining.join(step, cluster, image, self._bring_up.kept, self.marks)

    def _plant(self, step: Step, cluster: Cluster) -> None:
        if not self._network.plant(step, cluster):
            plant(step, cluster, self.docker)

    def _export_logs(self, step: Step, cluster: Cluster) -> None:
        into = FilePath(step.params["into"])
        creation.export_logs(self.host, cluster.name, into, step.timeout_s)
