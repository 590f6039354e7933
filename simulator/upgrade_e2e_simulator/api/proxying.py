"""The way through the API server to pods."""

from __future__ import annotations

import aiohttp
from aiohttp import web

from upgrade_e2e_simulator.api.registry import Registry
from upgrade_e2e_simulator.api.resources import resource_named
from upgrade_e2e_simulator.api.routes import Route
from upgrade_e2e_simulator.api.status import StatusError, bad_request, unavailable

__all__ = ["Backends"]

_PODS = resource_named("pods")
_HOP_BY_HOP = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "te",
        "trailers",
        "transfer-encoding",
        "upgrade",
    }
)
_CONNECT_S = 10.0
_CHUNK = 65536


class Backends:
    """Reaches what runs in pods."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections to backends."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def proxy(self, request: web.BaseRequest, route: Route) -> web.StreamResponse:
        """Hand the request on to a pod."""
        scheme, name, port = _target(route.name)
        host, number = self._pod(route.namespace, name, port)
        rest = request.raw_path.split("/proxy", 1)[1]
        url = f"{scheme}://{host}:{number}{rest if rest.startswith('/') else '/' + rest}"
        return await self._hand_on(request, url)

    def _pod(self, namespace: str, name: str, port: str) -> tuple[str, int]:
        pod = self._registry.get(_PODS, namespace, name)
        address = pod["status"].get("podIP")
        if not address:
            raise bad_request("address not allowed")
        ports = [
            found
            for container in pod["spec"]["containers"]
            for found in container.get("ports") or ()
        ]
        if not port:
            return address, ports[0]["containerPort"] if ports else 80
        return address, _port_number(
            port, {item.get("name"): item["containerPort"] for item in ports}
        )

    async def _hand_on(self, request: web.BaseRequest, url: str) -> web.StreamResponse:
        headers = {
            key: value for key, value in request.headers.items() if key.lower() not in _HOP_BY_HOP
        }
        data = await request.read() if request.can_read_body else None
        try:
            async with self._client().request(
                request.method, url, headers=headers, data=data, allow_redirects=False
            ) as answer:
                return await _relay(request, answer)
        except aiohttp.ClientConnectorError as error:
            raise unavailable(f"error trying to reach service: dial tcp: {error}") from error
        except aiohttp.ClientError as error:
            raise StatusError(502, "", f"error trying to reach service: {error}") from error

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
            )
        return self._session


def _target(name: str) -> tuple[str, str, str]:
    """`https:web:8443` is scheme, name and port; scheme and port may be missing."""
    words = name.split(":")
    if len(words) == 3:
        return words[0] or "http", words[1], words[2]
    return "http", words[0], words[1] if len(words) == 2 else ""


def _port_number(port: str, named: dict[str | None, int]) -> int:
    if port.isdigit():
        return int(port)
    if port not in named:
        raise bad_request(f'no port named "{port}"')
    return named[port]


async def _relay(request: web.BaseRequest, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, reason=answer.reason)
    for key, value in answer.headers.items():
        if key.lower() not in _HOP_BY_HOP - {"content-length"}:
            response.headers.add(key, value)
    await response.prepare(request)
    async for chunk in answer.content.iter_chunked(_CHUNK):
        await response.write(chunk)
    await response.write_eof()
    return response
