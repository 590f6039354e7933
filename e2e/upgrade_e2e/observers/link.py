"""Links to probers: through the API server's pod proxy, or over loopback.

Each request carries the token of the prober's spec, without which a prober refuses it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

import urllib3

from upgrade_e2e.agent.layout import TOKEN_HEADER
from upgrade_e2e.cluster import Api
from upgrade_e2e.errors import E2eError
from upgrade_e2e.observers.base import HOST

__all__ = ["Link", "LocalLink", "PodLink", "get_json"]


class Link(Protocol):
    """A way to one prober's admin endpoint."""

    @property
    def node(self) -> str:
        """Where the prober runs."""

    @property
    def name(self) -> str:
        """Which prober it is: there may be several on a node."""

    def request(
        self, method: str, path: str, query: Sequence[tuple[str, str]] = (), timeout_s: float = 10.0
    ) -> bytes:
        """One request; returns the body.

        Raises one of TRANSIENT_API_ERRORS when the prober cannot be reached.
        """


def get_json(link: Link, path: str, timeout_s: float = 10.0) -> Any:
    """The JSON document at `path` of a prober."""
    return json.loads(link.request("GET", path, timeout_s=timeout_s))


@dataclass(frozen=True)
class PodLink:
    """A prober in a pod, reached through the API server."""

    node: str
    api: Api
    namespace: str
    pod: str
    port: int
    token: str = field(repr=False)
    app: str = "prober"

    @property
    def name(self) -> str:
        """See Link."""
        return f"{self.app}@{self.node}"

    def request(
        self, method: str, path: str, query: Sequence[tuple[str, str]] = (), timeout_s: float = 10.0
    ) -> bytes:
        """See Link."""
        proxy = f"/api/v1/namespaces/{self.namespace}/pods/{self.pod}:{self.port}/proxy{path}"
        headers = {TOKEN_HEADER: self.token}
        return self.api.request(method, proxy, query=query, headers=headers, timeout_s=timeout_s)


class LocalLink:
    """A prober on this machine."""

    def __init__(self, port: int, token: str) -> None:
        self.node, self.name, self.port = HOST, HOST, port
        headers = {TOKEN_HEADER: token}
        self._pool = urllib3.HTTPConnectionPool(
            "127.0.0.1", port, maxsize=2, retries=False, headers=headers
        )

    def request(
        self, method: str, path: str, query: Sequence[tuple[str, str]] = (), timeout_s: float = 10.0
    ) -> bytes:
        """See Link."""
        url = f"{path}?{urlencode(query)}" if query else path
        response = self._pool.request(method, url, timeout=timeout_s)
        if response.status != 200:
            raise E2eError(
                f"the prober on this machine answered {response.status} to {method} {path}; "
                "its log is host-prober/agent.log in the working folder."
            )
        return response.data
