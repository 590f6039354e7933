"""Dropping the packets of control planes to the pods of an admission webhook.

An API server runs in its node's own network, so its calls pass the node's OUTPUT chain, with the
address of a pod in place of the Service's by then.
"""

from __future__ import annotations

import contextlib
import time

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.asking import get_if_there
from upgrade_e2e.cluster.deployment_pods import pods_of
from upgrade_e2e.errors import FaultNotPlanted
from upgrade_e2e.providers.kind.delivery import runner_of
from upgrade_e2e.providers.kind.dropping import packets_dropped

__all__ = ["drop_packets"]


def drop_packets(cluster: Cluster, duration_s: float, namespace: str, deployment: str) -> None:
    """Drop what every control plane sends to the pods of a Deployment, for that many seconds.

    A pod that starts meanwhile is reached. Raises FaultNotPlanted where there is no pod.
    """
    addresses = _pod_addresses(cluster, namespace, deployment)
    if not addresses:
        raise FaultNotPlanted(
            f"the Deployment {namespace}/{deployment} has no pod with an address, so there are no "
            "packets to drop; name that of your webhook as webhook-dropped=5s:NAMESPACE/DEPLOYMENT."
        )
    with contextlib.ExitStack() as dropping:
        for node in cluster.control_planes:
            for address in addresses:
                to_pod = ("OUTPUT", "--destination", address)
                rule = packets_dropped(runner_of(node), *to_pod, ipv6=":" in address)
                dropping.enter_context(rule)
        time.sleep(duration_s)


def _pod_addresses(cluster: Cluster, namespace: str, deployment: str) -> list[str]:
    found = get_if_there(cluster, f"/apis/apps/v1/namespaces/{namespace}/deployments/{deployment}")
    if not found:
        return []
    pods = pods_of(cluster, found)
    return [one["ip"] for pod in pods for one in pod.get("status", {}).get("podIPs") or ()]
