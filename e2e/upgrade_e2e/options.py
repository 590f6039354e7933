"""Every option that says which pass is run, declared once.

`upgrade-e2e run` and `plan` spell an option `--NAME`, pytest spells it `--upgrade-NAME`, and the
configuration table has the key `NAME`. docs/cli.md explains them.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "DEFAULT_NODE_IMAGE",
    "KEEP_CHOICES",
    "NIGHTLY",
    "OPTIONS",
    "PROFILES",
    "PROVIDERS",
    "RUN_OPTIONS",
    "Option",
    "split_words",
]

PROVIDERS = ("kind", "sim")
KEEP_CHOICES = ("never", "on-failure", "always")
NIGHTLY = "nightly"
PROFILES = ("standard", NIGHTLY)
DEFAULT_NODE_IMAGE = "kindest/node:{version}"


def split_words(text: str) -> tuple[str, ...]:
    """The words of a text, split as a shell does it; raises ValueError where a quote has no end."""
    return tuple(shlex.split(text))


@dataclass(frozen=True)
class Option:
    """One option: its name, what it means, and what values it takes.

    `type` is str, int, float, bool (a flag) or Path. `default` holds where neither the command
    line nor the configuration table gives a value; None means that it is worked out later.
    `multiple` options may be repeated, and their values come as a tuple. `bare` is the value that
    the option has when it is written without one. `planned` options change the plan, so `plan`
    takes them too. `starts` options ask pytest for a pass. `configurable` is false for options
    that make no sense in a file. `argv` options are commands or arguments: one text that is split
    as a shell splits it, a list of texts in the table; the value is a tuple of words.
    """

    name: str
    help: str
    type: type = str
    default: object = None
    choices: tuple[str, ...] = ()
    multiple: bool = False
    bare: str = ""
    metavar: str = ""
    planned: bool = True
    starts: bool = False
    configurable: bool = True
    argv: bool = False

    @property
    def field(self) -> str:
        """The name as a Python identifier: `control_planes`."""
        return self.name.replace("-", "_")

    @property
    def shown_help(self) -> str:
        """The help text with the default value, if there is a fixed one."""
        if self.default in (None, False, ""):
            return self.help
        return f"{self.help} Default: {self.default}."


OPTIONS: tuple[Option, ...] = (
    Option(
        "provider",
        "Who makes the cluster: kind makes a real one, sim a simulated one. Without this option "
        "kind is used where docker and kind are there, else sim.",
        choices=PROVIDERS,
        starts=True,
    ),
    Option(
        "from",
        "The version to start at, like v1.33.7, or v1.33 for its newest patch with a node image.",
        metavar="VERSION",
        starts=True,
    ),
    Option("to", "The version to end at, or latest.", metavar="VERSION", starts=True),
    Option(
        "via",
        "A version in between. May be repeated.",
        metavar="VERSION",
        multiple=True,
        starts=True,
    ),
    Option(
        "path",
        "A whole path, like v1.32.2,v1.33.7,v1.34.3. May be repeated: each path is walked on a "
        "cluster of its own. Without any path: the newest two minors that have node images.",
        metavar="VERSIONS",
        multiple=True,
        starts=True,
    ),
    Option(
        "nearest-patch",
        "Where a version has no image, walk the nearest patch of the same minor version that has "
        "one. Every artifact says so.",
        bool,
        default=False,
    ),
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
    Option(
        "guard-forbidden",
        "A manifest of an object that a policy of yours forbids; goes with --guard-allowed and "
        "--guard-words. May be repeated, and the three belong together by their order.",
        Path,
        metavar="FILE",
        multiple=True,
        planned=False,
    ),
    Option(
        "guard-allowed",
        "A manifest of an object that differs from the forbidden one only in what the policy looks "
        "at, and that it allows.",
        Path,
        metavar="FILE",
        multiple=True,
        planned=False,
    ),
    Option(
        "guard-words",
        "A part of the message with which the policy refuses the forbidden object. A refusal in "
        "other words does not count as its own.",
        metavar="TEXT",
        multiple=True,
        planned=False,
    ),
    Option(
        "backup-into",
        "Where the snapshots of etcd go that a scenario takes in the pass, and stay: a folder, or "
        "s3://BUCKET/PREFIX. Default: the folder of the pass, which keeps those that are not "
        "whole.",
        default="",
        metavar="LOCATION",
        planned=False,
    ),
    Option(
        "s3-endpoint",
        "The address of an S3 server that is not Amazon's, for --backup-into. Default: that of the "
        "environment.",
        default="",
        metavar="URL",
        planned=False,
    ),
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
    Option(
        "watch-before",
        "Seconds to watch the untouched cluster before the first step. Default: 10, or 180 with "
        "--profile nightly; 3 on a simulated cluster.",
        float,
        metavar="SECONDS",
        planned=False,
    ),
    Option(
        "watch-after",
        "Seconds to watch after the last step. Default: 10, or 240 with --profile nightly; 3 on a "
        "simulated cluster.",
        float,
        metavar="SECONDS",
        planned=False,
    ),
    Option(
        "profile",
        "Which scenarios are judged: standard leaves out those that are marked nightly, because "
        "they need a longer pass; nightly takes them too.",
        choices=PROFILES,
        default=PROFILES[0],
        planned=False,
    ),
    Option(
        "limits",
        "A TOML file with limits that differ from the defaults: see docs/limits.md. The word "
        "from-history draws them from the passes in --history.",
        Path,
        metavar="FILE",
        planned=False,
    ),
    Option(
        "history",
        "A history file, to compare this pass with earlier ones of its kind. Nothing is added to "
        "it.",
        Path,
        metavar="FILE",
        planned=False,
    ),
    Option(
        "stock",
        "A file of stock costs, as `upgrade-e2e calibrate` writes it, to compare this pass with "
        "in place of those that are shipped.",
        Path,
        metavar="FILE",
        planned=False,
    ),
    Option(
        "artifacts-dir",
        "The folder for the record, the report, samples and logs.",
        Path,
        Path("artifacts"),
        metavar="FOLDER",
        planned=False,
    ),
    Option(
        "config",
        "A TOML file to read in place of ./upgrade-e2e.toml, or of [tool.upgrade-e2e] in "
        "./pyproject.toml.",
        Path,
        metavar="FILE",
        configurable=False,
    ),
)

RUN_OPTIONS: tuple[Option, ...] = (
    Option(
        "scenario",
        "A scenario of this package by name, or a file or folder of yours. May be repeated. "
        "Without it: all of this package that the profile chooses.",
        metavar="NAME",
        multiple=True,
    ),
    Option("parallel", "How many paths to walk at a time.", int, 1, metavar="N"),
)
"""Options of `upgrade-e2e run` that pytest has of its own: files, and the `-n` of pytest-xdist."""
