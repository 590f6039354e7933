"""The endpoint through which the framework reads a prober and stops it."""

from __future__ import annotations

import hmac
import time

from .clock import boot_id, monotonic_us
from .layout import TOKEN_HEADER
from .machine import start
from .peer import Peer
from .prober import Prober
from .reactor import Reactor
from .server import Request, Site, answer_bytes, answer_json

_REFUSED = f"this needs the token of the prober's spec in the header {TOKEN_HEADER}"


class AdminEndpoint(Site):
    """The prober's endpoint. Only requests with the spec's token may read samples and stop it."""

    def __init__(self, bind: str, token: str, prober: Prober, reactor: Reactor) -> None:
        super().__init__(bind, reactor)
        if not token:
            raise ValueError("the token of the spec is empty; give the spec a random one")
        self._token = token.encode()
        self._prober = prober

    def serve(self, request: Request, peer: Peer) -> None:
        if request.path == "/readyz":
            peer.send(answer_bytes(200, b"ok\n"))
        elif not hmac.compare_digest(request.field(TOKEN_HEADER), self._token):
            peer.send(answer_json(403, {"error": _REFUSED}))
        elif request.method == "POST":
            start(self._stop(request, peer))
        else:
            peer.send(self._answer(request))

    def _answer(self, request: Request) -> bytes:
        if request.path == "/clock":
            clock = {"monotonic_us": monotonic_us(), "unix_us": time.time_ns() // 1000}
            return answer_json(200, {**clock, "boot_id": boot_id()})
        if request.path == "/status":
            return answer_json(200, self._prober.status())
        if request.path == "/spool":
            return answer_json(200, self._prober.spool.files())
        if request.path.startswith("/spool/"):
            return self._piece(request)
        return answer_json(404, {"error": f"nothing at {request.path}"})

    def _piece(self, request: Request) -> bytes:
        offset = int(request.query.get("from", "0"))
        data = self._prober.spool.read(request.path.removeprefix("/spool/"), offset)
        kind = {"Content-Type": "application/octet-stream"}
        return answer_bytes(404 if data is None else 200, data or b"", kind)

    async def _stop(self, request: Request, peer: Peer) -> None:
        if request.path != "/stop":
            peer.send(answer_json(404, {"error": f"nothing at {request.path}"}))
            return
        await self._prober.stop()
        peer.send(answer_json(200, {"stopped": True}))
