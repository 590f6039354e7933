"""Commands in pods: what they wrote, and each way in which they do not end well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.observers.fake_api import FakeApi, fake_cluster
from upgrade_e2e.cluster import pod_exec
from upgrade_e2e.cluster.pod_exec import exec_in_pod
from upgrade_e2e.errors import CommandFailed, E2eError

FAILED = """
status: Failure
details: {causes: [{reason: ExitCode, message: "3"}]}
"""


class Socket:
    """A connection over which these bytes came, by channel."""

    def __init__(self, *, error: str, opened: bool = False) -> None:
        self.error, self.opened, self.closed = error, opened, False
        self.sock = self
        self.down = False

    def run_forever(self, timeout: float) -> None:
        assert timeout > 0

    def is_open(self) -> bool:
        return self.opened

    def read_channel(self, channel: int) -> str:
        assert channel == 3
        return self.error

    def read_stdout(self) -> str:
        return "said\n"

    def read_stderr(self) -> str:
        return "complained"

    def close(self) -> None:
        """Nothing more, as the library does where the server was first."""
        self.closed = True

    def shutdown(self) -> None:
        """The socket below is closed."""
        self.down = True


def ask(folder: Path, monkeypatch: pytest.MonkeyPatch, socket: Socket) -> str:
    """Run a command over this connection."""
    asked: list[Any] = []

    def stream(_: object, pod: str, namespace: str, **settings: object) -> Socket:
        asked.append((pod, namespace, settings["command"]))
        return socket

    monkeypatch.setattr(pod_exec, "stream", stream)
    try:
        with fake_cluster(FakeApi(), folder) as cluster:
            return exec_in_pod(cluster, "kube-system", "etcd-cp", ("etcdctl", "version"), 5.0)
    finally:
        assert asked == [("etcd-cp", "kube-system", ["etcdctl", "version"])]
        assert socket.closed
        assert socket.down


def test_what_a_command_wrote_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(tmp_path, monkeypatch, Socket(error="status: Success")) == "said\n"


def test_a_command_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandFailed, match="complained") as failed:
        ask(tmp_path, monkeypatch, Socket(error=FAILED))
    assert failed.value.returncode == 3


def test_a_command_that_could_not_begin_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandFailed) as failed:
        ask(tmp_path, monkeypatch, Socket(error="status: Failure"))
    assert failed.value.returncode == 1


def test_a_command_that_does_not_end_has_no_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandFailed) as failed:
        ask(tmp_path, monkeypatch, Socket(error="", opened=True))
    assert failed.value.returncode is None


def test_a_connection_that_breaks_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(E2eError, match="broke before"):
        ask(tmp_path, monkeypatch, Socket(error=""))
