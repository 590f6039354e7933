"""A node that joined leaves its cluster: the Node object goes, then the container."""

from __future__ import annotations

from upgrade_e2e.cluster import Role
from upgrade_e2e.errors import E2eError
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.freezer import thaw
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["delete_joined_node"]

_CONTROL_PLANE = Role.CONTROL_PLANE.value
_DELETE = ("kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", "delete", "node")
_QUICKLY = ("--ignore-not-found", "--wait=false", "--request-timeout=20s")
# A `docker run` whose client was killed may still bring its container to life a moment later.
_GONE = Deadline(within_s=180.0, every_s=0.5, in_a_row=2)


def delete_joined_node(docker: Docker, name: str) -> None:
    """Take a node that joined out of its cluster, and remove its container, if it is there.

    Raises E2eError, with the container still there, where the cluster runs and does not let it go.
    """

    def take_out() -> str:
        if cluster := docker.cluster_of(name):
            _delete_node_object(docker, cluster, name)
            thaw([str(docker.inspect(name)["Id"])])
            docker.remove(name)
        return cluster

    wait_for(f"the removal of {name}", take_out, lambda cluster: not cluster, _GONE)


def _delete_node_object(docker: Docker, cluster: str, name: str) -> None:
    """Ask one control plane after the other; a cluster of which none runs is left as it is."""
    said = ""
    for one in docker.nodes_of(cluster):
        if one.role == _CONTROL_PLANE and one.running:
            asked = docker.node(one.name)
            done = asked.run(*_DELETE, name, *_QUICKLY, timeout_s=60, check=False)
            if done.returncode == 0:
                return
            said = done.stderr.strip()[-300:] or f"exit code {done.returncode}"
    if said:
        raise E2eError(
            f"cluster {cluster} does not let its node {name} go; run `upgrade-e2e sweep` once its "
            f"API answers. It said: {said}"
        )
