"""Commands in pods, through the API server and the kubelet: no way into a node is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import websocket
import yaml
from kubernetes.stream import stream
from kubernetes.stream.ws_client import ERROR_CHANNEL

from upgrade_e2e.cluster.api import Api
from upgrade_e2e.cluster.handle import Cluster
from upgrade_e2e.errors import CommandFailed, E2eError

__all__ = ["exec_in_pod"]

_CONNECT_S = 10.0


def exec_in_pod(
    cluster: Cluster, namespace: str, pod: str, argv: Sequence[str], timeout_s: float
) -> str:
    """Run a command in the only container of a pod; returns what it wrote to stdout.

    Raises CommandFailed when it fails or takes too long, E2eError when the connection breaks
    before its end is known, and ApiException when it cannot be made.
    """
    # The library has no option for how long it waits for a connection, and it changes the client
    # that it execs with for a moment, so it gets one of its own.
    websocket.setdefaulttimeout(_CONNECT_S)
    api = Api.from_kubeconfig(cluster.kubeconfig)
    socket: Any = stream(
        api.core.connect_get_namespaced_pod_exec,
        pod,
        namespace,
        command=list(argv),
        stdin=False,
        stdout=True,
        stderr=True,
        tty=False,
        _preload_content=False,
    )
    try:
        socket.run_forever(timeout=timeout_s)
        shown = f"kubectl exec --namespace {namespace} {pod} -- {' '.join(argv)}"
        if socket.is_open():
            raise CommandFailed(shown, None, socket.read_stderr(), timeout_s)
        ended = yaml.safe_load(socket.read_channel(ERROR_CHANNEL) or "")
        if not ended:
            raise E2eError(f"the connection broke before the command ended: {shown}")
        if ended["status"] != "Success":
            raise CommandFailed(shown, _code(ended), socket.read_stderr(), timeout_s)
        return str(socket.read_stdout())
    finally:
        socket.close()
        socket.sock.shutdown()  # where the server has ended the connection, close leaves it open


def _code(ended: dict[str, Any]) -> int:
    """The exit code; 1 for a command that could not even begin."""
    causes = (ended.get("details") or {}).get("causes") or ()
    codes = [cause["message"] for cause in causes if cause.get("reason") == "ExitCode"]
    return int(codes[0]) if codes else 1
