"""The handle of one cluster: its nodes and its API; and what can be asked of any cluster.

Knows nothing of the provider. Questions about pods, nodes and rollouts are pure functions
over API objects, with a thin function for each that reads the objects.
"""

from upgrade_e2e.cluster.api import TRANSIENT_API_ERRORS, Api, retry_api
from upgrade_e2e.cluster.handle import Cluster, Node, Role

__all__ = ["TRANSIENT_API_ERRORS", "Api", "Cluster", "Node", "Role", "retry_api"]
