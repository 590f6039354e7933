"""The open loop: a slow target changes what is seen, never how often it is asked."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time

import numpy as np
import pytest

from tests.unit.agent.rig import (
    SOON,
    Agent,
    Rig,
    await_outcome,
    collect,
    http,
    intended,
    labels_of,
    misbehaving,
    outcomes,
    sent_records,
    silent,
)
from upgrade_e2e.agent.streams import STALE_US
from upgrade_e2e.wait import wait_for


def test_intended_times_are_equally_far_apart_whatever_happens(rig: Rig) -> None:
    server = rig.serve()
    streams = [http(server.port, name, connection=name) for name in ("new", "reused")]
    prober = rig.probe(*streams)
    await_outcome(prober, "ok", "web.new")
    server.post("/outage?kind=stall&ms=200")
    time.sleep(0.3)
    segment = collect(prober)
    for key in ("web.new", "web.reused"):
        assert set(np.diff(intended(segment, key))) == {10_000}


def test_latency_counts_from_the_intended_time(rig: Rig) -> None:
    """A stall of 300 ms is seen by all probes that were meant to be sent in it, not by one."""
    server = rig.serve()
    prober = rig.probe(http(server.port, timeout_s=5.0))
    await_outcome(prober, "ok")
    stall = server.post("/outage?kind=stall&ms=300")
    time.sleep(0.35)
    records = sent_records(collect(prober))
    inside = (records["intended_us"] > stall["begin_us"] + 20_000) & (
        records["intended_us"] < stall["end_us"] - 20_000
    )
    waits = stall["end_us"] - records["intended_us"][inside]
    assert inside.sum() >= 20
    assert np.all(records["latency_us"][inside] >= waits)


def test_two_streams_do_not_start_at_the_same_phase(rig: Rig) -> None:
    server = rig.serve()
    prober = rig.probe(*(http(server.port, f"s{n}", interval_s=0.1) for n in range(6)))
    await_outcome(prober, "ok", "web.s5")
    segment = collect(prober)
    phases = {int(intended(segment, f"web.s{n}")[0]) % 100_000 for n in range(6)}
    assert len(phases) > 1


def test_every_slot_becomes_one_sample(rig: Rig) -> None:
    """Also those that the prober could not send, because too many were in the air."""
    with misbehaving(silent) as port:
        prober = rig.probe(http(port, interval_s=0.001, timeout_s=0.1))
        await_outcome(prober, "timeout", count=200)
        segment = collect(prober)
    times = intended(segment)
    assert set(np.diff(times)) == {1000}
    assert set(labels_of(segment)) <= {"timeout", "not-sent"}


def test_a_prober_that_slept_says_so(rig: Rig) -> None:
    """Stopped for a while: some slots are sent late, the oldest are given up as not sent."""
    server = rig.serve()
    prober = rig.probe(http(server.port))
    await_outcome(prober, "ok")
    pause(prober, STALE_US / 1e6 + 0.2)
    await_outcome(prober, "ok", count=outcomes(prober)["ok"] + 30)
    segment = collect(prober)
    records = segment.records["web.s"]
    given_up = records[np.array(labels_of(segment)) == "not-sent"]
    assert set(np.diff(intended(segment))) == {10_000}
    assert given_up["lateness_us"].min() > STALE_US
    late = records["lateness_us"][np.array(labels_of(segment)) == "ok"]
    assert late.max() > 100_000


def pause(prober: Agent, for_s: float) -> None:
    """Freeze a process for a while, as a starved core does."""
    prober.process.send_signal(19)
    time.sleep(for_s)
    prober.process.send_signal(18)


def test_a_kept_connection_is_kept(rig: Rig) -> None:
    server = rig.serve()
    prober = rig.probe(
        http(server.port, "new"),
        http(server.port, "reused", connection="reused"),
    )
    await_outcome(prober, "ok", "web.reused", count=30)
    segment = collect(prober)
    opened = {key: int((records["flags"] & 1).sum()) for key, records in segment.records.items()}
    assert opened["web.new"] == len(sent_records(segment, "web.new"))
    assert opened["web.reused"] < len(segment.records["web.reused"]) / 2


def test_a_server_may_close_an_idle_connection(rig: Rig) -> None:
    """Each answer is followed by a close, in good order and without a word before: no failure."""

    def answer_then_close(peer: socket.socket) -> None:
        threading.Thread(target=answer_one, args=(peer,), daemon=True).start()

    def answer_one(peer: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the test may have ended meanwhile
            peer.recv(4096)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            time.sleep(0.03)
            peer.shutdown(socket.SHUT_RDWR)

    with misbehaving(answer_then_close) as port:
        prober = rig.probe(http(port, connection="reused", interval_s=0.2))
        assert set(await_outcome(prober, "ok", count=5)) == {"ok"}
        opened = sent_records(collect(prober))["flags"] & 1
    assert opened.all()


@pytest.mark.parametrize(("status", "kept"), [(404, False), (503, True)])
def test_a_connection_to_someone_else_is_not_kept(rig: Rig, status: int, kept: bool) -> None:
    """Who answers 404 is not our target; who answers 503 may well be."""

    def answer_all(peer: socket.socket) -> None:
        threading.Thread(target=answer_until_closed, args=(peer,), daemon=True).start()

    def answer_until_closed(peer: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while peer.recv(4096):
                peer.sendall(b"HTTP/1.1 %d Word\r\nContent-Length: 0\r\n\r\n" % status)

    with misbehaving(answer_all) as port:
        prober = rig.probe(http(port, connection="reused", interval_s=0.02))
        await_outcome(prober, "5xx" if kept else "4xx", count=15)
        opened = sent_records(collect(prober))["flags"] & 1
    assert opened.all() != kept


def test_status_tells_of_the_last_second(rig: Rig) -> None:
    server = rig.serve()
    prober = rig.probe(http(server.port))
    status = wait_for(
        "a whole second",
        lambda: prober.get("/status"),
        lambda seen: seen["streams"]["web.s"]["last_second"].get("ok"),
        SOON,
    )
    second = status["streams"]["web.s"]["last_second"]
    assert second["ok"] + second["failed"] == sum(second["outcomes"].values()) > 0
    assert second["lateness_p99_us"] >= 0
    assert status["rss_bytes"] > 0
    assert status["cpu_s"] > 0
    nice = os.getpriority(os.PRIO_PROCESS, 0)  # that of the test process
    assert status["priority"] == (f"nice {nice}" if nice else "none")
