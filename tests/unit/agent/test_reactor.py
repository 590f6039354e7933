"""The selector that serves probes by itself, and asyncio in between."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from upgrade_e2e.agent.reactor import ARRIVALS, Reactor, ReactorLoop

NEVER_S = 60.0
"""What takes longer has been forgotten."""


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected sockets; reading never waits."""
    here, there = socket.socketpair()
    here.setblocking(False)
    with here, there:
        yield here, there


def run(work: Callable[[Reactor], Coroutine[Any, Any, Any]]) -> Any:
    """Run on a loop of its own."""
    loop = ReactorLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(asyncio.wait_for(work(loop.reactor), NEVER_S))


def test_an_alarm_never_rings_early_and_rings_once() -> None:
    async def work(reactor: Reactor) -> list[int]:
        rung: list[int] = []
        due = time.monotonic_ns() + 3_000_000
        reactor.set_alarm(due, lambda: rung.append(time.monotonic_ns() - due))
        await asyncio.sleep(0.05)
        return rung

    (late_ns,) = run(work)
    assert late_ns >= 0


@pytest.mark.parametrize("how", ["call_soon", "call_later", "task"])
def test_what_a_handler_gives_asyncio_to_do_is_done(
    pair: tuple[socket.socket, socket.socket], how: str
) -> None:
    """Although nothing else wakes the loop up."""
    here, there = pair

    async def work(reactor: Reactor) -> None:
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        async def later() -> None:
            done.set()

        def handle(_events: int) -> None:
            if how == "call_soon":
                loop.call_soon(done.set)
            elif how == "call_later":
                loop.call_later(0.01, done.set)
            else:
                tasks.append(loop.create_task(later()))

        tasks: list[asyncio.Task[None]] = []
        reactor.watch(here.fileno(), handle, ARRIVALS)
        there.send(b"x")
        await done.wait()

    run(work)


def test_timers_of_asyncio_run_while_probes_keep_the_loop_busy() -> None:
    async def work(reactor: Reactor) -> int:
        rounds = 0

        def again() -> None:
            nonlocal rounds
            rounds += 1
            reactor.set_alarm(time.monotonic_ns(), again)

        again()
        await asyncio.sleep(0.02)
        reactor.set_alarm(None, again)
        seen = rounds
        await asyncio.sleep(0.02)
        assert rounds == seen
        return rounds

    assert run(work) > 1


def test_what_asyncio_waits_for_goes_first(pair: tuple[socket.socket, socket.socket]) -> None:
    """As a SIGTERM comes before the connections that follow it."""
    here, there = pair
    mine, other = socket.socketpair()
    order: list[str] = []

    async def work(reactor: Reactor) -> None:
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def signal() -> None:
            mine.recv(1)
            loop.call_soon(order.append, "asyncio")

        def handle(_events: int) -> None:
            with contextlib.suppress(BlockingIOError):
                here.recv(1)
                order.append("socket")
                loop.call_soon(done.set)

        loop.add_reader(mine.fileno(), signal)
        reactor.watch(here.fileno(), handle, select.EPOLLIN)
        there.send(b"x")
        other.send(b"x")
        await done.wait()
        loop.remove_reader(mine.fileno())

    with mine, other:
        run(work)
    assert order == ["asyncio", "socket"]


def test_a_socket_that_is_forgotten_is_not_served(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    here, there = pair
    seen: list[int] = []

    async def work(reactor: Reactor) -> None:
        reactor.watch(here.fileno(), seen.append, ARRIVALS)
        reactor.forget(here.fileno())
        there.send(b"x")
        await asyncio.sleep(0.02)

    run(work)
    assert seen == []
