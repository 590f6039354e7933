"""A real simulator for tests: started once, ended whatever happens; and a client for its API."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

__all__ = ["Api", "Running", "simulator", "status_of", "wait_for"]

T = TypeVar("T")
_START_S = 60.0
_END_S = 15.0
_CALL_S = 20.0


@dataclass(frozen=True)
class Running:
    """A simulator, its folder and its control socket."""

    folder: Path
    process: subprocess.Popen[bytes]

    def ask(self, do: str, **facts: Any) -> Any:
        """Send one request to the control socket; what it answers, `error` included."""
        handle = os.open(self.folder, os.O_PATH)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(f"/proc/self/fd/{handle}/control.sock")
            os.close(handle)
            connection.sendall(json.dumps({"do": do, **facts}).encode() + b"\n")
            return json.loads(connection.makefile("rb").readline())


@dataclass(frozen=True)
class Api:
    """The official client, and requests by path."""

    client: Any

    @classmethod
    def of(cls, kubeconfig: Path) -> Api:
        """The client of a kubeconfig."""
        settings = client.Configuration()
        config.load_kube_config(config_file=str(kubeconfig), client_configuration=settings)
        settings.retries = False
        return cls(client.ApiClient(settings))

    @cached_property
    def core(self) -> Any:
        """The core/v1 calls."""
        return client.CoreV1Api(self.client)

    @cached_property
    def apps(self) -> Any:
        """The apps/v1 calls."""
        return client.AppsV1Api(self.client)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        timeout_s: float = _CALL_S,
    ) -> bytes:
        """The body of the answer. Raises ApiException."""
        headers = {"Accept": "application/json, */*", "Content-Type": content_type}
        answer = self.client.call_api(
            *self.client.param_serialize(
                method=method,
                resource_path=path,
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
            ),
            _request_timeout=(3.0, timeout_s),
        )
        data = answer.read()
        if not 200 <= answer.status <= 299:
            raise ApiException(http_resp=answer)
        return bytes(data)

    def get_json(self, path: str) -> Any:
        """The document at `path`."""
        return json.loads(self.request("GET", path))


@contextlib.contextmanager
def simulator(
    folder: Path, version: object = "v1.33.13", workers: int = 2
) -> Iterator[tuple[Running, Api]]:
    """A simulator whose API serves."""
    folder = folder / "simulator"
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "upgrade_e2e_simulator", f"--folder={folder}"]
    argv += [f"--version={version}", f"--workers={workers}", f"--owner-pid={os.getpid()}"]
    with (folder / "simulator.log").open("wb") as log:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_for("the simulator to serve", (folder / "simulator.json").exists, bool, _START_S)
        yield Running(folder, process), Api.of(folder / "kubeconfig")
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_END_S)


def wait_for(
    what: str,
    look: Callable[[], T],
    ready: Callable[[T], bool] = bool,
    within_s: float = 20.0,
    transient: tuple[type[Exception], ...] = (),
) -> T:
    """Look again and again until it is ready; what was seen then."""
    end = time.monotonic() + within_s
    seen: object = None
    while True:
        try:
            found = look()
            if ready(found):
                return found
            seen = found
        except transient as error:
            seen = error
        assert time.monotonic() < end, f"waited {within_s} s for {what}; last seen: {seen!r}"
        time.sleep(0.05)


def status_of(
    url: str,
    context: Any,
    *,
    data: bytes | None = None,
    method: str = "GET",
    token: str | None = None,
    content_type: str | None = None,
) -> tuple[int, Any]:
    """HTTP code and JSON body of a request without the kubeconfig's credentials."""
    request = urllib.request.Request(url, data=data, method=method)  # noqa: S310 - https only
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    if content_type:
        request.add_header("Content-Type", content_type)
    try:
        with urllib.request.urlopen(request, context=context, timeout=10) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
