"""An etcd of one member on loopback, in a temporary folder: restored from a snapshot, and read."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from upgrade_e2e.backups.programs import EtcdPrograms
from upgrade_e2e.command import Runner, spawn
from upgrade_e2e.errors import E2eError, Hopeless
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["LoneEtcd", "restored", "serving", "status_of"]

NAME = "lone"
RESTORE_S = 600.0
"""Etcd's databases have 8 GiB at most, by its own advice; slow disks take minutes to copy one."""
ASK_S = 60.0
END_S = 10.0
TRIES = 3
"""A port that was free may be taken before etcd listens there; then others are tried."""
_STARTING = Deadline(300.0, every_s=0.1)
_LAST_LINES = 3
_TAKEN = "address already in use"


@dataclass(frozen=True)
class LoneEtcd:
    """A running member, asked through etcdctl; raises CommandFailed where it does not answer."""

    runner: Runner
    etcdctl: Path
    address: str

    def value(self, key: str) -> bytes | None:
        """What stands under a key; None where nothing does."""
        found = self._get(key).get("kvs", [])
        return base64.b64decode(found[0].get("value", "")) if found else None

    def revision(self) -> int:
        """How many changes it knows of."""
        return int(self._get("any", "--keys-only")["header"]["revision"])

    def keys(self, prefix: str) -> tuple[str, ...]:
        """The keys that begin with `prefix`."""
        found = self._get(prefix, "--prefix", "--keys-only").get("kvs", [])
        return tuple(base64.b64decode(one["key"]).decode(errors="replace") for one in found)

    def put(self, key: str, value: str) -> None:
        """Write a value."""
        self._ask("put", key, value)

    def save(self, into: Path) -> None:
        """Write a snapshot to a file."""
        self._ask("snapshot", "save", str(into))

    def _get(self, key: str, *options: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._ask("get", key, *options, "--write-out=json"))
        return found

    def _ask(self, *words: str) -> str:
        where = (f"--endpoints={self.address}", f"--command-timeout={ASK_S:g}s")
        return self.runner.run(str(self.etcdctl), *where, *words, timeout_s=ASK_S + 5).stdout


def status_of(programs: EtcdPrograms, snapshot: Path) -> dict[str, int]:
    """`hash`, `revision` and `totalKey` of a snapshot, as etcdutl reads them.

    It walks through all pages, so it also finds a database whose pages do not fit together. Raises
    CommandFailed for such a one, and E2eError for an answer without these numbers.
    """
    argv = (str(programs.etcdutl), "snapshot", "status", str(snapshot), "--write-out=json")
    said = programs.runner.run(*argv, timeout_s=RESTORE_S).stdout
    try:
        answer = json.loads(said)
        return {name: int(answer[name]) for name in ("hash", "revision", "totalKey")}
    except (ValueError, KeyError, TypeError) as error:
        raise E2eError(
            f"etcdutl snapshot status gave no hash, revision and totalKey: {said.strip()}; use an "
            "etcdutl of v3.5 or newer."
        ) from error


@contextlib.contextmanager
def restored(
    programs: EtcdPrograms, snapshot: Path, folder: Path, *, has_hash: bool
) -> Iterator[LoneEtcd]:
    """Restore a snapshot below `folder`, and serve it while in the context.

    A snapshot that lacks the hash of etcdctl is restored without comparing it. Raises CommandFailed
    where etcdutl refuses it, and WaitFailed where etcd does not come up with it.
    """
    data = folder / "data"
    address = _url(_free_port())
    argv = (str(programs.etcdutl), "snapshot", "restore", str(snapshot), f"--data-dir={data}")
    member = (f"--name={NAME}", f"--initial-cluster={NAME}={address}")
    unchecked = () if has_hash else ("--skip-hash-check",)
    peers = f"--initial-advertise-peer-urls={address}"
    programs.runner.run(*argv, *member, peers, *unchecked, timeout_s=RESTORE_S)
    with serving(programs, data, folder) as etcd:
        yield etcd


@contextlib.contextmanager
def serving(programs: EtcdPrograms, data: Path, folder: Path) -> Iterator[LoneEtcd]:
    """Serve a data folder, a new one or a restored one, while in the context; raises WaitFailed."""
    log = folder / "etcd.log"
    for number in range(1, TRIES + 1):
        client, peer = _free_port(), _free_port()
        process = _start(programs, data, _url(client), _url(peer), log)
        try:
            if _answers(process, client, log, last=number == TRIES):
                yield LoneEtcd(programs.runner, programs.etcdctl, _url(client))
                return
        finally:
            _end(process)


def _start(
    programs: EtcdPrograms, data: Path, client: str, peer: str, log: Path
) -> subprocess.Popen[bytes]:
    argv = [
        *programs.runner.prefix,
        str(programs.etcd),
        f"--name={NAME}",
        f"--data-dir={data}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster={NAME}={peer}",
        "--unsafe-no-fsync",  # it is thrown away when it was read
    ]
    log.unlink(missing_ok=True)
    return spawn(argv, log_file=log)


def _answers(process: subprocess.Popen[bytes], port: int, log: Path, *, last: bool) -> bool:
    """Wait until etcd answers; false where its port was taken and others are to be tried."""
    try:
        wait_for(
            "a restored etcd that answers",
            lambda: "ended" if process.poll() is not None else _health(port),
            lambda state: state in {"healthy", "alarmed"},
            _STARTING,
            hopeless=lambda state: _last_words(log) if state == "ended" else None,
        )
    except Hopeless:
        if last or _TAKEN not in log.read_text(encoding="utf-8", errors="replace"):
            raise
        return False
    return True


def _health(port: int) -> str:
    """Whether it serves what it has: it listens long before it has read a large database.

    An alarm may come with the snapshot, and what is there can be read all the same.
    """
    connection = HTTPConnection("127.0.0.1", port, timeout=2.0)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        if answer.status == HTTPStatus.OK:
            return "healthy"
        return "alarmed" if b"ALARM" in answer.read() else "not yet healthy"
    except (OSError, HTTPException):
        return "is silent"
    finally:
        connection.close()


def _last_words(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "etcd ended; its last words: " + " / ".join(lines[-_LAST_LINES:])


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(END_S)
