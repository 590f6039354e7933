"""A small Kubernetes API over real sockets: a store of objects, watches of pods, the pod proxy.

It knows nothing of what objects mean. Tests play kubelet and controllers through `hooks` and
`ready`.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonpatch
import urllib3
import yaml

from upgrade_e2e.cluster import Cluster, Node, Role

Object = dict[str, Any]


@dataclass
class FakeApi:
    """The objects by path, and what happens when they change."""

    objects: dict[str, Object] = field(default_factory=dict)
    hooks: list[Callable[[str, Object], None]] = field(default_factory=list)
    """Called with path and object after each write."""
    ready: bool = True
    """Whether all pods of Deployments and DaemonSets are ready."""
    status: int = 200
    """What every request is answered with, unless 200."""
    addresses: tuple[str, ...] = ("127.0.0.1",)
    """What a Service gets: the first one, or all if it prefers to be dual-stack."""
    policy: Callable[[str, Object], tuple[int, str]] = lambda path, thing: (201, "")
    """What a create is answered with, by path and object: a status and, if refused, a message."""
    pod_ports: dict[str, int] = field(default_factory=dict)
    """Where the proxy finds a pod or a Service on loopback, by `NAME:PORT`."""
    unserved: str = ""
    """What a path has in it that is answered with 405, unless empty."""
    requests: list[tuple[str, str]] = field(default_factory=list)
    events: list[Object] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    ended: bool = False
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def put(self, path: str, thing: Object) -> Object:
        """Store an object as the API server would, and notify hooks and watches."""
        with self.changed:
            known = self.objects.get(path)
            meta = thing.setdefault("metadata", {})
            number = next(self._numbers)
            meta["resourceVersion"] = str(number)
            meta["uid"] = known["metadata"]["uid"] if known else f"uid-{number}"
            meta["generation"] = (known["metadata"]["generation"] if known else 0) + 1
            if "/services/" in path:
                dual = thing["spec"].get("ipFamilyPolicy") == "PreferDualStack"
                thing["spec"]["clusterIP"] = self.addresses[0]
                thing["spec"]["clusterIPs"] = list(self.addresses[: None if dual else 1])
            self.objects[path] = thing
            self._event("MODIFIED" if known else "ADDED", thing)
        for hook in self.hooks:
            hook(path, thing)
        return thing

    def drop(self, path: str) -> None:
        """Remove an object and all below it."""
        with self.changed:
            for below in [one for one in self.objects if (one + "/").startswith(path + "/")]:
                gone = self.objects.pop(below)
                gone["metadata"]["resourceVersion"] = str(next(self._numbers))
                self._event("DELETED", gone)

    def listed(self, path: str) -> list[Object]:
        """The objects right below `path`."""
        below = {one: thing for one, thing in self.objects.items() if one.startswith(path + "/")}
        return [
            {**thing, "status": {**self._status(thing), **thing.get("status", {})}}
            for one, thing in below.items()
            if "/" not in one.removeprefix(path + "/")
        ]

    def _status(self, thing: Object) -> Object:
        generation = thing["metadata"]["generation"]
        if thing.get("kind") == "Deployment":
            count = thing["spec"].get("replicas", 1) if self.ready else 0
            names = ("updatedReplicas", "availableReplicas", "replicas")
            return {"observedGeneration": generation, **dict.fromkeys(names, count)}
        if thing.get("kind") == "DaemonSet":
            count = 1 if self.ready else 0
            names = ("updatedNumberScheduled", "numberReady")
            fixed = {
                "observedGeneration": generation,
                "desiredNumberScheduled": 1,
                "currentNumberScheduled": count,
                "numberMisscheduled": 0,
            }
            return {**fixed, **dict.fromkeys(names, count)}
        return {"phase": "Active"} if thing.get("kind") == "Namespace" else {}

    def _event(self, kind: str, thing: Object) -> None:
        self.events.append({"type": kind, "object": json.loads(json.dumps(thing))})
        self.changed.notify_all()


_WATCHED = {"pods": "Pod", "deployments": "Deployment", "nodes": "Node"}
"""The kinds that can be watched, by the end of their path."""


class Handler(BaseHTTPRequestHandler):
    """Requests of the client, answered from the store."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a body would wait 40 ms for the ACK of its head
    api: FakeApi

    def do_GET(self) -> None:
        if self._refused():
            return
        if "/proxy/" in self._path:
            self._proxy()
        elif self._path in self.api.objects:
            self._answer(200, self.api.listed(self._path.rpartition("/")[0]), self._path)
        elif "watch" in self._query:
            self._watch()
        elif self._path.endswith("s"):
            items = [one for one in self.api.listed(self._path) if self._chosen(one)]
            version = str(len(self.api.events))
            self._answer(200, {"metadata": {"resourceVersion": version}, "items": items})
        else:
            self._answer(404, {"kind": "Status", "code": 404})

    def do_PATCH(self) -> None:
        body = self._body()
        if self._refused():
            return
        known = self.api.objects.get(self._path, {})
        if self.headers["Content-Type"] == "application/apply-patch+yaml":
            self._answer(200, self.api.put(self._path, body))
        elif known and self.headers["Content-Type"] == "application/json-patch+json":
            changed = jsonpatch.apply_patch(known, body)
            self._answer(200, self.api.put(self._path, changed))
        elif known:
            by_name = self.headers["Content-Type"] == "application/strategic-merge-patch+json"
            self._answer(200, self.api.put(self._path, merged(known, body, by_name=by_name)))
        else:
            self._answer(404, {"kind": "Status", "code": 404})

    def do_POST(self) -> None:
        body = self._body()
        if self._refused():
            return
        if "/proxy/" in self._path:
            self._proxy()
            return
        status, message = self.api.policy(self._path, body)
        if status != 201:
            self._answer(status, {"kind": "Status", "code": status, "message": message})
        elif "dryRun" in self._query:
            self._answer(201, body)
        else:
            self._answer(201, self.api.put(f"{self._path}/{body['metadata']['name']}", body))

    def do_DELETE(self) -> None:
        self._body()
        if self._refused():
            return
        if self._path not in self.api.objects:
            self._answer(404, {"kind": "Status", "code": 404})
            return
        thing = self.api.objects[self._path]
        if thing.get("kind") == "Pod":  # deleted by a hook that plays kubelet
            thing["metadata"]["deletionTimestamp"] = "2030-01-01T00:00:00Z"
            self._answer(200, self.api.put(self._path, thing))
            return
        self.api.drop(self._path)
        self._answer(200, {"kind": "Status"})

    @property
    def _path(self) -> str:
        return urlsplit(self.path).path

    @property
    def _query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.path).query)

    def _refused(self) -> bool:
        self.api.requests.append((self.command, self.path))
        if self.api.unserved and self.api.unserved in self._path:
            self._answer(405, {"kind": "Status", "code": 405})
            return True
        if self.api.status != 200:
            self._answer(self.api.status, {"kind": "Status", "code": self.api.status})
            return True
        return False

    def _body(self) -> Any:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return json.loads(data) if data else {}

    def _proxy(self) -> None:
        found = re.search(r"/(?:pods|services)/([^/]+)/proxy(.*)", self.path)
        assert found is not None, self.path
        if found[1] not in self.api.pod_ports:
            self._answer(503, {"kind": "Status", "code": 503})
            return
        url = f"http://127.0.0.1:{self.api.pod_ports[found[1]]}{found[2]}"
        answer = urllib3.request(self.command, url, headers=self._handed_on(), retries=False)
        self._send(answer.status, answer.data)

    def _handed_on(self) -> dict[str, str]:
        """The headers that an API server hands on: all but the one that it authenticates."""
        kept = {"authorization", "connection", "content-length", "host"}
        return {name: value for name, value in self.headers.items() if name.lower() not in kept}

    def _chosen(self, thing: Object) -> bool:
        """Whether the selector of the request selects it: see `meets`."""
        selector = self._query.get("labelSelector", [""])[0]
        labels = thing["metadata"].get("labels") or {}
        return all(meets(labels, term) for term in selector.split(",") if term)

    def _watch(self) -> None:
        start = int(self._query["resourceVersion"][0])
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with contextlib.suppress(OSError):
            for number in itertools.count(start):
                with self.api.changed:
                    while number >= len(self.api.events) and not self.api.ended:
                        self.api.changed.wait(0.2)
                if self.api.ended:
                    return
                event = self.api.events[number]
                thing = event["object"]
                watched = _WATCHED[self._path.rpartition("/")[2]]
                if thing.get("kind") == watched and self._chosen(thing):
                    line = json.dumps(event).encode() + b"\n"
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))

    def _answer(self, status: int, value: Any, path: str = "") -> None:
        if path:
            name = path.rpartition("/")[2]
            value = next(one for one in value if one["metadata"]["name"] == name)
        self._send(status, json.dumps(value).encode())

    def _send(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Nothing: failing tests show the requests from `FakeApi.requests`."""


def meets(labels: dict[str, str], term: str) -> bool:
    """Whether the labels meet one term of a selector; one that `a=b` asks for may be lacking.

    `a` is met where that label is there, and `!a` where it is not.
    """
    if term.startswith("!"):
        return term[1:] not in labels
    name, equals, value = term.partition("=")
    return labels.get(name, value) == value if equals else name in labels


def merged(known: Object, patch: Object, *, by_name: bool = False) -> Object:
    """A merge patch, applied: null takes a field away.

    A strategic one merges the items of lists `by_name`.
    """
    result = dict(known)
    for name, value in patch.items():
        inner = result.get(name)
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict) and isinstance(inner, dict):
            result[name] = merged(inner, value, by_name=by_name)
        elif by_name and isinstance(value, list) and isinstance(inner, list):
            named = {one["name"]: one for one in inner}
            for one in value:
                named[one["name"]] = merged(named.get(one["name"], {}), one, by_name=True)
            result[name] = list(named.values())
        else:
            result[name] = value
    return result


@contextlib.contextmanager
def fake_cluster(api: FakeApi, folder: Path) -> Iterator[Cluster]:
    """Serve `api` on loopback and yield a cluster of one control plane and one worker on it."""
    handler = type("FakeHandler", (Handler,), {"api": api})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    kubeconfig = folder / "kubeconfig"
    url = f"http://127.0.0.1:{server.server_port}"
    kubeconfig.write_text(yaml.safe_dump(kubeconfig_for(url)))
    nodes = (Node("cp", Role.CONTROL_PLANE), Node("worker", Role.WORKER))
    status = {"daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}}
    for node in nodes:
        thing = {"metadata": {"name": node.name}, "spec": {}, "status": status, "kind": "Node"}
        api.put(f"/api/v1/nodes/{node.name}", thing)
    try:
        yield Cluster("fake", kubeconfig, nodes)
    finally:
        api.ended = True
        server.shutdown()
        server.server_close()
        thread.join(5)


def kubeconfig_for(url: str) -> Object:
    """A kubeconfig without credentials."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "fake",
        "clusters": [{"name": "fake", "cluster": {"server": url}}],
        "users": [{"name": "fake", "user": {}}],
        "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
    }
