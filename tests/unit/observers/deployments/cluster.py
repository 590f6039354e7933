"""A cluster with just enough controllers for small Deployments, and pods that answer."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tests.unit.observers.fake_api import FakeApi, Object
from upgrade_e2e.agent.plain_http import PlainServer
from upgrade_e2e.agent.tokens import SigningKey, signed_token
from upgrade_e2e.agent.webhook import VOLUME
from upgrade_e2e.observers.deployments.servers import AUDIENCE
from upgrade_e2e.observers.deployments.trial import TRIAL

ROOM = "/namespaces/upgrade-e2e"
DEPLOYMENTS = f"/apis/apps/v1{ROOM}/deployments/"
PODS = f"/api/v1{ROOM}/pods/"


@dataclass
class Controllers:
    """Make a pod of each trial, run it on `node`, and end it when its Deployment is deleted.

    `refusal` is why pods are refused. Without `injects` they come without a credential's means,
    without `issues` they get none. `owner` is the pod that credentials are for, by default their
    own.
    """

    api: FakeApi
    key: SigningKey
    node: str = "worker"
    refusal: str = ""
    injects: bool = True
    issues: bool = True
    owner: str = ""
    _ended: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _servers: list[PlainServer] = field(default_factory=list)

    def start(self) -> None:
        """Take part from now on."""
        self.api.hooks.append(self._on_change)
        thread = threading.Thread(target=self._collect_garbage, daemon=True)
        thread.start()
        self._threads.append(thread)

    def end(self) -> None:
        """End all threads and servers."""
        self._ended.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join(10)

    def _on_change(self, path: str, thing: Object) -> None:
        name = thing["metadata"].get("labels", {}).get(TRIAL, "")
        if name and path.startswith(DEPLOYMENTS) and "status" not in thing:
            self._start_later(lambda: self._make_pod(path, name, thing))

    def _start_later(self, work: Any) -> None:
        thread = threading.Timer(0.02, work)
        thread.daemon = True
        thread.start()

    def _make_pod(self, path: str, name: str, deployment: Object) -> None:
        if self.refusal:
            failure = {"type": "ReplicaFailure", "status": "True", "message": self.refusal}
            self._show(path, deployment, failure)
            return
        pod = f"{name}-abc"
        port = self._serve(pod)
        self.api.pod_ports |= {f"{pod}:8080": port}
        volumes = [{"name": VOLUME}] if self.injects else []
        made = {
            "kind": "Pod",
            "metadata": {"name": pod, "labels": deployment["metadata"]["labels"]},
            "spec": {"volumes": volumes, "nodeName": self.node},
        }
        self.api.put(f"{PODS}{pod}", made)
        if self.injects and self.issues:
            self.api.pod_ports |= {f"{name}:80": port}
            self._show(path, deployment, {"type": "Available", "status": "True"})

    def _show(self, path: str, deployment: Object, condition: Object) -> None:
        if path in self.api.objects:
            self.api.put(path, {**deployment, "status": {"conditions": [condition]}})

    def _serve(self, pod: str) -> int:
        """The process of a pod."""
        credential = self._credential(pod) if self.injects and self.issues else ""
        said = {
            "pod": pod,
            "credential": credential,
            "injected": self.injects,
            "asked_ago_s": 0.5,
            "took_s": 0.25 if credential else None,
            "trouble": "" if credential else "timed out",
        }
        server = PlainServer("127.0.0.1:0", lambda method, path, body: (200, said))
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        self._servers.append(server)
        self._threads.append(thread)
        return server.server_port

    def _credential(self, pod: str) -> str:
        claims = {"aud": AUDIENCE, "exp": time.time() + 60, "pod": self.owner or pod}
        return signed_token(claims, self.key)

    def _collect_garbage(self) -> None:
        while not self._ended.wait(0.02):
            with self.api.changed:
                there = list(self.api.objects.items())
            for path, thing in there:
                owner = thing["metadata"].get("labels", {}).get(TRIAL, "")
                orphaned = f"{DEPLOYMENTS}{owner}" not in self.api.objects
                if path.startswith(PODS) and owner and orphaned:
                    self.api.drop(path)
