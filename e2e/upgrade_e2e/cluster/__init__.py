"""The handle of one cluster: its nodes, its API, its kubectl. Says nothing of who made it."""

from upgrade_e2e.cluster.api import TRANSIENT_API_ERRORS, Api, retry_api
from upgrade_e2e.cluster.handle import Cluster, Node, Role

__all__ = ["TRANSIENT_API_ERRORS", "Api", "Cluster", "Node", "Role", "retry_api"]
