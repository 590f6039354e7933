"""How the cluster is upgraded, and what is made to fail."""

from __future__ import annotations

from pathlib import Path

from upgrade_e2e.options.option import Option

__all__ = ["OF_THE_UPGRADE"]

OF_THE_UPGRADE: tuple[Option, ...] = (
    Option(
        "upgrade-config",
        "A file with a kubeadm UpgradeConfiguration of your own (kubeadm.k8s.io/v1beta4). The "
        "target version and the preflight errors that kind nodes always have are added to it.",
        Path,
        metavar="FILE",
    ),
    Option(
        "drain-timeout",
        "Seconds that the drain of one node may take.",
        float,
        300.0,
        metavar="SECONDS",
    ),
    Option(
        "drain-args",
        "Arguments of kubectl drain in place of --ignore-daemonsets --delete-emptydir-data "
        "--force.",
        metavar="ARGUMENTS",
        argv=True,
    ),
    Option(
        "no-wait-for-watches",
        "Drain a node at once. Without this option a drain waits until every kubelet and "
        "kube-proxy has heard from the API server again, for 90 s at most.",
        bool,
        default=False,
    ),
    Option(
        "no-join-node",
        "Let no node join. Without this option a worker joins at the new version when the upgrade "
        "is done, where a scenario watches pods on new nodes; not where there is a single node.",
        bool,
        default=False,
    ),
    Option(
        "step-timeout",
        "Seconds that any step of the upgrade may take. Default: each step has a time of its own, "
        "which `upgrade-e2e plan` shows.",
        float,
        metavar="SECONDS",
    ),
    Option(
        "fault",
        "Plant a failure, written NAME[=VALUE][@STEP]. May be repeated. `upgrade-e2e faults` "
        "lists all.",
        metavar="FAULT",
        multiple=True,
    ),
)
