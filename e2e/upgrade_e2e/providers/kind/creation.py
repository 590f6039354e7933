"""Create or reuse a cluster at the path's first version."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.cluster.asking import items
from upgrade_e2e.cluster.nodes import kubelet_version
from upgrade_e2e.command import Runner
from upgrade_e2e.errors import BadInput, CommandFailed, E2eError
from upgrade_e2e.providers.kind.cgroup_v1 import CGROUP_V1_CHOICE
from upgrade_e2e.providers.kind.config import FAST_API_SERVER, additions, cluster_config
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.last_words import ended_in_logs
from upgrade_e2e.providers.kind.numbering import node_names
from upgrade_e2e.providers.kind.rewriting import rewritten
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.providers.kind.skew import older_nodes, require_skew_allowed
from upgrade_e2e.upgrade import Path as UpgradePath
from upgrade_e2e.upgrade import Plan
from upgrade_e2e.version import KubeVersion

__all__ = [
    "NameTaken",
    "configuration",
    "export_logs",
    "handle",
    "kind_create",
    "nodes_to_come",
    "require_exists",
    "require_fit",
    "saved_logs",
    "take_kubeconfig",
]

CREATE_S = 480.0
LOGS_S = 180.0
_FIRST_STATUS = "Ensuring node image"
"""What kind says first once it has accepted a configuration."""


class NameTaken(BadInput):
    """The cluster of this name is somebody else's, and not to be deleted."""


def kind_create(
    host: Runner, settings: KindSettings, name: str, plan: Plan, kubeconfig: Path
) -> None:
    """`kind create cluster`; the nodes of a failed attempt stay, so that their logs can be read.

    Raises NameTaken, and CommandFailed for everything else.
    """
    config = settings.kind_config
    try:
        host.run(
            *("kind", "create", "cluster", "--name", name, "--config", "-", "--retain"),
            *("--kubeconfig", str(kubeconfig.absolute()), "--wait", "0s"),
            timeout_s=CREATE_S,
            stdin=configuration(settings, plan),
            # kind takes relative host paths of mounts as relative to where it runs.
            cwd=config.folder if config else None,
        )
    except CommandFailed as error:
        if "already exist for a cluster with the name" in error.output:
            raise NameTaken(
                f"somebody else made a kind cluster {name!r} a moment ago; choose another name."
            ) from error
        if config and error.returncode is not None and _FIRST_STATUS not in error.output:
            raise BadInput(
                f"kind does not accept kind-config {config.file}: {error.output.strip()}"
            ) from error
        raise
    kubeconfig.chmod(0o600)


def configuration(settings: KindSettings, plan: Plan) -> str:
    """What `kind create cluster` reads: the user's file at the versions of the path, or our own."""
    image = settings.image_for(plan.path.versions[0])
    more = additions(
        api_server_flags=FAST_API_SERVER if settings.fast_control_plane else {},
        allow_cgroup_v1=CGROUP_V1_CHOICE in plan.choices,
    )
    config = settings.kind_config
    if config is None:
        return cluster_config(image, settings.control_planes, settings.workers, more)
    kept = {node.name: node.image for node in older_nodes(settings, plan.path)}
    images = [kept.get(name, image) for name in config.short_names]
    return rewritten(config.text, images, more)


def take_kubeconfig(host: Runner, name: str, kubeconfig: Path) -> None:
    """Write the kubeconfig of a cluster that is there into a file of its own."""
    host.run("kind", "get", "kubeconfig", "--name", name, timeout_s=60, stdout_file=kubeconfig)
    kubeconfig.chmod(0o600)


def handle(docker: Docker, name: str, kubeconfig: Path) -> Cluster:
    """The Cluster of this name; its load balancer is not a node."""
    roles = {role.value: role for role in Role}
    nodes = tuple(
        Node(container.name, roles[container.role], docker.node(container.name))
        for container in docker.nodes_of(name)
        if container.role in roles
    )
    return Cluster(name, kubeconfig, nodes)


def nodes_to_come(docker: Docker, settings: KindSettings, name: str) -> tuple[Node, ...]:
    """The nodes that kind will make, by the names that it will give them."""
    controls, workers = node_names(settings.control_planes, settings.workers)
    named = [(short, Role.CONTROL_PLANE) for short in controls]
    named += [(short, Role.WORKER) for short in workers]
    return tuple(
        Node(f"{name}-{short}", role, docker.node(f"{name}-{short}")) for short, role in named
    )


def require_fit(
    settings: KindSettings, cluster: Cluster, path: UpgradePath
) -> Mapping[str, KubeVersion]:
    """Refuse, with BadInput, an existing cluster that is not what the pass starts from.

    Returns the nodes whose kubelets are older than the API server, and the version of each.
    """
    have = (len(cluster.control_planes), len(cluster.workers))
    want = (settings.control_planes, settings.workers)
    if have != want:
        raise BadInput(
            f"cluster {cluster.name} has {have[0]} control plane(s) and {have[1]} worker(s), not "
            f"{want[0]} and {want[1]}; say --control-planes {have[0]} --workers {have[1]}."
        )
    version = path.versions[0]
    served = str(cluster.api.get_json("/version")["gitVersion"])
    if served != str(version):
        raise BadInput(
            f"the API server of cluster {cluster.name} is at {served}, not at {version}; give the "
            "version that it is at as the first one of the path."
        )
    kubelets = {
        node["metadata"]["name"]: KubeVersion.parse(kubelet_version(node))
        for node in items(cluster, "/api/v1/nodes")
    }
    others = {name: found for name, found in kubelets.items() if found != version}
    require_skew_allowed(others, path)
    return others


def require_exists(docker: Docker, name: str) -> None:
    """Refuse, with BadInput, the name of a cluster that is not there or not running."""
    containers = docker.nodes_of(name)
    if not containers:
        raise BadInput(
            f"there is no kind cluster {name!r} to reuse; `kind get clusters` lists all."
        )
    paused = [container.name for container in containers if container.paused]
    if paused:
        raise BadInput(
            f"{', '.join(paused)} of cluster {name!r} is paused; let it go on with "
            f"`docker unpause {' '.join(paused)}`."
        )
    stopped = [container.name for container in containers if not container.running]
    if stopped:
        raise BadInput(
            f"{', '.join(stopped)} of cluster {name!r} is not running; start it with "
            f"`docker start {' '.join(stopped)}`."
        )


def saved_logs(host: Runner, name: str, into: Path) -> str:
    """Export the logs of a cluster that could not be made; returns where they are, or why not.

    Programs of its nodes that ended come first, with their last words.
    """
    try:
        export_logs(host, name, into, LOGS_S)
    except E2eError as problem:
        return f"its logs could not be copied ({type(problem).__name__})"
    return "; ".join((*ended_in_logs(into), f"the logs of its nodes are in {into}"))


def export_logs(host: Runner, name: str, into: Path, timeout_s: float) -> None:
    """`kind export logs`: the journal, pod logs and states of all nodes that answer."""
    into.mkdir(parents=True, exist_ok=True)
    try:
        host.run("kind", "export", "logs", str(into), "--name", name, timeout_s=timeout_s)
    except CommandFailed as error:
        if not any(into.iterdir()):
            raise
        (into / "incomplete.txt").write_text(f"{error}\n", encoding="utf-8")
