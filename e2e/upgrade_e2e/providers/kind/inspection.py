"""Reading back what the cluster is made of, against what the target's kubeadm names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.addons import Addon, read_addons
from upgrade_e2e.cluster.asking import ask, is_reached_by, items
from upgrade_e2e.cluster.pods import missing_workloads, stuck_pods
from upgrade_e2e.errors import E2eError
from upgrade_e2e.providers.kind.configuration import target_images
from upgrade_e2e.providers.kind.delivery import runner_of, staged_file
from upgrade_e2e.providers.kind.mirror import ImagesOnNodes
from upgrade_e2e.providers.kind.takeout import UPGRADE_CONFIG
from upgrade_e2e.upgrade import Component, Inventory, kubelets, system_components
from upgrade_e2e.upgrade.expected import appeared_addons, expected_addons
from upgrade_e2e.version import KubeVersion

__all__ = ["Target", "inspect"]

SYSTEM_PODS = "/api/v1/namespaces/kube-system/pods"
OLD_KUBECONFIG_S = 30.0
DAY_S = 86400.0
KUBEADM_S = 120.0
_WOULD_WRITE = re.compile(r'^\[dryrun\] Would write file "([^"]+)" with content:\n', re.MULTILINE)


@dataclass(frozen=True)
class Target:
    """A version that the cluster is compared with, and what there was before the upgrade.

    `left_alone` are components that the user's procedure does not upgrade. `patches` is the folder
    of kubeadm's patches on the first control plane; empty where there is none. `addons` are those
    that the cluster had before; None stands for those that kubeadm makes.
    """

    version: KubeVersion
    old_kubeconfig: Path
    left_alone: frozenset[str] = frozenset()
    patches: str = ""
    addons: tuple[Addon, ...] | None = None


def inspect(cluster: Cluster, target: Target) -> Inventory:
    """Everything that success is claimed from, read once; kubeadm's slow answers side by side."""
    pool = ThreadPoolExecutor(max_workers=3, thread_name_prefix="inspect")
    try:
        no_plan = pool.submit(_offers_nothing, cluster, target.version)
        no_diff = pool.submit(_writes_nothing, cluster, target)
        days = pool.submit(_certificate_days, cluster, target.version)
        pods = items(cluster, "/api/v1/pods")
        now = ask("the addons", lambda: read_addons(cluster)) if target.addons is not None else ()
        return Inventory(
            components=tuple(_components(cluster, target, now)),
            stuck_pods=stuck_pods(pods),
            missing_workloads=missing_workloads(cluster),
            nothing_left_to_do=no_plan.result() and no_diff.result(),
            old_kubeconfig_works=is_reached_by(target.old_kubeconfig, OLD_KUBECONFIG_S),
            certificates_expire_in_d=days.result(),
            appeared=appeared_addons(target.addons or (), now),
        )
    finally:  # an interruption is not held up: the commands end with the containers
        pool.shutdown(wait=False, cancel_futures=True)


def _components(cluster: Cluster, target: Target, now: Sequence[Addon]) -> Iterator[Component]:
    """Each component on each node: what it runs, what it should run."""
    yield from kubelets(items(cluster, "/api/v1/nodes"), str(target.version))
    wanted = target_images(cluster, target.version)
    images = {name: image for name, image in wanted.items() if name not in target.left_alone}
    addons = None if target.addons is None else expected_addons(target.addons, now, images)
    same = ImagesOnNodes(cluster).are_same
    yield from system_components(cluster, items(cluster, SYSTEM_PODS), images, addons, same)


def _offers_nothing(cluster: Cluster, version: KubeVersion) -> bool:
    """Whether kubeadm offers no upgrade."""
    config = ("--config", staged_file(version, UPGRADE_CONFIG))
    return "COMPONENT" not in _upgrade(cluster, version, "plan", *config)


def _writes_nothing(cluster: Cluster, target: Target) -> bool:
    """Whether kubeadm would write the manifests that are there.

    `kubeadm upgrade diff` knows no patches. Where there are some, a dry run shows what an upgrade
    would write with them.
    """
    version = target.version
    if target.patches:
        words = ("node", "phase", "control-plane", "--dry-run", "--patches", target.patches)
        return _are_there(cluster, dry_run_files(_upgrade(cluster, version, *words)))
    diff = _upgrade(cluster, version, "diff", str(version))
    return not any(line.startswith(("--- ", "+++ ", "@@ ")) for line in diff.splitlines())


def _are_there(cluster: Cluster, files: Mapping[str, str]) -> bool:
    """Whether the first control plane has these files, with this content."""
    if not files:
        raise E2eError(
            "kubeadm's dry run of the control plane phase wrote no manifest, so it cannot be said "
            "whether work is left."
        )
    runner = runner_of(cluster.control_planes[0])
    return all(
        runner.run("cat", path, timeout_s=30).stdout == content for path, content in files.items()
    )


def dry_run_files(output: str) -> dict[str, str]:
    """The files that a dry run of kubeadm would write, by path."""
    parts = _WOULD_WRITE.split(output)
    return dict(zip(parts[1::2], map(_up_to_talk, parts[2::2]), strict=True))


def _up_to_talk(content: str) -> str:
    """The content of a file, without the lines that kubeadm says after it."""
    return re.split(r"^\[", content, maxsplit=1, flags=re.MULTILINE)[0]


def _upgrade(cluster: Cluster, version: KubeVersion, *words: str) -> str:
    runner = runner_of(cluster.control_planes[0])
    argv = (staged_file(version, "kubeadm"), "upgrade", *words)
    return runner.run(*argv, timeout_s=KUBEADM_S).stdout


def _certificate_days(cluster: Cluster, version: KubeVersion) -> float:
    """The days that the first certificate of any control plane has left."""
    argv = (staged_file(version, "kubeadm"), "certs", "check-expiration", "--output=json")
    left: list[float] = []
    for node in cluster.control_planes:
        answer = json.loads(runner_of(node).run(*argv, timeout_s=KUBEADM_S).stdout)
        left += [part["residualTime"] for part in answer["certificates"] if not part["missing"]]
    return min(left) / DAY_S
