"""The workload: a small web service in which outages may be planted."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
from typing import Any

from .clock import monotonic_us
from .machine import start
from .peer import Peer
from .reactor import Reactor
from .server import Request, Site, answer_bytes, answer_json

OUTAGES = ("503", "refuse", "reset", "hang", "stall", "cut-body")


class Workload(Site):
    """A small web service that says which pod answered.

    Planted outages (`POST /outage?kind=KIND&ms=MS`, only with --plantable), decided for each
    request by the time at which it arrives:
      503       an error is answered          reset     the connection is reset
      hang      no answer ever                stall     the answer comes when the outage is over
      cut-body  half of the body, then reset  refuse    the listening socket is closed
    """

    IDLE_GRACE_US = 1_000_000
    """While draining, a kept connection may ask once more within this time; that answer says that
    the connection closes. Closing it at once would race with a request that is on its way."""

    def __init__(self, args: argparse.Namespace, reactor: Reactor) -> None:
        super().__init__(args.bind, reactor)
        self._on_term, self._drain_s = args.on_term, args.drain_s
        self._plantable, self._work_s = args.plantable, args.work_ms / 1000
        self._draining = False
        self._outage = ("", 0)
        self.outages: list[dict[str, Any]] = []
        self.ended = asyncio.Event()
        name, node = (
            os.environ.get("POD_NAME", socket.gethostname()),
            os.environ.get("NODE_NAME", ""),
        )
        headers = {"X-Backend": name, "X-Node": node}
        body = json.dumps({"pod": name, "node": node}).encode() + b"\n"
        self._answers = {
            close: answer_bytes(200, body, headers, close=close) for close in (False, True)
        }
        self._cut = self._answers[False][: -(len(body) // 2)]
        self._error = answer_bytes(503, b'{"planted": true}\n', headers)

    def serve(self, request: Request, peer: Peer) -> None:
        if request.method == "POST" and request.path == "/outage" and self._plantable:
            peer.send(self._plant(request.query))
        elif request.path == "/outages" and self._plantable:
            peer.send(answer_json(200, self.outages))
        elif request.path == "/readyz":
            peer.send(answer_bytes(200, b"ok\n"))
        elif monotonic_us() < self._outage[1]:
            self._serve_outage(peer)
        elif self._work_s:
            asyncio.get_running_loop().call_later(self._work_s, self._answer, peer)
        else:
            self._answer(peer)

    def _answer(self, peer: Peer) -> None:
        peer.send(self._answers[self._draining], close=self._draining)

    def _serve_outage(self, peer: Peer) -> None:
        kind, until_us = self._outage
        if kind == "503":
            peer.send(self._error)
        elif kind == "reset":
            peer.reset()
        elif kind == "cut-body":
            peer.send(self._cut)
            asyncio.get_running_loop().call_later(0.005, peer.reset)
        elif kind == "stall":
            left_s = (until_us - monotonic_us()) / 1e6
            asyncio.get_running_loop().call_later(left_s, self._answer, peer)
        elif kind == "refuse":
            self._answer(peer)

    def _plant(self, query: dict[str, str]) -> bytes:
        kind, length_us = query.get("kind", ""), int(float(query.get("ms", "0")) * 1000)
        now = monotonic_us()
        if kind not in OUTAGES or length_us <= 0 or now < self._outage[1]:
            return answer_json(
                400, {"error": f"kind must be one of {OUTAGES}, ms above 0, no other"}
            )
        outage = {"kind": kind, "begin_us": now, "end_us": now + length_us}
        self.outages.append(outage)
        self._outage = (kind, now + length_us)
        if kind == "refuse":
            self.close_door()
            start(self._reopen(outage, length_us))
        return answer_json(200, outage)

    async def _reopen(self, outage: dict[str, Any], length_us: int) -> None:
        await asyncio.sleep(length_us / 1e6)
        self.listen()
        outage["end_us"] = monotonic_us()

    def on_term(self) -> None:
        """SIGTERM: leave at once, or drain first."""
        if self._on_term == "exit":
            os._exit(0)
        if not self._draining:
            self._draining = True
            start(self._drain())

    async def _drain(self) -> None:
        until = monotonic_us() + self._drain_s * 1e6
        self.met_us = max(self.met_us, monotonic_us())
        while monotonic_us() < until:
            now = monotonic_us()
            for peer in list(self.peers):
                if not peer.owed and now - peer.used_us > self.IDLE_GRACE_US:
                    peer.close()
            if not self.peers and now - self.met_us > self.IDLE_GRACE_US:
                break
            await asyncio.sleep(0.05)
        self.ended.set()
