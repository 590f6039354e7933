"""The Kubernetes API client: typed calls of the official library, without its hidden retries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import urllib3
import yaml
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_delay,
    wait_exponential,
    wait_random,
)

from upgrade_e2e.errors import BadInput

__all__ = ["TRANSIENT_API_ERRORS", "Api", "current_context", "retry_api"]

T = TypeVar("T")
CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 20.0

TRANSIENT_API_ERRORS: tuple[type[Exception], ...] = (
    ApiException,
    urllib3.exceptions.HTTPError,
    OSError,
)
"""What the client raises while an API server restarts. With retries off, connection failures
surface as urllib3 errors and not as ApiException."""

_UNREADABLE = (
    config.ConfigException,
    yaml.YAMLError,
    OSError,
    ValueError,
    TypeError,
    AttributeError,
)
"""What the library raises for a kubeconfig that is not there, not YAML, or not made of mappings."""

_PASSING_STATUS = frozenset({403, 408, 409, 429, 500, 502, 503, 504})


def is_passing(error: BaseException) -> bool:
    """True for errors that go away by themselves while a control plane restarts.

    403 is among them: for some seconds after an API server's restart the admin is refused, until
    RBAC is loaded.
    """
    if isinstance(error, ApiException):
        return error.status in _PASSING_STATUS or not error.status
    return isinstance(error, urllib3.exceptions.HTTPError | OSError)


def retry_api(call: Callable[[], T], within_s: float = 120.0) -> T:
    """Call until it succeeds, retrying errors that pass by themselves; re-raises the last."""
    retrying = Retrying(
        retry=retry_if_exception(is_passing),
        stop=stop_after_delay(within_s),
        wait=wait_exponential(multiplier=0.3, max=5) + wait_random(0, 0.5),
        reraise=True,
    )
    return retrying(call)


def current_context(path: Path) -> str:
    """The name of the kubeconfig's current context, as kubectl shows it; raises as Api does."""
    listed: Any = config.list_kube_config_contexts
    try:
        _, current = listed(config_file=str(path))
    except _UNREADABLE as error:
        raise _unusable(path, error) from error
    return str(current["name"])


def _unusable(path: Path, error: Exception) -> BadInput:
    return BadInput(
        f"the kubeconfig {path} cannot be used ({_why_unusable(path, error)}); see whether it is "
        "whole and may be read. For a kind cluster, `kind get kubeconfig --name NAME` prints it "
        "again."
    )


def _why_unusable(path: Path, error: Exception) -> str:
    """What is wrong with the file; the library says of one that it may not look at: no content."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "there is no such file"
    except OSError as hidden:
        error = hidden
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, TypeError | AttributeError | KeyError | ValueError):
        return "it is no kubeconfig"
    return " ".join(str(error).split())


@dataclass(frozen=True)
class Api:
    """One connection pool to one API server address; every call has a timeout."""

    client: Any

    @classmethod
    def from_kubeconfig(cls, path: Path) -> Api:
        """The client for the kubeconfig's current context; the environment plays no part.

        Raises BadInput for a file that cannot be read or is no kubeconfig.
        """
        settings = client.Configuration()
        load: Any = config.load_kube_config
        try:
            load(config_file=str(path), client_configuration=settings)
        except _UNREADABLE as error:
            raise _unusable(path, error) from error
        settings.retries = False
        settings.proxy = None
        settings.no_proxy = "*"
        return cls(client.ApiClient(settings))

    @cached_property
    def core(self) -> Any:
        """The core/v1 calls."""
        return client.CoreV1Api(self.client)

    @cached_property
    def apps(self) -> Any:
        """The apps/v1 calls."""
        return client.AppsV1Api(self.client)

    @property
    def timeout(self) -> tuple[float, float]:
        """`_request_timeout` for calls of the library: connect and read, in seconds."""
        return (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        timeout_s: float = READ_TIMEOUT_S,
    ) -> bytes:
        """One request to the API server at `path`, with authentication; returns the raw body.

        `headers` are sent as well; the pod proxy hands them on.

        Raises ApiException for an HTTP error and urllib3 errors for a broken connection.
        """
        usual = {"Accept": "application/json, */*", "Content-Type": content_type}
        response = self.client.call_api(
            *self.client.param_serialize(
                method=method,
                resource_path=path,
                query_params=list(query),
                header_params={**usual, **(headers or {})},
                body=body,
                auth_settings=["BearerToken"],
            ),
            _request_timeout=(CONNECT_TIMEOUT_S, timeout_s),
        )
        data = response.read()
        if not 200 <= response.status <= 299:
            raise ApiException(http_resp=response)
        return bytes(data)

    def get_json(self, path: str, *, timeout_s: float = READ_TIMEOUT_S) -> Any:
        """The JSON document at `path`."""
        return json.loads(self.request("GET", path, timeout_s=timeout_s))

    def apply(self, manifest: dict[str, Any]) -> Any:
        """Server-side apply of one object, as field manager `upgrade-e2e`; returns it."""
        return json.loads(
            self.request(
                "PATCH",
                object_path(manifest),
                body=manifest,
                query=[("fieldManager", "upgrade-e2e"), ("force", "true")],
                content_type="application/apply-patch+yaml",
            )
        )


_PLURALS = {
    "NetworkPolicy": "networkpolicies",
    "Endpoints": "endpoints",
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
}
_CLUSTER_SCOPED = frozenset(
    {
        "Namespace",
        "Node",
        "ClusterRole",
        "ClusterRoleBinding",
        "MutatingWebhookConfiguration",
        "PriorityClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    }
)


def object_path(manifest: dict[str, Any]) -> str:
    """Where the API serves the object that `manifest` describes."""
    api_version, kind = manifest["apiVersion"], manifest["kind"]
    meta = manifest["metadata"]
    root = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
    plural = _PLURALS.get(kind, kind.lower() + "s")
    if kind in _CLUSTER_SCOPED:
        return f"{root}/{plural}/{meta['name']}"
    return f"{root}/namespaces/{meta['namespace']}/{plural}/{meta['name']}"
