"""The API server: sockets, TLS, and the way of a request through it."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage

from upgrade_e2e_simulator.api.credentials import Tokens, admit, identify
from upgrade_e2e_simulator.api.exchange import json_response, status_response
from upgrade_e2e_simulator.api.extras import Extras
from upgrade_e2e_simulator.api.gate import Gate
from upgrade_e2e_simulator.api.health import health, version_info
from upgrade_e2e_simulator.api.proxying import Backends
from upgrade_e2e_simulator.api.reading import Reading
from upgrade_e2e_simulator.api.registry import Registry
from upgrade_e2e_simulator.api.routes import NotServed, Route, route_of
from upgrade_e2e_simulator.api.status import StatusError, method_not_allowed
from upgrade_e2e_simulator.api.writing import Writing
from upgrade_e2e_simulator.version import KubeVersion

__all__ = ["ApiServer"]

Answer = Callable[[web.BaseRequest, Route], Awaitable[web.StreamResponse]]

_log = logging.getLogger(__name__)
_BACKLOG = 1024
_HANDLERS_S = 0.05
"""How long handlers whose connection was cut may take to notice; 0 would mean for ever."""
_BODY_LIMIT = 3 * 2**20
"""The largest request body, as etcd's and the API server's limits allow."""


class ApiServer:
    """Serves the API on `addresses`. It can be stopped and started again; its sockets close."""

    def __init__(
        self,
        registry: Registry,
        gate: Gate,
        tokens: Tokens,
        tls: ssl.SSLContext,
        extras: Extras | None = None,
    ) -> None:
        self.version = KubeVersion(0, 0, "0")
        self.gate = gate
        self._tokens = tokens
        self._tls = tls
        self._extras = extras or Extras()
        self._reading = Reading(registry, gate, self._extras)
        self._writing = Writing(registry, self._extras)
        self._backends = Backends(registry)
        self._web: web.Server | None = None
        self._listeners: list[asyncio.Server] = []

    async def start(self, addresses: Sequence[tuple[str, int]], version: KubeVersion) -> None:
        """Begin to serve. Raises OSError when an address is taken."""
        self.version = version
        self._web = web.Server(
            self._handle, request_factory=_request, access_log=None, handler_cancellation=True
        )
        loop = asyncio.get_running_loop()
        for address in addresses:
            listener = await loop.create_server(
                self._web, sock=_listen(address), ssl=self._tls, backlog=_BACKLOG
            )
            self._listeners.append(listener)
        self.gate.opened()

    async def stop(self, grace_s: float) -> None:
        """Stop listening, let open requests go on for the grace, then cut all connections."""
        self.gate.closed()
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        serving, self._web = self._web, None
        if serving is None:
            return
        await asyncio.sleep(grace_s)
        for protocol in list(serving.connections):
            if protocol.transport is not None:
                protocol.transport.abort()
        await serving.shutdown(_HANDLERS_S)
        await self._backends.close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        await self.gate.thawed.wait()
        try:
            return await self._answer(request)
        except StatusError as error:
            return status_response(error)
        except NotServed:
            return web.Response(text="404 page not found\n", status=404)
        except web.HTTPException as error:
            return status_response(StatusError(error.status, error.reason, error.text or ""))
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - a server answers 500 and goes on
            _log.exception("%s %s", request.method, request.path_qs)
            reason = f"Internal error occurred: {type(error).__name__}: {error}"
            return status_response(StatusError(500, "InternalError", reason, {}))

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        identity = identify(request, self._tokens)
        path = request.path
        admit(identity, request.method, path, rbac_loaded=self.gate.rbac_loaded)
        fixed = self._fixed(request, path)
        if fixed is not None:
            return fixed
        return await self._of_resource(request, route_of(path))

    def _fixed(self, request: web.BaseRequest, path: str) -> web.Response | None:
        """The answer at a path that is not a resource."""
        checked = health(path, request.query, self.gate)
        if checked is not None:
            return checked
        if path == "/version":
            return json_response(version_info(self.version))
        return self._extras.document(request)

    async def _of_resource(self, request: web.BaseRequest, route: Route) -> web.StreamResponse:
        if route.subresource == "proxy":
            return await self._backends.proxy(request, route)
        if request.method == "GET" and route.subresource in {"", "status"}:
            return await self._reading.answer(request, route)
        await self.gate.reach_storage()
        mounted = self._extras.subresources.get(route.subresource)
        answer = mounted or self._writer(request.method, route)
        if answer is None:
            raise method_not_allowed()
        return await answer(request, route)

    def _writer(self, method: str, route: Route) -> Answer | None:
        writing = self._writing
        match method, bool(route.name):
            case "POST", named if named == bool(route.subresource):
                return writing.create
            case "PUT", True:
                return writing.replace
            case "PATCH", True:
                return writing.patch
            case "DELETE", True if not route.subresource:
                return writing.delete
        return None


def _listen(address: tuple[str, int]) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def _request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: web.RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(
        message, payload, protocol, writer, task, loop, client_max_size=_BODY_LIMIT
    )
