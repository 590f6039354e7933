"""The resources that the simulated API serves, as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["BY_PATH", "RESOURCES", "Resource", "resource_named"]

_ALL_VERBS = (
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
)


@dataclass(frozen=True)
class Resource:
    """One kind of object: where it is served and what can be asked of it.

    `stored` is false for reviews: they are answered and forgotten.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    stored: bool = True

    @property
    def name(self) -> str:
        """`pods`, `deployments.apps`: unique."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """`v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def root(self) -> str:
        """`/api/v1`, `/apis/apps/v1`."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"

    @property
    def verbs(self) -> tuple[str, ...]:
        """What discovery says can be done; namespaces are deleted one by one only."""
        if not self.stored:
            return ("create",)
        return tuple(
            verb for verb in _ALL_VERBS if verb != "deletecollection" or self.name != "namespaces"
        )

    @property
    def singular(self) -> str:
        """The kind in lower case."""
        return self.kind.lower()

    def path(self, namespace: str, name: str = "") -> str:
        """Where an object, or the collection, is served."""
        middle = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{self.root}{middle}/{self.plural}" + (f"/{name}" if name else "")


_STATUS = ("status",)
_SCALED = ("scale", "status")
_CLUSTER = False

_CORE = (
    Resource("", "v1", "bindings", "Binding", stored=False),
    Resource("", "v1", "configmaps", "ConfigMap", short_names=("cm",)),
    Resource("", "v1", "endpoints", "Endpoints", short_names=("ep",)),
    Resource("", "v1", "events", "Event", short_names=("ev",)),
    Resource("", "v1", "limitranges", "LimitRange", short_names=("limits",)),
    Resource(
        "", "v1", "namespaces", "Namespace", _CLUSTER, ("ns",), subresources=("finalize", "status")
    ),
    Resource("", "v1", "nodes", "Node", _CLUSTER, ("no",), subresources=_STATUS),
    Resource(
        "", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", True, ("pvc",), (), _STATUS
    ),
    Resource("", "v1", "persistentvolumes", "PersistentVolume", _CLUSTER, ("pv",), (), _STATUS),
    Resource(
        "",
        "v1",
        "pods",
        "Pod",
        short_names=("po",),
        categories=("all",),
        subresources=("binding", "eviction", "log", "proxy", "status"),
    ),
    Resource("", "v1", "podtemplates", "PodTemplate"),
    Resource(
        "", "v1", "replicationcontrollers", "ReplicationController", True, ("rc",), (), _SCALED
    ),
    Resource("", "v1", "resourcequotas", "ResourceQuota", True, ("quota",), (), _STATUS),
    Resource("", "v1", "secrets", "Secret"),
    Resource("", "v1", "serviceaccounts", "ServiceAccount", True, ("sa",), (), ("token",)),
    Resource("", "v1", "services", "Service", True, ("svc",), ("all",), ("proxy", "status")),
)

_APPS = (
    Resource("apps", "v1", "controllerrevisions", "ControllerRevision"),
    Resource("apps", "v1", "daemonsets", "DaemonSet", True, ("ds",), ("all",), _STATUS),
    Resource("apps", "v1", "deployments", "Deployment", True, ("deploy",), ("all",), _SCALED),
    Resource("apps", "v1", "replicasets", "ReplicaSet", True, ("rs",), ("all",), _SCALED),
    Resource("apps", "v1", "statefulsets", "StatefulSet", True, ("sts",), ("all",), _SCALED),
)

_RBAC = "rbac.authorization.k8s.io"
_OTHER = (
    Resource("batch", "v1", "cronjobs", "CronJob", True, ("cj",), ("all",), _STATUS),
    Resource("batch", "v1", "jobs", "Job", True, (), ("all",), _STATUS),
    Resource("coordination.k8s.io", "v1", "leases", "Lease"),
    Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    Resource("networking.k8s.io", "v1", "ingressclasses", "IngressClass", _CLUSTER),
    Resource("networking.k8s.io", "v1", "ingresses", "Ingress", True, ("ing",), (), _STATUS),
    Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", True, ("netpol",)),
    Resource(
        "policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", True, ("pdb",), (), _STATUS
    ),
    Resource(_RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", _CLUSTER),
    Resource(_RBAC, "v1", "clusterroles", "ClusterRole", _CLUSTER),
    Resource(_RBAC, "v1", "rolebindings", "RoleBinding"),
    Resource(_RBAC, "v1", "roles", "Role"),
    Resource("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", _CLUSTER, ("pc",)),
    Resource("storage.k8s.io", "v1", "storageclasses", "StorageClass", _CLUSTER, ("sc",)),
    Resource(
        "authentication.k8s.io",
        "v1",
        "selfsubjectreviews",
        "SelfSubjectReview",
        _CLUSTER,
        stored=False,
    ),
    Resource(
        "authorization.k8s.io",
        "v1",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        _CLUSTER,
        stored=False,
    ),
)

RESOURCES: tuple[Resource, ...] = (*_CORE, *_APPS, *_OTHER)
"""Every resource, core group first."""

BY_PATH = {(resource.group, resource.version, resource.plural): resource for resource in RESOURCES}
_BY_NAME = {resource.name: resource for resource in RESOURCES}


def resource_named(name: str) -> Resource:
    """The resource called `pods` or `deployments.apps`; raises KeyError."""
    return _BY_NAME[name]


def groups() -> Iterator[tuple[str, str, list[Resource]]]:
    """Group, version and resources of each API group, in order."""
    grouped: dict[tuple[str, str], list[Resource]] = {}
    for resource in RESOURCES:
        grouped.setdefault((resource.group, resource.version), []).append(resource)
    for (group, version), members in grouped.items():
        yield group, version, members
