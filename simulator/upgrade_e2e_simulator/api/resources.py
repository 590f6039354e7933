"""The resources that the simulated API serves, as data."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BY_PATH", "REFUSED", "RESOURCES", "Resource", "resource_named"]


@dataclass(frozen=True)
class Resource:
    """One kind of object: where it is served and what can be asked of it."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()

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
    def singular(self) -> str:
        """The kind in lower case."""
        return self.kind.lower()

    def path(self, namespace: str, name: str = "") -> str:
        """Where an object, or the collection, is served."""
        middle = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{self.root}{middle}/{self.plural}" + (f"/{name}" if name else "")


_STATUS = ("status",)
_SCALED = ("scale", "status")
_OF_PODS = ("eviction", "log", "proxy", "status")
_CLUSTER = False

RESOURCES: tuple[Resource, ...] = (
    Resource("", "v1", "configmaps", "ConfigMap", True, ("cm",)),
    Resource("", "v1", "namespaces", "Namespace", _CLUSTER, ("ns",), (), _STATUS),
    Resource("", "v1", "nodes", "Node", _CLUSTER, ("no",), (), _STATUS),
    Resource("", "v1", "pods", "Pod", True, ("po",), ("all",), _OF_PODS),
    Resource("", "v1", "secrets", "Secret"),
    Resource("", "v1", "serviceaccounts", "ServiceAccount", True, ("sa",)),
    Resource("", "v1", "services", "Service", True, ("svc",), ("all",), _STATUS),
    Resource("apps", "v1", "daemonsets", "DaemonSet", True, ("ds",), ("all",), _STATUS),
    Resource("apps", "v1", "deployments", "Deployment", True, ("deploy",), ("all",), _SCALED),
    Resource("apps", "v1", "replicasets", "ReplicaSet", True, ("rs",), ("all",), _SCALED),
    Resource("coordination.k8s.io", "v1", "leases", "Lease"),
    Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    Resource(
        "policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", True, ("pdb",), (), _STATUS
    ),
)
"""Every resource that something here acts on, core group first."""

_RBAC = "rbac.authorization.k8s.io"
_NETWORKING = "networking.k8s.io"

REFUSED: tuple[Resource, ...] = (
    Resource("", "v1", "endpoints", "Endpoints"),
    Resource("", "v1", "events", "Event"),
    Resource("", "v1", "limitranges", "LimitRange"),
    Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
    Resource("", "v1", "persistentvolumes", "PersistentVolume", _CLUSTER),
    Resource("", "v1", "podtemplates", "PodTemplate"),
    Resource("", "v1", "replicationcontrollers", "ReplicationController"),
    Resource("", "v1", "resourcequotas", "ResourceQuota"),
    Resource("apps", "v1", "controllerrevisions", "ControllerRevision"),
    Resource("apps", "v1", "statefulsets", "StatefulSet", True, ("sts",)),
    Resource(
        "admissionregistration.k8s.io",
        "v1",
        "mutatingwebhookconfigurations",
        "MutatingWebhookConfiguration",
        _CLUSTER,
    ),
    Resource(
        "admissionregistration.k8s.io",
        "v1",
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
        _CLUSTER,
    ),
    Resource(
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        _CLUSTER,
    ),
    Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
    Resource("batch", "v1", "cronjobs", "CronJob", True, ("cj",)),
    Resource("batch", "v1", "jobs", "Job"),
    Resource(_NETWORKING, "v1", "ingressclasses", "IngressClass", _CLUSTER),
    Resource(_NETWORKING, "v1", "ingresses", "Ingress", True, ("ing",)),
    Resource(_NETWORKING, "v1", "networkpolicies", "NetworkPolicy", True, ("netpol",)),
    Resource(_RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", _CLUSTER),
    Resource(_RBAC, "v1", "clusterroles", "ClusterRole", _CLUSTER),
    Resource(_RBAC, "v1", "rolebindings", "RoleBinding"),
    Resource(_RBAC, "v1", "roles", "Role"),
    Resource("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", _CLUSTER),
    Resource("storage.k8s.io", "v1", "storageclasses", "StorageClass", _CLUSTER),
)
"""Kinds of a real cluster that nothing here acts on: there are none, and none can be made."""

_ALL = (*RESOURCES, *REFUSED)
BY_PATH = {(resource.group, resource.version, resource.plural): resource for resource in _ALL}
_BY_NAME = {resource.name: resource for resource in _ALL}


def resource_named(name: str) -> Resource:
    """The resource called `pods` or `deployments.apps`; raises KeyError."""
    return _BY_NAME[name]
