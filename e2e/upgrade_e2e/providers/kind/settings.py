"""What the user chose for a kind cluster, as one value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from upgrade_e2e.cluster.image_names import ImageName
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.config import upgrade_config
from upgrade_e2e.providers.kind.drain_order import DRAIN_S, DrainOrder, require_seconds
from upgrade_e2e.providers.kind.kind_config import KindConfig
from upgrade_e2e.providers.kind.ledger import Ledger
from upgrade_e2e.providers.kind.procedure import UpgradeConfig
from upgrade_e2e.version import KubeVersion

__all__ = ["DEFAULT_IMAGE", "Keep", "KindSettings"]

Keep = Literal["never", "on-failure", "always"]
DEFAULT_IMAGE = "kindest/node:{version}"
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
# The longest node name adds "-external-load-balancer" and must fit into 63 characters.
LONGEST_NAME = 40


@dataclass(frozen=True)
class KindSettings:
    """How the cluster is made and upgraded.

    `images` maps a version to a node image; every other version gets `image_template`.
    `cluster_name` is made up when it is empty. `workdir` takes kubeconfigs, staged files and the
    output of each step. `preload_images` are loaded onto all nodes once they are Ready. A pod that
    may not be evicted fails a drain after `drain_timeout_s`. `nodes_assumed` is whether the counts
    are only a guess at those of the cluster to reuse. The other choices are those of PassSettings.
    Raises BadInput for values that cannot work.
    """

    workdir: Path
    control_planes: int = 1
    workers: int = 2
    images: Mapping[KubeVersion, str] = field(default_factory=dict)
    image_template: str = DEFAULT_IMAGE
    fast_control_plane: bool = False
    keep: Keep = "never"
    reuse_cluster: str = ""
    cluster_name: str = ""
    preload_images: tuple[str, ...] = ()
    nearest_patch: bool = False
    image_catalogue: Path | None = None
    kind_config: KindConfig | None = None
    after_create: tuple[str, ...] = ()
    nodes_assumed: bool = False
    upgrade_config: Path | None = None
    drain_timeout_s: float = DRAIN_S
    drain_args: tuple[str, ...] = ()
    wait_for_watches: bool = True
    step_timeout_s: float | None = None
    join_node: bool = True
    ledger: Ledger = field(default_factory=Ledger)

    def __post_init__(self) -> None:
        if self.control_planes < 1 or self.control_planes % 2 == 0:
            raise BadInput(
                f"{self.control_planes} control planes cannot hold a majority in etcd while one "
                "of them restarts; use 1 or 3."
            )
        if self.workers < 0:
            raise BadInput(f"{self.workers} workers cannot be; use 0 or more.")
        if "{version}" not in self.image_template:
            raise BadInput(
                f"node image {self.image_template!r} names no version; write it like "
                f"{DEFAULT_IMAGE}."
            )
        if self.reuse_cluster and self.fast_control_plane:
            raise BadInput(
                "an existing cluster's API server keeps its flags; leave out either the reuse or "
                "the fast control plane."
            )
        if self.reuse_cluster and self.cluster_name:
            raise BadInput("a cluster that is reused has its name already; give only that one.")
        self._check_cluster_of_their_own()
        _check_name(self.cluster_name)
        _check_name(self.reuse_cluster)
        if self.step_timeout_s is not None:
            require_seconds("--step-timeout", self.step_timeout_s)
        DrainOrder.of(self.drain_args, self.drain_timeout_s)

    @cached_property
    def drains(self) -> DrainOrder:
        """How nodes are drained."""
        return DrainOrder.of(self.drain_args, self.drain_timeout_s)

    @cached_property
    def own_upgrade(self) -> UpgradeConfig | None:
        """The user's UpgradeConfiguration, read once; raises BadInput for one that cannot work."""
        return None if self.upgrade_config is None else UpgradeConfig.read(self.upgrade_config)

    @property
    def joins(self) -> bool:
        """Whether a node joins when the upgrade is done, as it does where there are several.

        Who asks for a single node wants to see that shape, to the end.
        """
        return self.join_node and self.control_planes + self.workers > 1

    @property
    def left_alone(self) -> frozenset[str]:
        """The components that the user's own procedure does not upgrade."""
        own = self.own_upgrade
        return frozenset() if own is None else own.left_alone(self.control_planes)

    def upgrade_text(self, target: KubeVersion) -> str:
        """The UpgradeConfiguration for a hop to `target`, as YAML."""
        own = self.own_upgrade
        return upgrade_config(target) if own is None else own.text(target)

    def image_for(self, version: KubeVersion) -> str:
        """The node image of a version."""
        return self.images.get(version) or self.image_template.format(version=version)

    def version_of(self, image: str) -> KubeVersion | None:
        """The version that a node image is for, by the options or by its tag; None if neither says.

        What a vendor adds to a tag does not count, as it is not part of the kubelet's version.
        """
        given = (version for version, name in self.images.items() if name == image)
        return next(given, None) or self._of_template(image) or _version(ImageName.parse(image).tag)

    def _of_template(self, image: str) -> KubeVersion | None:
        before, _, after = map(re.escape, self.image_template.partition("{version}"))
        match = re.fullmatch(f"{before}(.+?){after}(@.+)?", image)
        return _version(match[1]) if match else None

    def _check_cluster_of_their_own(self) -> None:
        """The user's own configuration and command belong to a cluster that is made."""
        config = self.kind_config
        if self.reuse_cluster and config is not None:
            raise BadInput(
                f"the cluster {self.reuse_cluster} is made already, so that nothing would come of "
                f"kind-config {config.file}; leave out either of the two."
            )
        if self.reuse_cluster and self.after_create:
            raise BadInput(
                "after-create runs when a cluster has been created, and the one to reuse is there "
                "already: run that command by hand before, and leave after-create out."
            )
        if config is None:
            return
        asked, found = (
            (self.control_planes, self.workers),
            (config.control_planes, config.workers),
        )
        if asked != found:
            raise BadInput(
                f"kind-config {config.file} has {found[0]} control plane(s) and {found[1]} "
                f"worker(s), not {asked[0]} and {asked[1]}; leave out control-planes and workers."
            )


def _version(text: str) -> KubeVersion | None:
    try:
        version = KubeVersion.parse(text)
    except BadInput:
        return None
    return version if version.is_prerelease else replace(version, suffix="", build="")


def _check_name(name: str) -> None:
    if name and (len(name) > LONGEST_NAME or not _NAME.fullmatch(name)):
        raise BadInput(
            f"cluster name {name!r} does not fit; use up to {LONGEST_NAME} lower case letters, "
            "digits and dashes."
        )
