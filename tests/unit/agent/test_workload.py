"""The workload server: what it says, how it leaves, and the outages that can be planted in it."""

from __future__ import annotations

import contextlib
import signal
import socket
import time

import numpy as np
import pytest

from tests.unit.agent.rig import (
    SOON,
    Agent,
    Rig,
    answers_of,
    await_outcome,
    collect,
    http,
    labels_of,
    outcomes,
)
from upgrade_e2e.wait import wait_for

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def connect(server: Agent) -> socket.socket:
    """A plain connection to a server."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def ask(peer: socket.socket) -> bytes:
    """One request over a kept connection; the whole answer, which comes in one piece."""
    peer.sendall(REQUEST)
    return peer.recv(65536)


def test_it_listens_no_sooner_than_it_has_warmed_up(rig: Rig) -> None:
    began = time.monotonic()
    server = rig.serve("--warm-up-s=0.4")
    assert time.monotonic() - began >= 0.4
    with connect(server) as peer:
        assert ask(peer).startswith(b"HTTP/1.1 200")


def test_an_answer_names_the_backend(rig: Rig) -> None:
    server = rig.serve()
    answer = server.pool.request("GET", "/anything?x=1")
    assert answer.status == 200
    assert answer.json()["pod"] == answer.headers["X-Backend"] == socket.gethostname()
    assert server.pool.request("GET", "/readyz").data == b"ok\n"


def test_requests_may_come_in_pieces_and_in_a_row(rig: Rig) -> None:
    with connect(rig.serve()) as peer:
        peer.sendall(REQUEST[:9])
        peer.sendall(REQUEST[9:] + REQUEST)
        data = b""
        while data.count(b"HTTP/1.1 200 OK") < 2:
            piece = peer.recv(65536)  # raises TimeoutError when nothing comes
            assert piece, f"the server closed after {data!r}"
            data += piece
        peer.settimeout(0.1)
        with pytest.raises(TimeoutError):
            peer.recv(65536)
    assert data.count(b'"pod"') == 2


def test_exit_means_at_once(rig: Rig) -> None:
    server = rig.serve("--on-term=exit", "--work-ms=5000")
    with connect(server) as peer:
        peer.sendall(REQUEST)
        assert server.end(signal.SIGTERM) == 0
        with contextlib.suppress(ConnectionResetError):  # when the request was still unread
            assert peer.recv(100) == b""


def test_drain_finishes_what_was_begun(rig: Rig) -> None:
    server = rig.serve("--on-term=drain", "--work-ms=500")
    with connect(server) as busy, connect(server) as idle:
        busy.sendall(REQUEST)
        server.process.send_signal(signal.SIGTERM)
        answer = busy.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert b"Connection: close" in answer
        assert busy.recv(100) == b""
        assert idle.recv(100) == b""
    assert server.process.wait(15) == 0


def test_drain_still_answers_new_connections(rig: Rig) -> None:
    """Endpoints are removed later than SIGTERM comes: those who still come are served."""
    server = rig.serve("--on-term=drain")
    with connect(server) as kept:
        assert b"Connection: close" not in ask(kept)
        server.process.send_signal(signal.SIGTERM)
        for _ in range(3):
            with connect(server) as late:
                assert b"Connection: close" in ask(late)
        assert b"Connection: close" in ask(kept)
    assert server.process.wait(15) == 0


def test_drain_ends_in_spite_of_a_client_that_never_leaves(rig: Rig) -> None:
    server = rig.serve("--on-term=drain", "--drain-s=0.3", "--work-ms=60000")
    with connect(server) as peer:
        peer.sendall(REQUEST)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(15) == 0


def test_a_draining_server_costs_a_prober_nothing(rig: Rig) -> None:
    """A second server takes over the port's clients, as endpoints do, and no request fails."""
    servers = [rig.serve("--on-term=drain") for _ in range(2)]
    streams = [
        http(server.port, f"s{number}", connection="reused", interval_s=0.02)
        for number, server in enumerate(servers)
    ]
    prober = rig.probe(*streams)
    await_outcome(prober, "ok", "web.s0", count=20)
    servers[0].process.send_signal(signal.SIGTERM)
    wait_for("some more", lambda: outcomes(prober, "web.s0"), lambda s: s["ok"] >= 50, SOON)
    assert set(outcomes(prober, "web.s0")) == {"ok"}


OUTAGES = {
    "503": "5xx",
    "reset": "reset",
    "cut-body": "reset-in-body",
    "hang": "timeout",
    "refuse": "refused",
}


@pytest.mark.parametrize("kind", OUTAGES)
def test_a_planted_outage_is_seen_as_what_it_is(rig: Rig, kind: str) -> None:
    """All failures are of the planted kind and touch the planted time."""
    server = rig.serve()
    settings = {"interval_s": 0.005, "timeout_s": 0.4 if kind == "hang" else 10}
    prober = rig.probe(
        http(server.port, "new", **settings),
        http(server.port, "reused", connection="reused", **settings),
    )
    await_outcome(prober, "ok", "web.reused", count=20)
    planted = server.post(f"/outage?kind={kind}&ms=200")
    await_outcome(prober, OUTAGES[kind], "web.new", count=3)
    before = outcomes(prober, "web.new").get("ok", 0)
    await_outcome(prober, "ok", "web.new", count=before + 60)
    (over,) = server.get("/outages")
    assert (over["begin_us"], over["kind"]) == (planted["begin_us"], kind)
    segment = collect(prober)
    for key in ("web.new", "web.reused"):
        failures = segment.records[key][np.array(labels_of(segment, key)) == OUTAGES[kind]]
        # The kernel resets a connection that waits to be accepted when its listener closes.
        waiting = {"reset"} if kind == "refuse" else set()
        assert answers_of(segment, key) <= {"ok", OUTAGES[kind], *waiting}
        assert np.all(failures["intended_us"] + failures["lateness_us"] <= over["end_us"])
        assert np.all(failures["intended_us"] + failures["latency_us"] >= over["begin_us"])


def test_one_outage_at_a_time_and_none_without_leave(rig: Rig) -> None:
    server = rig.serve()
    assert "begin_us" in server.post("/outage?kind=503&ms=60000")
    assert "error" in server.post("/outage?kind=503&ms=10")
    assert "error" in rig.serve().post("/outage?kind=nonsense&ms=10")
    plain = rig.start("serve", "--bind=127.0.0.1:0")
    assert "pod" in plain.post("/outage?kind=503&ms=60000")
