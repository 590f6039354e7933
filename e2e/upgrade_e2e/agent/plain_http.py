"""A small HTTP server for requests with a body, and a small client, both with or without TLS.

The server has a thread for each connection, and each connection carries one request (HTTP/1.0), so
that no client holds one open to a server that ends. It is for programs that are asked now and then;
what is asked all the time is served by `server.py`.
"""

from __future__ import annotations

import json
import signal
import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from .machine import write_ready
from .target import host_and_port

Answerer = Callable[[str, str, bytes], tuple[int, Any]]
"""From method, path (without its query) and body to a status and what is answered as JSON."""
MOST_BODY = 2**22
"""An AdmissionReview holds a whole object, of which etcd takes 1.5 MiB at most."""
_IDLE_S = 10.0
_SHOWN = 200


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    server: PlainServer
    timeout = _IDLE_S

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if 0 <= length <= MOST_BODY:
            self._answer(self.rfile.read(length))
        else:
            self.send_error(413)

    def _answer(self, body: bytes) -> None:
        status, value = self.server.answer(self.command, self.path.partition("?")[0], body)
        data = json.dumps(value).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by the base class
        """Nothing: readiness probes would fill the log."""


class PlainServer(ThreadingHTTPServer):
    """Answers at `bind` (HOST:PORT; `[::]` means every address of both families)."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, bind: str, answer: Answerer, tls: ssl.SSLContext | None = None) -> None:
        host, port = host_and_port(bind, 0)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.answer = answer
        self._tls = tls
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind; the base class also asks DNS for the name of the address, which may take long."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        socketserver.TCPServer.server_bind(self)
        host, port = self.server_address[:2]
        self.server_name, self.server_port = str(host), port

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection; the handshake is part of it, so that nobody else waits for it."""
        if self._tls is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(_IDLE_S)
        with self._tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """One line for a request that broke, such as one whose client went away."""
        error = sys.exception()
        print(f"a request of {client_address[0]} broke: {type(error).__name__}: {error}")


def serve_until_term(server: PlainServer, ready_file: str = "") -> None:
    """Serve until SIGTERM or SIGINT."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    write_ready(ready_file, server.server_port)
    ended.wait()
    server.shutdown()


def ask(
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    timeout_s: float,
    tls: ssl.SSLContext | None = None,
) -> tuple[int, bytes]:
    """One request over a connection of its own: the status and the body of its answer.

    `url` has an address in it, or a name. Raises OSError and http.client.HTTPException.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: HTTPConnection
    if parts.scheme == "https":
        connection = HTTPSConnection(host, parts.port or 443, timeout=timeout_s, context=tls)
    else:
        connection = HTTPConnection(host, parts.port or 80, timeout=timeout_s)
    try:
        connection.request(method, parts.path or "/", body or None, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def shown(body: bytes) -> str:
    """The beginning of an answer, for people."""
    return body[:_SHOWN].decode("utf-8", "replace").strip()
