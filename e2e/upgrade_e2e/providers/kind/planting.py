"""Planting the faults of the catalogue on a real cluster."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping

import yaml

from upgrade_e2e.cluster import Cluster, Node
from upgrade_e2e.cluster.asking import get
from upgrade_e2e.cluster.nodes import kubelet_version, node_of
from upgrade_e2e.cluster.pinning import pin_pod
from upgrade_e2e.errors import FaultNotPlanted
from upgrade_e2e.providers.kind.delivery import on_all, runner_of, staged_file, write_file
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.etcd_faults import FAULTS_OF_ETCD
from upgrade_e2e.providers.kind.freezer import stopped
from upgrade_e2e.providers.kind.freezing import freeze_runtime, frozen_node, pause_node
from upgrade_e2e.providers.kind.leaking import leak_in_kubelet
from upgrade_e2e.providers.kind.node_image import CTR, parse_image_list
from upgrade_e2e.providers.kind.nodes import restart_kubelet, wait_until_ready
from upgrade_e2e.providers.kind.webhook_packets import drop_packets
from upgrade_e2e.upgrade import Step
from upgrade_e2e.upgrade.fault_values import dropped, leak, rate, seconds, target_of, time_and_node
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["plant"]

DROP_IN_FOLDER = "/etc/kubernetes/kubelet.conf.d"
EXTRA_ARGS_FILE = "/etc/default/kubelet"
BROKEN_PROGRAM = "#!/bin/sh\necho 'this program was planted to fail' >&2\nexit 1\n"
# Which staged program a step cannot do without.
_PROGRAM_OF = {
    "kubeadm-apply": "kubeadm",
    "kubeadm-node": "kubeadm",
    "swap-kubelet": "kubelet",
}


def plant(step: Step, cluster: Cluster, docker: Docker | None = None) -> None:
    """Do one `plant` step; raises FaultNotPlanted for a fault that is not known here."""
    name, value = step.params["fault"], step.params["value"]
    if name == "fail-step":
        _break_step(cluster, step.params, *target_of(value))
    elif name == "node-pause":
        duration_s, short = time_and_node(value)
        pause_node(docker or Docker(), frozen_node(cluster, short), duration_s)
    elif name in FAULTS_OF_ETCD:
        FAULTS_OF_ETCD[name](cluster, seconds(value))
    elif name in _PLANTERS:
        _PLANTERS[name](cluster, value)
    else:
        raise FaultNotPlanted(f"kind does not know how to plant {step.about or name}.")


def _limit_kubelets(cluster: Cluster, value: str) -> None:
    limited = cluster.workers or cluster.nodes  # as pods churn
    on_all(limited, lambda node: _limit_kubelet(cluster, node, rate(value)))


def _freeze_runtime(cluster: Cluster, value: str) -> None:
    duration_s, short = time_and_node(value)
    freeze_runtime(frozen_node(cluster, short), duration_s)


def _limit_kubelet(cluster: Cluster, node: Node, rate_hz: int) -> None:
    """Limit how often the kubelet may call the API, by a drop-in that kubeadm does not rewrite."""
    runner = runner_of(node)
    document = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "kubeAPIQPS": rate_hz,
        "kubeAPIBurst": rate_hz,
    }
    runner.run("mkdir", "-p", DROP_IN_FOLDER, timeout_s=60)
    write_file(runner, f"{DROP_IN_FOLDER}/90-upgrade-e2e.conf", yaml.safe_dump(document))
    before = runner.run("cat", EXTRA_ARGS_FILE, timeout_s=60).stdout
    write_file(runner, EXTRA_ARGS_FILE, with_drop_in(before))
    shown = get(cluster, f"/api/v1/nodes/{node.name}")
    restart_kubelet(node)
    _wait_for_rate(cluster, node, rate_hz)
    wait_until_ready(cluster, node, kubelet_version(shown))


def with_drop_in(environment: str) -> str:
    """The kubelet's environment file with `--config-dir` among its extra arguments."""
    flag = f"--config-dir={DROP_IN_FOLDER}"
    if flag in environment:
        return environment
    lines = [line for line in environment.splitlines() if line.strip()]
    for index, line in enumerate(lines):
        name, equals, value = line.partition("=")
        if equals and name == "KUBELET_EXTRA_ARGS":
            arguments = " ".join([*value.strip("\"'").split(), flag])
            lines[index] = f'{name}="{arguments}"'
            return "\n".join(lines) + "\n"
    return "\n".join([*lines, f'KUBELET_EXTRA_ARGS="{flag}"']) + "\n"


def _wait_for_rate(cluster: Cluster, node: Node, rate_hz: int) -> None:
    """Wait until the kubelet reports the limit: a fault that is not there proves nothing."""
    path = f"/api/v1/nodes/{node.name}/proxy/configz"
    wait_for(
        f"a limit of {rate_hz} API calls a second in the kubelet of {node.name}",
        lambda: get(cluster, path)["kubeletconfig"].get("kubeAPIQPS"),
        lambda rate: rate == rate_hz,
        Deadline(within_s=60, every_s=0.5),
    )


def _freeze_api_servers(cluster: Cluster, duration_s: float) -> None:
    """Stop every API server process, and let it go on even when this is interrupted."""
    with contextlib.ExitStack() as frozen:
        for node in cluster.control_planes:
            frozen.enter_context(stopped(runner_of(node), "kube-apiserver"))
        time.sleep(duration_s)


def _break_step(cluster: Cluster, params: Mapping[str, str], kind: str, short: str) -> None:
    node = node_of(cluster, short)
    if kind == "drain":
        pin_pod(cluster, node.name, _pause_image(node), Deadline(within_s=90, every_s=0.5))
        return
    path = staged_file(params["version"], _PROGRAM_OF[kind])
    write_file(runner_of(node), path, BROKEN_PROGRAM)


def _remove_image(cluster: Cluster, image: str) -> None:
    """Remove an image from every worker, or from every node where there is no worker.

    Raises FaultNotPlanted where a node does not have it: its absence would change nothing.
    """
    nodes = cluster.workers or cluster.nodes
    lacking = [node.name for node in nodes if image not in _images_on(node)]
    if lacking:
        raise FaultNotPlanted(
            f"{', '.join(lacking)} has no image {image} that could be removed; `ctr -n k8s.io "
            "images list` on a node shows what is there after the stage step."
        )

    def remove(node: Node) -> None:
        runner_of(node).run(*CTR, "images", "rm", "--sync", image, timeout_s=60)

    on_all(nodes, remove)


def _images_on(node: Node) -> frozenset[str]:
    """The names of the images that a node has."""
    listed = runner_of(node).run(*CTR, "images", "list", timeout_s=60).stdout
    return frozenset(parse_image_list(listed))


def _pause_image(node: Node) -> str:
    """The image of the pause container, which every node has."""
    return min(name for name in _images_on(node) if "/pause:" in name)


_PLANTERS: Mapping[str, Callable[[Cluster, str], None]] = {
    "kubelet-qps": _limit_kubelets,
    "kubelet-leak": lambda cluster, value: leak_in_kubelet(cluster, leak(value)),
    "apiserver-freeze": lambda cluster, value: _freeze_api_servers(cluster, seconds(value)),
    "webhook-dropped": lambda cluster, value: drop_packets(cluster, *dropped(value)),
    "lacks-image": _remove_image,
    "runtime-freeze": _freeze_runtime,
}
"""What plants a fault that needs the cluster and the fault's value, by the fault's name."""
