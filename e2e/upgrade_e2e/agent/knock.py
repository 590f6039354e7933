"""A new pod tries its network from its first moment on, and writes down when it had it.

    python3 -I -S agent.pyz knock clusterip=10.96.0.1:443 peer=10.244.1.7:8080 gateway= \
        dns=kubernetes.default.svc.cluster.local./A give-up-s=30 into=/dev/termination-log

Every 10 ms each target that has not answered yet is tried again. What it knows is written when all
have answered, when it gives up, or at SIGTERM: a line about the process, then one for each target.

    knock 1 BOOT_ID MONOTONIC_US UNIX_US FIRST_US ENDED_US
    NAME ANSWERED_US SENT_US FAILED FIRST_FAILED_US LAST_FAILED_US OUTCOME=COUNT,...

MONOTONIC_US and UNIX_US are when the process started, on either clock. All other times count from
there. FIRST_US is the first try, ENDED_US the end, ANSWERED_US the first good answer and SENT_US
when what it answers was sent, FIRST_FAILED_US and LAST_FAILED_US when the first and the last try
was sent that failed. `-` stands for what did not happen. A try without an answer has failed after a
second, or when a later one was answered first.

It must begin soon, so it loads as little as it can: no asyncio, no TLS, no argparse.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from .clock import boot_id, monotonic_us
from .knock_targets import DnsTarget, TcpTarget, gateway, name_server, tcp_address
from .layout import Outcome

FORMAT = 1
STEP_US = 10_000
UNANSWERED_US = 1_000_000
"""A SYN would be sent again after this long; here a new try stands in for that."""
_NONE = "-"


class Knockable(Protocol):
    """Something that can be tried without waiting."""

    events: int

    def send(self) -> socket.socket:
        """Send a try; raises OSError for what fails at once."""

    def read(self, sock: socket.socket) -> Outcome | None:
        """What became of a try; None for nothing yet."""

    def judged(self, error: OSError) -> Outcome:
        """What an error says of it."""


class Door:
    """One target with all tries that are under way, and what is known of it."""

    def __init__(self, name: str, target: Knockable, poller: select.epoll, zero_us: int) -> None:
        self.name, self._target = name, target
        self._poller, self._zero_us = poller, zero_us
        self._tries: dict[int, tuple[socket.socket, int]] = {}
        self.failed: dict[Outcome, int] = {}
        self._first_failed_us: int | None = None
        self._last_failed_us: int | None = None
        self._sent_us: int | None = None
        self.answered_us: int | None = None

    def knock(self) -> None:
        """Try once more, unless it has answered."""
        if self.answered_us is not None:
            return
        sent_us = monotonic_us() - self._zero_us
        try:
            sock = self._target.send()
        except OSError as error:
            self._end(sent_us, self._target.judged(error))
            return
        self._tries[sock.fileno()] = sock, sent_us
        self._poller.register(sock.fileno(), self._target.events)

    def happened(self, descriptor: int) -> bool:
        """Something happened to a descriptor; False when it is none of this door's."""
        if descriptor not in self._tries:
            return False
        sock, sent_us = self._tries[descriptor]
        outcome = self._target.read(sock)
        if outcome is not None:
            self._forget(descriptor)
            self._end(sent_us, outcome)
        return True

    def give_up(self, before_us: int, now_us: int | None = None) -> None:
        """The tries that were sent before this have failed; with `now_us`, only old ones."""
        for descriptor, (_, sent_us) in list(self._tries.items()):
            old = now_us is None or now_us - sent_us >= UNANSWERED_US
            if sent_us < before_us and old:
                self._forget(descriptor)
                self._end(sent_us, Outcome.TIMEOUT)

    def close(self) -> None:
        """Drop what is under way; it says nothing any more."""
        for descriptor in list(self._tries):
            self._forget(descriptor)

    def line(self) -> str:
        """What is known, as a line of the result."""
        times = (self._first_failed_us, self._last_failed_us)
        kinds = ",".join(f"{outcome.label}={count}" for outcome, count in self.failed.items())
        words = (
            self.name,
            *map(_shown, (self.answered_us, self._sent_us)),
            str(sum(self.failed.values())),
            *map(_shown, times),
            kinds or _NONE,
        )
        return " ".join(words)

    def _end(self, sent_us: int, outcome: Outcome) -> None:
        if outcome is Outcome.OK:
            if self.answered_us is None:
                self.answered_us, self._sent_us = monotonic_us() - self._zero_us, sent_us
                self.give_up(sent_us)
                self.close()
            return
        self.failed[outcome] = self.failed.get(outcome, 0) + 1
        first, last = self._first_failed_us, self._last_failed_us
        self._first_failed_us = sent_us if first is None else min(first, sent_us)
        self._last_failed_us = sent_us if last is None else max(last, sent_us)

    def _forget(self, descriptor: int) -> None:
        sock, _ = self._tries.pop(descriptor)
        sock.close()  # which takes it out of the epoll


def knock_until(
    doors: Sequence[Door],
    poller: select.epoll,
    zero_us: int,
    give_up_us: int,
    stopped: Callable[[], bool],
) -> None:
    """Knock at all doors until each has answered, or for `give_up_us`, or until `stopped`."""
    begun_us = slot_us = monotonic_us()
    while not stopped() and any(door.answered_us is None for door in doors):
        now_us = monotonic_us()
        if now_us - begun_us >= give_up_us:
            break
        if now_us >= slot_us:
            for door in doors:
                door.give_up(now_us - zero_us, now_us - zero_us)
                door.knock()
            slot_us += STEP_US * (1 + (now_us - slot_us) // STEP_US)
        wait_us = max(0, slot_us - monotonic_us())
        for descriptor, _ in poller.poll(wait_us / 1e6):
            any(door.happened(descriptor) for door in doors)


def doors_of(facts: Mapping[str, str], poller: select.epoll, zero_us: int) -> list[Door]:
    """The doors that the words of the command line name."""
    targets: dict[str, Knockable] = {
        name: TcpTarget(*tcp_address(facts[name]))
        for name in ("clusterip", "peer")
        if name in facts
    }
    if "dns" in facts:
        qname, _, qtype = facts["dns"].partition("/")
        targets["dns"] = DnsTarget(facts.get("server") or name_server(), qname, qtype or "A")
    if "gateway" in facts:
        found = tcp_address(facts["gateway"]) if facts["gateway"] else gateway()
        if found is not None:
            targets["gateway"] = TcpTarget(*found, alive=True)
    return [Door(name, target, poller, zero_us) for name, target in targets.items()]


def started_us() -> int:
    """When this process was started, on the monotonic clock; the kernel counts in 10 ms."""
    words = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    since_boot_s = int(words[19]) / os.sysconf("SC_CLK_TCK")
    age_s = max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - since_boot_s)
    return monotonic_us() - round(age_s * 1e6)


def main(argv: Sequence[str] | None = None) -> None:
    """Knock as the command line says, and write down what came of it."""
    zero_us, unix_us = started_us(), time.time_ns() // 1000
    unix_us -= monotonic_us() - zero_us
    words = sys.argv[2:] if argv is None else argv
    facts = {name: value for name, _, value in (word.partition("=") for word in words)}
    ended: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _: ended.append(got))
    poller = select.epoll()
    doors = doors_of(facts, poller, zero_us)
    first_us = monotonic_us() - zero_us
    give_up_us = round(float(facts.get("give-up-s", "30")) * 1e6)
    knock_until(doors, poller, zero_us, give_up_us, lambda: bool(ended))
    head = (boot_id(), zero_us, unix_us, first_us, monotonic_us() - zero_us)
    text = "\n".join([f"knock {FORMAT} {' '.join(map(str, head))}", *(d.line() for d in doors)])
    for door in doors:
        door.close()
    if facts.get("into"):
        Path(facts["into"]).write_text(text + "\n")
    sys.stdout.write(text + "\n")


def _shown(time_us: int | None) -> str:
    return _NONE if time_us is None else str(time_us)
