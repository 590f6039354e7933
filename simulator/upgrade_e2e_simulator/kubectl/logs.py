"""The logs of containers, from the files that kubelets write them to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from aiohttp import web

from upgrade_e2e_simulator.api.registry import Registry
from upgrade_e2e_simulator.api.resources import resource_named
from upgrade_e2e_simulator.api.routes import Route
from upgrade_e2e_simulator.api.selection import number
from upgrade_e2e_simulator.api.status import StatusError, bad_request
from upgrade_e2e_simulator.store import Object

__all__ = ["LogFiles", "Logs"]

_PODS = resource_named("pods")
_FOLLOW_EVERY_S = 0.05
_CHUNK = 65536


class LogFiles(Protocol):
    """Where the kubelets keep what containers say."""

    def log_file(self, pod: Object, container: str, *, previous: bool) -> Path | None:
        """The file; None while there is none."""


class Logs:
    """Answers GET of pods/log."""

    def __init__(self, registry: Registry, files: LogFiles) -> None:
        self._registry = registry
        self._files = files

    async def answer(self, request: web.BaseRequest, route: Route) -> web.StreamResponse:
        """What a container has said; with `follow` what it says until the end."""
        pod = self._registry.get(_PODS, route.namespace, route.name)
        query = dict(request.query)
        container = _container(pod, query.get("container", ""))
        previous = query.get("previous") in {"true", "1"}
        path = self._files.log_file(pod, container, previous=previous)
        if path is None:
            raise bad_request(
                f'container "{container}" in pod "{route.name}" is waiting to start: '
                "ContainerCreating"
            )
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        follow = query.get("follow") in {"true", "1"}
        with suppress(ConnectionError):  # the client has gone, which is its right
            async for chunk in self._chunks(path, query, pod, follow=follow):
                await response.write(chunk)
            await response.write_eof()
        return response

    async def _chunks(
        self, path: Path, query: dict[str, str], pod: Object, *, follow: bool
    ) -> AsyncIterator[bytes]:
        with path.open("rb") as file:
            yield _begin(file.read(), query)
            while follow:
                chunk = file.read(_CHUNK)
                if chunk:
                    yield chunk
                elif self._is_over(pod):
                    return
                else:
                    await asyncio.sleep(_FOLLOW_EVERY_S)

    def _is_over(self, pod: Object) -> bool:
        meta = pod["metadata"]
        try:
            live = self._registry.get(_PODS, meta["namespace"], meta["name"])
        except StatusError:
            return True
        ended = live["status"].get("phase") in {"Succeeded", "Failed"}
        return ended or live["metadata"]["uid"] != meta["uid"]


def _container(pod: Object, wanted: str) -> str:
    spec = pod["spec"]
    names = [item["name"] for item in [*spec["containers"], *(spec.get("initContainers") or ())]]
    if wanted:
        if wanted not in names:
            name = pod["metadata"]["name"]
            raise bad_request(f"container {wanted} is not valid for pod {name}")
        return wanted
    if len(spec["containers"]) > 1:
        name = pod["metadata"]["name"]
        raise bad_request(
            f"a container name must be specified for pod {name}, choose one of: "
            f"[{' '.join(item['name'] for item in spec['containers'])}]"
        )
    return str(names[0])


def _begin(text: bytes, query: dict[str, str]) -> bytes:
    if "tailLines" in query:
        lines = text.splitlines(keepends=True)
        count = number(query, "tailLines")
        text = b"".join(lines[-count:]) if count else b""
    if limit := number(query, "limitBytes"):
        text = text[:limit]
    return text
