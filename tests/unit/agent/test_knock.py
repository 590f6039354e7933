"""A pod that tries its network from its first moment on: what it writes, in each case."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.agent.name_server import name_server
from upgrade_e2e.agent import knock, knock_targets
from upgrade_e2e.agent.clock import boot_id, monotonic_us
from upgrade_e2e.agent.knock import Door
from upgrade_e2e.agent.layout import Outcome
from upgrade_e2e.agent.pack import ARCHIVE, pack
from upgrade_e2e.observers.knocked import Knocked, PodStory, read_story

LONG_S = 60


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    file = tmp_path / ARCHIVE
    file.write_bytes(pack())
    return file


@contextlib.contextmanager
def listening(port: int = 0) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", port)) as server:
        yield int(server.getsockname()[1])


def free_port() -> int:
    with listening() as port:
        return port


def started(archive: Path, *words: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-I", "-S", str(archive), "knock", *words]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> PodStory:
    out, error = process.communicate(timeout=LONG_S)
    assert (process.returncode, error) == (0, "")
    return read_story(out)


def tried(story: PodStory, name: str) -> Knocked:
    (found,) = (one for one in story.tried if one.name == name)
    return found


def test_where_everything_answers_each_is_tried_once_and_it_ends(
    archive: Path, tmp_path: Path
) -> None:
    into = tmp_path / "result"
    before_us = monotonic_us()
    with listening() as port, name_server() as dns:
        process = started(
            archive,
            f"clusterip=127.0.0.1:{port}",
            f"peer=127.0.0.1:{port}",
            f"gateway=127.0.0.1:{free_port()}",
            "dns=answer.x/A",
            f"server=127.0.0.1:{dns}",
            f"into={into}",
        )
        story = ended(process)
    assert [one.name for one in story.tried] == ["clusterip", "peer", "dns", "gateway"]
    for one in story.tried:
        assert (one.failed, one.outcomes, one.last_failed_us) == (0, "", None), one
        assert one.sent_us is not None
        assert one.answered_us is not None
        assert story.first_us <= one.sent_us <= one.answered_us <= story.ended_us
    assert story.boot_id == boot_id()
    # The kernel counts the start of a process in steps of 10 ms.
    assert before_us - 20_000 <= story.monotonic_us <= monotonic_us()
    assert read_story(into.read_text()) == story


def test_a_port_that_opens_later_is_tried_until_it_does(archive: Path) -> None:
    port = free_port()
    process = started(archive, f"clusterip=127.0.0.1:{port}")
    time.sleep(0.5)
    with listening(port):
        one = tried(ended(process), "clusterip")
    assert one.failed > 1
    assert one.outcomes == f"refused={one.failed}"
    assert one.first_failed_us is not None
    assert one.last_failed_us is not None
    assert one.sent_us is not None
    assert one.answered_us is not None
    assert one.first_failed_us < one.last_failed_us < one.sent_us <= one.answered_us


def test_what_never_answers_is_given_up_and_all_others_are_known(archive: Path) -> None:
    with listening() as port, name_server() as dns:
        story = ended(
            started(
                archive,
                f"peer=127.0.0.1:{port}",
                "dns=silence.x/A",
                f"server=127.0.0.1:{dns}",
                "give-up-s=1.6",
            )
        )
    assert tried(story, "peer").answered_us is not None
    silent = tried(story, "dns")
    assert silent.answered_us is None
    assert silent.failed > 0
    assert silent.outcomes == f"timeout={silent.failed}"
    assert story.ended_us - story.first_us >= 1_600_000


@pytest.mark.parametrize(
    ("name", "outcome"), [("servfail.x", "servfail"), ("nxdomain.x", "nxdomain"),
                          ("nodata.x", "bad-answer"), ("noise.x", "bad-answer")]
)  # fmt: skip
def test_an_answer_without_the_record_is_no_success(archive: Path, name: str, outcome: str) -> None:
    with name_server() as dns:
        words = (f"dns={name}/A", f"server=127.0.0.1:{dns}", "give-up-s=0.3")
        one = tried(ended(started(archive, *words)), "dns")
    assert one.answered_us is None
    assert one.outcomes == f"{outcome}={one.failed}"


def test_a_pod_that_is_ended_says_what_it_knows(archive: Path) -> None:
    process = started(archive, f"clusterip=127.0.0.1:{free_port()}", "give-up-s=60")
    time.sleep(0.7)
    process.send_signal(signal.SIGTERM)
    story = ended(process)
    one = tried(story, "clusterip")
    assert one.answered_us is None
    assert one.failed > 0
    assert story.ended_us - story.first_us < 60_000_000


def test_it_loads_nothing_that_takes_long(archive: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(archive)!r}); import agent.knock; print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"asyncio", "ssl", "argparse", "json", "logging"} & set(done.stdout.split())
    assert "agent.knock_targets" in done.stdout


class Pairs:
    """A target whose other ends are in the hands of the test."""

    events = select.EPOLLIN

    def __init__(self) -> None:
        self.ends: list[socket.socket] = []

    def send(self) -> socket.socket:
        mine, theirs = socket.socketpair()
        self.ends.append(theirs)
        return mine

    def read(self, sock: socket.socket) -> Outcome | None:
        return Outcome.OK if sock.recv(1) == b"y" else Outcome.RESET

    def judged(self, error: OSError) -> Outcome:
        raise AssertionError(error)


@pytest.fixture
def pairs() -> Iterator[Pairs]:
    made = Pairs()
    yield made
    for end in made.ends:
        end.close()


def happen(door: Door, poller: select.epoll) -> None:
    for descriptor, _ in poller.poll(1.0):
        door.happened(descriptor)


def test_a_try_that_a_later_one_has_overtaken_has_failed(pairs: Pairs) -> None:
    with select.epoll() as poller:
        door = Door("dns", pairs, poller, monotonic_us())
        for _ in range(3):
            door.knock()
            time.sleep(0.002)
        pairs.ends[1].send(b"y")
        happen(door, poller)
        assert door.answered_us is not None
        assert door.failed == {Outcome.TIMEOUT: 1}, "the first has, and the third says nothing"
        door.knock()
        assert len(pairs.ends) == 3, "what has answered is left in peace"


def test_a_try_is_given_up_after_a_second(pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knock, "UNANSWERED_US", 1_000)
    zero_us = monotonic_us()
    with select.epoll() as poller:
        door = Door("dns", pairs, poller, zero_us)
        door.knock()
        now_us = monotonic_us() - zero_us
        door.give_up(now_us + 1, now_us)
        assert door.failed == {}
        door.give_up(now_us + 5_000, now_us + 5_000)
        assert door.failed == {Outcome.TIMEOUT: 1}
        pairs.ends[0].close()
        happen(door, poller)
        assert door.failed == {Outcome.TIMEOUT: 1}, "it counts once"
        door.close()


@pytest.mark.parametrize(
    ("text", "port", "expected"),
    [
        ("10.96.0.1:443", 0, (socket.AF_INET, ("10.96.0.1", 443))),
        ("10.96.0.10", 53, (socket.AF_INET, ("10.96.0.10", 53))),
        ("[fd00::1]:443", 0, (socket.AF_INET6, ("fd00::1", 443))),
        ("fd00::a", 53, (socket.AF_INET6, ("fd00::a", 53))),
    ],
)
def test_addresses_are_read(text: str, port: int, expected: tuple[int, tuple[str, int]]) -> None:
    assert knock_targets.tcp_address(text, port) == expected


HEAD = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"


def test_the_gateway_is_that_of_the_default_route(tmp_path: Path) -> None:
    routes, routes6 = tmp_path / "route", tmp_path / "ipv6_route"
    routes.write_text(
        f"{HEAD}eth0 0001F40A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n"
        "eth0 00000000 0101F40A 0003 0 0 0 00000000 0 0 0\n"
    )
    routes6.write_text("")
    found = knock_targets.gateway(routes, routes6)
    assert found == (socket.AF_INET, ("10.244.1.1", knock_targets.KUBELET_PORT))


def test_the_gateway_of_ipv6_goes_with_its_device(tmp_path: Path) -> None:
    zero, via = "0" * 32, "fd00000000000000000000000000000a"
    routes6 = tmp_path / "ipv6_route"
    routes6.write_text(
        f"{zero} 00 {zero} 00 {zero} ffffffff 1 0 00200200 lo\n"
        f"{zero} 00 {zero} 00 {via} 00000400 1 0 00000003 lo\n"
    )
    family, address = knock_targets.gateway(tmp_path / "absent", routes6) or (0, ())
    assert family == socket.AF_INET6
    assert address[:2] == ("fd00::a", knock_targets.KUBELET_PORT)


def test_a_pod_without_a_gateway_tries_none(tmp_path: Path) -> None:
    routes = tmp_path / "route"
    routes.write_text(HEAD)
    assert knock_targets.gateway(routes, tmp_path / "absent") is None


def test_the_first_name_server_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("search x\nnameserver 10.96.0.10\nnameserver 10.96.0.11\n")
    assert knock_targets.name_server(str(file)) == "10.96.0.10"
    file.write_text("search x\n")
    with pytest.raises(ValueError, match="names no name server"):
        knock_targets.name_server(str(file))


def test_a_connection_that_is_refused_is_an_answer_of_a_gateway_alone() -> None:
    error = ConnectionRefusedError(111, "refused")
    target = knock_targets.TcpTarget(socket.AF_INET, ("127.0.0.1", 1))
    alive = knock_targets.TcpTarget(socket.AF_INET, ("127.0.0.1", 1), alive=True)
    assert (target.judged(error), alive.judged(error)) == (Outcome.REFUSED, Outcome.OK)
    assert alive.judged(OSError(113, "no route")) is Outcome.UNREACHABLE
