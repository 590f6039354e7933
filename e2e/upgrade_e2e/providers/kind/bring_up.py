"""How the cluster of a pass comes to be, and its nodes get what the upgrade needs meanwhile."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

from upgrade_e2e.cluster import Cluster, Node
from upgrade_e2e.command import Runner
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind import creation, health
from upgrade_e2e.providers.kind.after_create import AFTER_CREATE, run_after_create
from upgrade_e2e.providers.kind.checks import preflight, require_free_name
from upgrade_e2e.providers.kind.delivery import runner_of
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.etcd_alarm import require_no_alarm
from upgrade_e2e.providers.kind.gates_of_file import require_gates_taken
from upgrade_e2e.providers.kind.images import NodeImages
from upgrade_e2e.providers.kind.journal import Journal
from upgrade_e2e.providers.kind.pass_entries import PassEntries
from upgrade_e2e.providers.kind.pulls import Pulls
from upgrade_e2e.providers.kind.remains import CLUSTER, FOLDER, REUSED_CLUSTER
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.providers.kind.skew import older_nodes
from upgrade_e2e.providers.kind.staging import Staging
from upgrade_e2e.providers.kind.takeout import SavedImage
from upgrade_e2e.upgrade import Marks, Path, Plan
from upgrade_e2e.version import KubeVersion

__all__ = ["BringUp"]

NODES_READY_S = 240.0


@dataclass
class BringUp:
    """Makes the cluster `name`, or takes it over, while targets are pulled, taken out and brought.

    `kubeconfig` is written here; `folder` takes what is staged, and is made when that begins.
    """

    settings: KindSettings
    host: Runner
    docker: Docker
    name: str
    kubeconfig: FilePath
    folder: FilePath
    entries: PassEntries
    journal: Journal
    marks: Marks
    staging: Staging | None = None

    def __post_init__(self) -> None:
        self._images = NodeImages(self.settings, self.docker, Pulls(self.docker, self.marks))

    def bring_images(self, path: Path) -> None:
        """The images that nodes begin with are here afterwards; the others may still be pulled."""
        first = path.versions[0]
        self.marks.mark("preflight")
        balancer = preflight(self.settings, self.docker, self.host, path, self._images)
        older = older_nodes(self.settings, path)
        begun_with = (self.settings.image_for(first), *(node.image for node in older))
        self._images.pulls.wait_for_all(*begun_with, balancer)
        self._images.require(first)
        for node in older:
            self._images.require(node.version, node.image)
        self._require_gates(path)
        if not self.settings.reuse_cluster:
            self._images.note(first)
        if balancer:
            self._images.pulls.note("load-balancer", balancer)

    def _require_gates(self, path: Path) -> None:
        """Ask the kubelets of images that are here about the gates of the user's configuration."""
        if self.settings.kind_config is None:
            return
        named = [(version, self.settings.image_for(version)) for version in path.versions]
        here = [(version, image) for version, image in named if self.docker.has_image(image)]
        require_gates_taken(self.settings.kind_config, self.docker, self.settings.ledger, here)

    def claim(self) -> None:
        """Enter the cluster into the ledger; raises BadInput where its name is not free."""
        if self.settings.reuse_cluster:
            self.entries.claim(REUSED_CLUSTER, self.name)
        else:
            require_free_name(self.settings, self.docker, self.name)
            self.entries.claim(CLUSTER, self.name)

    def make(self, plan: Plan) -> Cluster:
        """The cluster, with all nodes Ready; raises NameTaken, and BadInput for one not to take."""
        if self.settings.reuse_cluster:
            cluster, older = self._take_over(plan.path)
            staging = self._start_staging(plan, cluster.nodes, older)
        else:
            begun_s = time.monotonic()
            coming = creation.nodes_to_come(self.docker, self.settings, self.name)
            older = {f"{self.name}-{n.name}" for n in older_nodes(self.settings, plan.path)}
            staging = self._start_staging(plan, coming, older)
            self.marks.mark("kind-create")
            creation.kind_create(self.host, self.settings, self.name, plan, self.kubeconfig)
            self._after_create(plan, time.monotonic() - begun_s)
            cluster = creation.handle(self.docker, self.name, self.kubeconfig)
            self.marks.mark("nodes-ready")
            health.wait_until_nodes_ready(cluster, NODES_READY_S)
        if self.settings.preload_images:
            self._images.pulls.wait_for_all(*self.settings.preload_images)
        if self.settings.preload_images or older:
            self.marks.mark("preload")
            staging.wait_until_preloaded()
        if not _stages(plan):
            self.wait_until_whole(cluster)
        return cluster

    def wait_until_staged(self, version: KubeVersion) -> None:
        """Wait until all of `version` is on every node; raises what went wrong."""
        if self.staging is None:
            raise BadInput("nothing was taken out to stage; create the cluster first.")
        self._images.pulls.wait_for_all(self.settings.image_for(version))
        self.marks.mark("deliver")
        self.staging.wait_until_delivered(version)

    def wait_until_whole(self, cluster: Cluster) -> None:
        """Wait until all that a cluster has when it is made works."""
        self.marks.mark("whole")
        health.wait_until_whole(cluster, NODES_READY_S)

    @property
    def kept(self) -> tuple[SavedImage, ...]:
        """See Staging; nothing before that has begun."""
        return () if self.staging is None else self.staging.kept

    def stop(self) -> None:
        """Begin nothing more; what is under way ends by itself."""
        self._images.pulls.stop()
        if self.staging is not None:
            self.staging.stop()

    def join(self) -> None:
        """Wait for the end of what was under way."""
        if self.staging is not None:
            self.staging.join()

    def _after_create(self, plan: Plan, spent_s: float) -> None:
        """Run the user's command in what is left of the time for the creation."""
        if not self.settings.after_create:
            return
        allowed_s = next(step.timeout_s for step in plan.prepare if step.kind == "create")
        self.marks.mark(AFTER_CREATE)
        run_after_create(
            self.host,
            self.settings.after_create,
            cluster=self.name,
            kubeconfig=self.kubeconfig,
            journal=self.journal,
            timeout_s=max(1.0, allowed_s - spent_s),
        )

    def _take_over(self, path: Path) -> tuple[Cluster, Collection[str]]:
        creation.require_exists(self.docker, self.name)
        creation.take_kubeconfig(self.host, self.name, self.kubeconfig)
        cluster = creation.handle(self.docker, self.name, self.kubeconfig)
        older = creation.require_fit(self.settings, cluster, path)
        require_no_alarm(runner_of(cluster.control_planes[0]), cluster.name)
        return cluster, older

    def _start_staging(self, plan: Plan, nodes: Sequence[Node], older: Collection[str]) -> Staging:
        folder = self.folder.resolve()
        self.entries.claim(FOLDER, str(folder))
        folder.mkdir(parents=True)
        behind = [node for node in nodes if node.name in older]
        self.staging = Staging(self.docker, self.settings, folder, nodes, self._images, behind)
        self.staging.start(plan.path.versions[0], _stages(plan))
        return self.staging


def _stages(plan: Plan) -> list[KubeVersion]:
    """The versions that steps of the plan stage; a trimmed plan may have none."""
    steps = (step for step in plan.prepare if step.kind == "stage")
    return [KubeVersion.parse(step.params["version"]) for step in steps]
