"""SimProvider: makes a simulated cluster, takes it along one path, ends it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path as FilePath

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster
from upgrade_e2e.errors import BadInput, ClusterNotMade, DeadlinePassed, E2eError
from upgrade_e2e.providers.base import Capabilities
from upgrade_e2e.providers.sim import upgrading
from upgrade_e2e.providers.sim.draining import cordon, drain
from upgrade_e2e.providers.sim.health import Health
from upgrade_e2e.providers.sim.inspection import inspect
from upgrade_e2e.providers.sim.planning import make_plan
from upgrade_e2e.providers.sim.planting import Planted
from upgrade_e2e.providers.sim.settings import SimSettings
from upgrade_e2e.providers.sim.starting import Running, start_simulator
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Inventory, Marks, Path, Plan, Step, Verified
from upgrade_e2e.version import KubeVersion
from upgrade_e2e.wait import Deadline

__all__ = ["SimProvider"]

_WHOLE_S = 60.0
_SETTLED_S = 10.0
"""How long pods that the last drain moved may take until all workloads are whole again."""


@dataclass
class SimProvider:
    """Makes one simulated cluster. Its process ends with this one, however this one ends."""

    settings: SimSettings

    def __post_init__(self) -> None:
        self._running: Running | None = None
        self._marks = Marks(Origin())
        self._planted = Planted()
        self._verified = Verified()

    @property
    def capabilities(self) -> Capabilities:
        """Simulated, and as much faster than a real cluster as the settings say."""
        return Capabilities(name="sim", simulated=True, pace=self.settings.durations.pace)

    @property
    def old_kubeconfig(self) -> FilePath:
        """A copy of the kubeconfig as it was before the upgrade."""
        return self.settings.workdir / "kubeconfig.before"

    def plan(self, path: Path) -> Plan:
        """The steps for `path`; touches nothing."""
        return make_plan(self.settings, path)

    def create(self, plan: Plan, marks: Marks) -> Cluster:
        """Start a simulator at the path's first version and wait until all is Ready."""
        self._marks = marks
        self.settings.workdir.mkdir(parents=True, exist_ok=True)
        try:
            marks.mark("start")
            self._running = start_simulator(self.settings, plan.path.versions[0])
            cluster = self._running.cluster(self.settings)
            marks.mark("whole")
            self._health(cluster).whole(_WHOLE_S)
        except BaseException as error:
            self.close()
            if isinstance(error, E2eError):
                raise ClusterNotMade(f"the simulated cluster could not be made: {error}") from error
            raise
        shutil.copy2(cluster.kubeconfig, self.old_kubeconfig)
        return cluster

    def perform(self, step: Step, cluster: Cluster) -> None:
        """Do one step."""
        actions: dict[str, Callable[[Step, Cluster], None]] = {
            "kubeadm-apply": self._kubeadm_apply,
            "kubeadm-node": lambda _, c: upgrading.kubeadm_node(c),
            "roll-addons": self._roll_addons,
            "drain": self._drain,
            "swap-kubelet": self._swap_kubelet,
            "uncordon": lambda s, c: cordon(c, s.node, unschedulable=False),
            "check": lambda s, c: self._health(c).check(s.timeout_s),
            "verify": self._verify,
            "plant": lambda s, c: self._planted.plant(s, c, self._simulator.control),
            "export-logs": self._export_logs,
        }
        if step.kind not in actions:
            raise BadInput(f"the sim provider has no step {step.kind!r}; use those of its plan.")
        self._planted.check(step)
        if step.kind != "export-logs":
            self._simulator.require_alive()
        try:
            actions[step.kind](step, cluster)
        except DeadlinePassed:
            self._simulator.require_alive()
            raise
        except TRANSIENT_API_ERRORS as error:
            self._simulator.require_alive()
            raise E2eError(f"the API server gave no answer: {error}") from error

    def inspect(self, plan: Plan, cluster: Cluster) -> Inventory:
        """What the cluster is made of, against the plan's last version.

        That is what `verify` has just read back, and is read again when it came to no answer.
        """
        self._simulator.require_alive()
        return self._verified.or_read(lambda: self._inspect(cluster, plan.path.versions[-1]))

    def close(self, *, keep: bool = False) -> None:
        """End the simulator, or leave it running for as long as its user needs it."""
        if self._running is None:
            return
        if keep:
            self._running.control.ask("disown")
        else:
            self._running.end()
        self._running = None

    @property
    def _simulator(self) -> Running:
        if self._running is None:
            raise ClusterNotMade("there is no simulator; create the cluster first.")
        return self._running

    def _health(self, cluster: Cluster) -> Health:
        return Health(cluster, self._simulator.require_alive)

    def _means(self, cluster: Cluster) -> upgrading.Means:
        health = self._health(cluster)
        return upgrading.Means(self._simulator.control, self.settings.durations, health)

    def _roll_addons(self, step: Step, cluster: Cluster) -> None:
        upgrading.roll_addons(step, cluster, self._means(cluster), self._planted.staying)

    def _kubeadm_apply(self, step: Step, cluster: Cluster) -> None:
        staying = self._planted.staying
        upgrading.kubeadm_apply(step, cluster, self._means(cluster), self._marks, staying)

    def _swap_kubelet(self, step: Step, cluster: Cluster) -> None:
        upgrading.swap_kubelet(step, cluster, self._means(cluster), self._marks)

    def _drain(self, step: Step, cluster: Cluster) -> None:
        allowed_s = float(step.params["allowed_s"])
        drain(cluster, step.node, allowed_s, self.settings.durations.pace, self._marks.note)

    def _verify(self, step: Step, cluster: Cluster) -> None:
        self._health(cluster).whole(step.timeout_s)
        target = KubeVersion.parse(step.params["version"])
        self._verified.read_back(
            lambda: self._inspect(cluster, target),
            target,
            Deadline(_SETTLED_S, every_s=0.25),
            transient=(DeadlinePassed, *TRANSIENT_API_ERRORS),
        )

    def _inspect(self, cluster: Cluster, target: KubeVersion) -> Inventory:
        certificate = self._simulator.folder / "apiserver.crt"
        return inspect(cluster, target, self.old_kubeconfig, certificate)

    def _export_logs(self, step: Step, cluster: Cluster) -> None:
        into = FilePath(step.params["into"])
        folder = self._simulator.folder
        into.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / "simulator.log", into / "simulator.log")
        for node in cluster.nodes:
            for log in sorted((folder / "nodes" / node.name / "pods").glob("*/logs/*.log")):
                target = into / node.name / f"{log.parts[-3]}-{log.name}"
                target.parent.mkdir(exist_ok=True)
                shutil.copy2(log, target)
