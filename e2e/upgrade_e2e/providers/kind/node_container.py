"""The container of one more node, run as kind ran the others: read off one that is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from upgrade_e2e.cluster import Role
from upgrade_e2e.errors import E2eError
from upgrade_e2e.providers.kind.docker import CLUSTER_LABEL, ROLE_LABEL

__all__ = ["addresses_like", "run_arguments"]

_OF_THE_IMAGE = frozenset({"PATH", "KUBECONFIG"})
"""Variables that the node's own image has, or that control planes alone get."""
_STATE = ("/var/lib/kubelet", "/var/lib/containerd", "/etc/kubernetes", "/var/lib/cni")
"""Where kubelet, runtime, kubeadm and CNI plugins keep what is of one node alone."""
_BY_PRIVILEGED = "label=disable"
"""What docker adds by itself to the security options of a privileged container."""


def run_arguments(like: Mapping[str, Any], name: str, image: str) -> list[str]:
    """The arguments of `docker run` for a worker `name` of `image`.

    `like` is what `docker inspect` shows of a node of the cluster. Its ports are left out: those of
    the host are taken. So are mounts of the host where a node keeps its own state: two kubelets
    would write there.
    """
    host, config = like["HostConfig"], like["Config"]
    cluster = config["Labels"][CLUSTER_LABEL]
    return [
        *("--detach", "--tty", "--hostname", name, "--name", name),
        *("--label", f"{CLUSTER_LABEL}={cluster}", "--label", f"{ROLE_LABEL}={Role.WORKER.value}"),
        *("--net", host["NetworkMode"], f"--restart={_restart(host['RestartPolicy'])}"),
        f"--init={str(bool(host.get('Init'))).lower()}",
        *_of_host(host),
        *_pairs("--volume", config.get("Volumes") or ()),
        *_pairs("--volume", (one for one in host.get("Binds") or () if not _holds_state(one))),
        *_pairs(
            "--env", (one for one in config.get("Env") or () if _name(one) not in _OF_THE_IMAGE)
        ),
        image,
    ]


def _of_host(host: Mapping[str, Any]) -> Iterator[str]:
    if host.get("Privileged"):
        yield "--privileged"
    if host.get("CgroupnsMode"):
        yield f"--cgroupns={host['CgroupnsMode']}"
    if host.get("UsernsMode"):
        yield f"--userns={host['UsernsMode']}"
    options = [one for one in host.get("SecurityOpt") or () if one != _BY_PRIVILEGED]
    yield from _pairs("--security-opt", options)
    for path, how in (host.get("Tmpfs") or {}).items():
        yield from ("--tmpfs", f"{path}:{how}" if how else path)
    for key, value in (host.get("Sysctls") or {}).items():
        yield f"--sysctl={key}={value}"
    for device in host.get("Devices") or ():
        yield from ("--device", f"{device['PathOnHost']}:{device['PathInContainer']}")


def _holds_state(bind: str) -> bool:
    """Whether `HOST:CONTAINER[:MODE]` mounts a folder in which a node's own state would be."""
    inside = PurePosixPath(bind.split(":")[1])
    return any(PurePosixPath(folder).is_relative_to(inside) for folder in _STATE)


def addresses_like(inspected: Mapping[str, Any], like: str) -> str:
    """The addresses of a container, of the families and in the order of another's `node-ip`.

    Raises E2eError where it has no address of such a family.
    """
    return ",".join(_address(inspected, six=":" in one) for one in like.split(","))


def _address(inspected: Mapping[str, Any], *, six: bool) -> str:
    networks = (inspected["NetworkSettings"].get("Networks") or {}).values()
    key = "GlobalIPv6Address" if six else "IPAddress"
    found = next((str(one[key]) for one in networks if one.get(key)), "")
    if not found:
        family = "IPv6" if six else "IPv4"
        raise E2eError(
            f"the container {inspected['Name'].lstrip('/')} got no {family} address, which the "
            "other nodes have; see `docker network inspect kind`."
        )
    return found


def _restart(policy: Mapping[str, Any]) -> str:
    count = policy.get("MaximumRetryCount")
    return f"{policy['Name']}:{count}" if count else str(policy["Name"])


def _pairs(flag: str, values: Any) -> Iterator[str]:
    for value in values:
        yield from (flag, value)


def _name(variable: str) -> str:
    return variable.partition("=")[0]
