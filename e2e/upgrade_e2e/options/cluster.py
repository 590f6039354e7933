"""What the cluster is made of, and whether it stays."""

from __future__ import annotations

from pathlib import Path

from upgrade_e2e.options.option import Option

__all__ = ["DEFAULT_NODE_IMAGE", "KEEP_CHOICES", "OF_A_CLUSTER_THAT_STAYS", "OF_A_NEW_CLUSTER"]

DEFAULT_NODE_IMAGE = "kindest/node:{version}"
KEEP_CHOICES = ("never", "on-failure", "always")

OF_A_NEW_CLUSTER: tuple[Option, ...] = (
    Option(
        "control-planes",
        "How many control plane nodes: 1 or 3. Default: those of --kind-config or of the cluster "
        "to reuse, else 1.",
        int,
    ),
    Option(
        "workers",
        "How many worker nodes. Default: those of --kind-config or of the cluster to reuse, else "
        "2.",
        int,
    ),
    Option(
        "kind-config",
        "A kind configuration file. The cluster is made as it says, at the versions of the path: "
        "its node images are replaced, and its nodes are counted.",
        Path,
        metavar="FILE",
    ),
    Option(
        "after-create",
        "A command to run once the nodes exist and before they must be Ready, with KUBECONFIG "
        "set: it may install a network plugin, secrets or custom resources.",
        metavar="COMMAND",
        argv=True,
    ),
    Option(
        "node-image",
        "The node image of a version, as a template in which {version} stands for the version.",
        default=DEFAULT_NODE_IMAGE,
        metavar="TEMPLATE",
    ),
    Option(
        "image-for",
        "The node image of one version, like v1.34.3=NAME. May be repeated.",
        metavar="VERSION=IMAGE",
        multiple=True,
        configurable=False,
    ),
    Option(
        "image-catalogue",
        "A file that says which node images are published for which release of kind, in place of "
        "the one that is shipped: see docs/images.md.",
        Path,
        metavar="FILE",
    ),
    Option(
        "agent-image",
        "The image that workloads and probers run in: any with Python 3.11 or newer.",
        default="python:3.11-slim",
        metavar="IMAGE",
    ),
    Option("edge-image", "The nginx image of the edge.", default="nginx:stable", metavar="IMAGE"),
    Option(
        "fast-control-plane",
        "Give the API server two flags that halve the time of an upgrade, and change what is "
        "tested: see docs/cli.md.",
        bool,
        default=False,
    ),
)
"""Its nodes and their images."""

OF_A_CLUSTER_THAT_STAYS: tuple[Option, ...] = (
    Option(
        "reuse-cluster",
        "Upgrade this kind cluster, which is there already, instead of a new one.",
        default="",
        metavar="NAME",
    ),
    Option(
        "keep-cluster",
        "When to leave the cluster running after the pass; without a value: always.",
        choices=KEEP_CHOICES,
        default="never",
        bare="always",
        planned=False,
    ),
)
"""One that is there before the pass, or after it."""
