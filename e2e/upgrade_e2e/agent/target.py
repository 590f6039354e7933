"""Addresses and TLS settings, from the fields of a stream's spec."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit


class Target:
    """Where an HTTP stream goes, from the fields of its spec."""

    def __init__(self, facts: dict[str, Any], url: str = "") -> None:
        parts = urlsplit(url or facts["url"])
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.path = parts.path + (f"?{parts.query}" if parts.query else "") or "/"
        self.tls = tls_context(facts) if parts.scheme == "https" else None
        self.server_name = facts.get("server_name") or self.host
        self.family, self.address = address_of(self.host, self.port)
        self.headers = {"Host": parts.netloc, **facts.get("headers", {})}
        if facts.get("token"):
            self.headers["Authorization"] = f"Bearer {facts['token']}"

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The bytes of a request."""
        headers = dict(self.headers)
        if body or method not in ("GET", "HEAD"):
            headers["Content-Length"] = str(len(body))
        lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def address_of(host: str, port: int) -> tuple[int, Any]:
    """Socket family and address; looks the name up unless it is an address already."""
    with contextlib.suppress(ValueError):
        version = ipaddress.ip_address(host).version
        return (socket.AF_INET if version == 4 else socket.AF_INET6), (host, port)
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return family, address[:2]


def tls_context(facts: dict[str, Any]) -> ssl.SSLContext:
    """The TLS settings of a stream."""
    context = ssl.create_default_context(cafile=facts.get("ca_file") or None)
    if facts.get("insecure"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if facts.get("cert_file"):
        context.load_cert_chain(facts["cert_file"], facts.get("key_file") or None)
    return context


def host_and_port(text: str, port: int) -> tuple[str, int]:
    """Read `HOST`, `HOST:PORT`, `IPV6` or `[IPV6]:PORT`."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, int(rest[1:] or port) if rest else port
    if text.count(":") == 1:
        host, _, rest = text.partition(":")
        return host, int(rest)
    return text, port
