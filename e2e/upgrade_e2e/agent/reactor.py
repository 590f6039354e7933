"""Non-blocking sockets, and an alarm, without what asyncio costs for each of them."""

from __future__ import annotations

import asyncio
import contextlib
import select
import selectors
import struct
import time
from collections.abc import Callable, Mapping
from contextvars import Context
from pathlib import Path
from typing import Any, TypeVarTuple

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER 0: closing sends RST. A thousand connections a second leave neither TIME_WAIT sockets
nor ports in use nor conntrack entries that live for two minutes behind; the answer is whole by
then, so nothing is lost."""
ARRIVALS = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET
"""What is waited for when nothing is left to send. A socket that could be written to as well would
wake the process up at once, for nothing."""
EVERYTHING = ARRIVALS | select.EPOLLOUT
Ts = TypeVarTuple("Ts")
_NEVER_NS = 2**62
_MOST_EVENTS = 256


class Reactor(selectors.BaseSelector):
    """The selector of an event loop, which serves sockets and an alarm by itself.

    asyncio waits in `select`, for its own files (in a selector inside of this one) and its timers.
    The sockets of `watch` and the alarm are served right there, and asyncio gets its turn when it
    has something to do: ReactorLoop says so when a handler uses the loop. Handlers are called on
    the edge of an event; a handler must accept a call without one, because the number of a
    descriptor may have gone to another socket within one round.
    """

    def __init__(self) -> None:
        self._loops = selectors.DefaultSelector()
        self._epoll = select.epoll()
        self._waited_on = [self._epoll.fileno()]
        self._loops_fd: int = self._loops.fileno()
        self._epoll.register(self._loops_fd, select.EPOLLIN)
        self._loops_event = self._loops_fd, select.EPOLLIN
        self._handlers: dict[int, Callable[[int], None]] = {}
        self._alarm: Callable[[], None] = lambda: None
        self._alarm_ns = _NEVER_NS
        self._later: list[tuple[int, int]] = []
        self._asyncio_ready = False
        self.interrupted = False
        """True when asyncio was given something to do."""
        self.fresh = False
        """True as long as nothing was done since the last look for events."""
        with contextlib.suppress(OSError):  # else an alarm may be 50 microseconds late
            Path("/proc/self/timerslack_ns").write_text("1")

    def watch(self, fd: int, handler: Callable[[int], None], events: int = EVERYTHING) -> None:
        """Call `handler(events)` whenever something happens to `fd`; until the socket is closed."""
        self._handlers[fd] = handler
        self._epoll.register(fd, events)

    def watch_for(self, fd: int, events: int) -> None:
        """Wait for other events of a descriptor that is watched."""
        self._epoll.modify(fd, events)

    def forget(self, fd: int) -> None:
        """Drop the handler; closing the socket takes it out of the epoll."""
        self._handlers.pop(fd, None)

    def set_alarm(self, at_ns: int | None, alarm: Callable[[], None]) -> None:
        """Call `alarm` once at this monotonic time; None for never. Forgets what was set before."""
        self._alarm, self._alarm_ns = alarm, _NEVER_NS if at_ns is None else at_ns

    def poll(self) -> None:
        """Handle what is there, without waiting."""
        self._later += self._epoll.poll(0, _MOST_EVENTS)
        self._serve()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Serve until `timeout` seconds are over or asyncio has something to do.

        What asyncio waits for, and what it has to do at once (`timeout` is 0 then), goes first: a
        SIGTERM comes before the connections that follow it.
        """
        until_ns = _NEVER_NS
        if timeout is not None:
            if timeout <= 0:
                self._look(0.0)
                return self._for_asyncio()
            until_ns = time.monotonic_ns() + round(timeout * 1e9)
        self.interrupted = False
        while not self.interrupted:
            self._look(self._wait_s(until_ns))
            if self._asyncio_ready:
                break
            self._serve()
            now_ns = time.monotonic_ns()
            if self._alarm_ns <= now_ns:
                self._alarm_ns = _NEVER_NS
                self._alarm()
            if until_ns <= now_ns:
                break
        return self._for_asyncio()

    def _look(self, wait_s: float | None) -> None:
        # select() waits to the microsecond, epoll_wait() to the millisecond.
        if select.select(self._waited_on, (), (), wait_s)[0]:
            self._later += self._epoll.poll(0, _MOST_EVENTS)
            if self._loops_event in self._later:
                self._later.remove(self._loops_event)
                self._asyncio_ready = True

    def _wait_s(self, until_ns: int) -> float | None:
        if self._later:
            return 0.0
        next_ns = min(self._alarm_ns, until_ns)
        if next_ns == _NEVER_NS:
            return None
        return max(next_ns - time.monotonic_ns(), 0) / 1e9

    def _for_asyncio(self) -> list[tuple[selectors.SelectorKey, int]]:
        if not self._asyncio_ready:
            return []
        self._asyncio_ready = False
        return self._loops.select(0)

    def _serve(self) -> None:
        events, self._later = self._later, []
        for fd, event in events:
            handler = self._handlers.get(fd)
            if handler is not None:
                handler(event)
            elif fd == self._loops_fd:
                self._asyncio_ready = True
        self.fresh = True

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """For asyncio; see BaseSelector."""
        return self._loops.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """For asyncio; see BaseSelector."""
        return self._loops.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """For asyncio; see BaseSelector."""
        return self._loops.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """For asyncio; see BaseSelector."""
        return self._loops.get_map()

    def close(self) -> None:
        """Close both selectors."""
        self._epoll.close()
        self._loops.close()


class ReactorLoop(asyncio.SelectorEventLoop):
    """An event loop on a Reactor."""

    def __init__(self) -> None:
        self.reactor = Reactor()
        super().__init__(self.reactor)

    def call_soon(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """See AbstractEventLoop."""
        self.reactor.interrupted = True
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """See AbstractEventLoop; `call_later` comes here too."""
        self.reactor.interrupted = True
        return super().call_at(when, callback, *args, context=context)
