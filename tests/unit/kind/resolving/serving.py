"""A small registry on loopback, with what real ones do: pages, tokens, passwords, failures."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"
SCOPE = "repository:kindest/node:pull"


def digest_of(tag: str) -> str:
    """The digest of what this registry serves for a tag."""
    return f"sha256:{hashlib.sha256(manifest(tag)).hexdigest()}"


def manifest(tag: str) -> bytes:
    return json.dumps({"mediaType": INDEX, "manifests": [], "of": tag}).encode()


@dataclass
class SmallRegistry:
    """What it serves and how; `asked` are the requests, with their Authorization."""

    tags: list[str] = field(default_factory=lambda: ["v1.33.7", "v1.34.3", "v1.34.8", "latest"])
    page: int = 100
    auth: str = "none"
    user: str = "someone"
    password: str = "right"  # noqa: S105 - of a registry that exists for a moment
    names_digests: bool = True
    failing: int = 0
    next_page: str = ""
    realm: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    address: str = ""

    @contextlib.contextmanager
    def serving(self) -> Iterator[SmallRegistry]:
        """Serve on a free port until the context ends."""
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                registry.answer(self)

            def do_HEAD(self) -> None:
                registry.answer(self)

            def do_POST(self) -> None:
                registry.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        self.address = f"127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        given = request.headers.get("Authorization", "")
        self.asked.append((request.command, request.path, given))
        if parts.path == "/token":
            self.give_token(request, given)
        elif self.failing:
            send(request, self.failing, {})
        elif not self.may(given):
            send(request, 401, {"errors": []}, {"WWW-Authenticate": self.challenge()})
        elif parts.path == "/v2/kindest/node/tags/list":
            self.list_tags(request, parse_qs(parts.query))
        elif parts.path.startswith("/v2/kindest/node/manifests/"):
            self.give_manifest(request, parts.path.rpartition("/")[2])
        else:
            send(request, 404, {"errors": [{"code": "NAME_UNKNOWN"}]})

    def challenge(self) -> str:
        if self.auth == "basic":
            return 'Basic realm="here"'
        realm = self.realm or f"http://{self.address}/token"
        return f'Bearer realm="{realm}",service="small",scope="{SCOPE}"'

    def may(self, given: str) -> bool:
        if self.auth == "none":
            return True
        if self.auth == "basic":
            return given == self.basic
        return given == "Bearer good"

    @property
    def basic(self) -> str:
        pair = f"{self.user}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"

    def give_token(self, request: BaseHTTPRequestHandler, given: str) -> None:
        if request.command == "POST":
            length = int(request.headers["Content-Length"])
            form = parse_qs(request.rfile.read(length).decode())
            right = (form["refresh_token"], form["scope"]) == (["identity"], [SCOPE])
            send(request, 200 if right else 401, {"access_token": "good"})
            return
        asked = parse_qs(urlsplit(request.path).query)
        right = asked == {"service": ["small"], "scope": [SCOPE]}
        known = given == self.basic or (self.auth == "anonymous" and not given)
        send(request, 200 if right and known else 401, {"token": "good"})

    def list_tags(self, request: BaseHTTPRequestHandler, query: dict[str, list[str]]) -> None:
        after = query.get("last", [""])[0]
        start = self.tags.index(after) + 1 if after else 0
        page = self.tags[start : start + self.page]
        headers = {}
        if start + self.page < len(self.tags):
            following = self.next_page or f"/v2/kindest/node/tags/list?last={page[-1]}&n=1"
            headers["Link"] = f'<{following}>; rel="next"'
        send(request, 200, {"name": "kindest/node", "tags": page or None}, headers)

    def give_manifest(self, request: BaseHTTPRequestHandler, tag: str) -> None:
        if tag not in self.tags or INDEX not in request.headers.get("Accept", ""):
            send(request, 404, {"errors": [{"code": "MANIFEST_UNKNOWN"}]})
            return
        headers = {"Docker-Content-Digest": digest_of(tag)} if self.names_digests else {}
        send(request, 200, manifest(tag), headers)


def send(
    request: BaseHTTPRequestHandler,
    status: int,
    body: object,
    headers: dict[str, str] | None = None,
) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request.send_response(status)
    for name, value in (headers or {}).items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(data)))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(data)
