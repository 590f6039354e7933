"""One ConfigMap behind a server that lists, patches and watches as the Kubernetes API does."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Canary:
    """The object, and how the server's watches misbehave.

    `events_per_watch`: a watch is closed in good order after so many. `mute`: watches that stand
    show nothing any more, as half-open connections do. `expired`: watches answer 410.
    """

    seq: int = 0
    version: int = 1
    events_per_watch: int = 10**9
    expired: bool = False
    mute_until: int = 0
    watches: int = 0
    lists: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def item(self) -> dict[str, Any]:
        return {
            "kind": "ConfigMap",
            "metadata": {"name": "canary", "resourceVersion": str(self.version)},
            "data": {"seq": str(self.seq)},
        }

    def mute(self) -> None:
        """All watches that stand now fall silent for ever; new ones speak."""
        with self.changed:
            self.mute_until = self.watches


class Server(ThreadingHTTPServer):
    """Says nothing when a client resets its connection."""

    daemon_threads = True
    block_on_close = False
    ended = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """The three requests that the agent makes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a body would wait 40 ms for the ACK of its head
    canary: Canary

    def do_PATCH(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["Content-Type"] == "application/merge-patch+json"
        with self.canary.changed:
            self.canary.seq = int(body["data"]["seq"])
            self.canary.version += 1
            self.canary.changed.notify_all()
        self._answer(self.canary.item())

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        assert query["fieldSelector"] == ["metadata.name=canary"]
        if "watch" in query:
            self._watch(int(query["resourceVersion"][0]))
            return
        self.canary.lists += 1
        version = {"resourceVersion": str(self.canary.version)}
        self._answer({"metadata": version, "items": [self.canary.item()]})

    def _watch(self, version: int) -> None:
        self.canary.watches += 1
        own_number = self.canary.watches
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.canary.expired:
            self.canary.expired = False
            self._event("ERROR", {"kind": "Status", "code": 410})
            self._chunk(b"")
            return
        self._event("BOOKMARK", {"metadata": {"resourceVersion": str(version)}})
        for _ in range(self.canary.events_per_watch):
            with self.canary.changed:
                while self.canary.version <= version:
                    self.canary.changed.wait()
                version, item = self.canary.version, self.canary.item()
            while own_number <= self.canary.mute_until:
                time.sleep(0.05)
                if self.connection.fileno() < 0 or self.server.ended:  # type: ignore[attr-defined]
                    return
            self._event("MODIFIED", item)
        self._chunk(b"")

    def _event(self, kind: str, item: dict[str, Any]) -> None:
        line = json.dumps({"type": kind, "object": item}).encode() + b"\n"
        # An event may come in two pieces.
        self._chunk(line[:10])
        self._chunk(line[10:])

    def _chunk(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()

    def _answer(self, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Nothing: the requests come many times a second."""


@contextlib.contextmanager
def canary_server(canary: Canary) -> Iterator[int]:
    """Serve `canary`; yields the port."""
    handler = type("CanaryHandler", (Handler,), {"canary": canary})
    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.ended = True
        server.shutdown()
        server.server_close()
        thread.join(5)
