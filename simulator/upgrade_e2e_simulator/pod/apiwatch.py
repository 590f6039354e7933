"""Lists and watches through the API server, as a pod does: with its token, by HTTP, in a thread."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["Reflector"]

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_TIMEOUT_S = 5.0
_WATCH_S = 60
_RETRY_S = 0.2

Document = dict[str, Any]


class Reflector:
    """Keeps telling what is there: `put` for each object that is or changes, `drop` when gone."""

    def __init__(
        self, path: str, put: Callable[[Document], None], drop: Callable[[Document], None]
    ) -> None:
        self._path = path
        self._put, self._drop = put, drop
        self._known: dict[str, Document] = {}
        self.synced = threading.Event()

    def start(self) -> None:
        """Begin, in a thread that ends with the process."""
        threading.Thread(target=self._run, daemon=True, name=self._path).start()

    def _run(self) -> None:
        while True:
            try:
                self._follow(self._list())
            except (OSError, http.client.HTTPException, ValueError, KeyError):
                time.sleep(_RETRY_S)  # the API server is away: what is known stays known

    def _list(self) -> str:
        connection = _connect(_TIMEOUT_S)
        try:
            answer = _get(connection, self._path)
            document = json.loads(answer.read())
        finally:
            connection.close()
        found = {_key(item): item for item in document["items"]}
        for key in set(self._known) - set(found):
            self._drop(self._known.pop(key))
        for item in found.values():
            self._put(item)
        self._known.update(found)
        self.synced.set()
        return str(document["metadata"]["resourceVersion"])

    def _follow(self, revision: str) -> None:
        connection = _connect(_WATCH_S + _TIMEOUT_S)
        query = f"watch=true&resourceVersion={revision}&timeoutSeconds={_WATCH_S}"
        try:
            answer = _get(connection, f"{self._path}?{query}")
            while line := answer.readline():
                self._take(json.loads(line))
        finally:
            connection.close()

    def _take(self, event: Document) -> None:
        item = event["object"]
        if event["type"] == "ERROR":
            raise ValueError(item.get("message", "the watch ended"))
        if event["type"] == "DELETED":
            self._known.pop(_key(item), None)
            self._drop(item)
        elif event["type"] != "BOOKMARK":
            self._known[_key(item)] = item
            self._put(item)


def _key(item: Document) -> str:
    return f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}"


def _connect(timeout_s: float) -> http.client.HTTPSConnection:
    tls = ssl.create_default_context(cafile=str(_ACCOUNT / "ca.crt"))
    host = os.environ["KUBERNETES_SERVICE_HOST"]
    port = int(os.environ["KUBERNETES_SERVICE_PORT"])
    return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=tls)


def _get(connection: http.client.HTTPSConnection, path: str) -> http.client.HTTPResponse:
    token = (_ACCOUNT / "token").read_text(encoding="utf-8")
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    if answer.status != 200:
        raise http.client.HTTPException(f"{path}: {answer.status}")
    return answer
