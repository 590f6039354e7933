"""Bodies in and out: reading requests, writing JSON, Status and event streams."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import yaml
from aiohttp import web

from upgrade_e2e_simulator.api.status import StatusError, bad_request, unsupported_media_type
from upgrade_e2e_simulator.store import Object

__all__ = ["encode", "json_response", "read_object", "status_response", "stream_lines"]

JSON = "application/json"
_YAML_TYPES = frozenset({"application/yaml", "application/apply-patch+yaml"})
_PROTOBUF = "application/vnd.kubernetes.protobuf"
_NO_PROTOBUF = (
    "; a simulated cluster does not read protobuf, which `kubectl create` and `kubectl drain` send:"
    " use `kubectl apply`, `kubectl cordon`, and evictions as JSON (`kubectl create --raw`)"
)
_ACCEPTED = (JSON, "application/yaml")


def encode(value: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


def json_response(body: Any, code: int = 200) -> web.Response:
    """An answer with a JSON body."""
    return web.Response(body=encode(body), status=code, content_type=JSON)


def status_response(error: StatusError) -> web.Response:
    """The answer for an error."""
    response = json_response(error.status, error.code)
    if error.retry_after_s:
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


async def read_object(request: web.BaseRequest, *, empty: Any = None) -> Any:
    """The document in the body; `empty` when there is no body. Raises 400 and 415."""
    data = await request.read()
    if not data:
        if empty is not None:
            return empty
        raise bad_request("the request has no body")
    return parse(data, request.content_type)


def parse(data: bytes, content_type: str) -> Any:
    """The document in `data`. Raises 400 when it cannot be read, 415 for other formats."""
    if content_type in _YAML_TYPES:
        return _parse_yaml(data)
    if content_type == _PROTOBUF:
        raise unsupported_media_type(_ACCEPTED, _NO_PROTOBUF)
    if content_type not in {JSON, "application/octet-stream"} and "json" not in content_type:
        raise unsupported_media_type(_ACCEPTED)
    try:
        return json.loads(data)
    except ValueError as error:
        raise bad_request(f"couldn't decode the body as JSON: {error}") from error


def _parse_yaml(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        pass
    try:
        return yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError as error:
        raise bad_request(f"error decoding YAML: {error}") from error


async def stream_lines(
    request: web.BaseRequest, lines: AsyncIterator[Object]
) -> web.StreamResponse:
    """Send one JSON document a line, each as soon as it is there."""
    response = web.StreamResponse(headers={"Content-Type": JSON})
    await response.prepare(request)
    with suppress(ConnectionError):  # the client has gone, which is its right
        async for line in lines:
            await response.write(encode(line) + b"\n")
        await response.write_eof()
    return response
