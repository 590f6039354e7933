"""Each outcome of an HTTP probe, produced by a socket that really fails that way."""

from __future__ import annotations

import contextlib
import errno
import ssl
from collections.abc import Iterator

import pytest

from tests.unit.agent.rig import (
    Rig,
    await_outcome,
    free_port,
    http,
    misbehaving,
    outcomes,
    send_and_close,
    send_and_reset,
    silent,
)
from upgrade_e2e.agent.failures import outcome_of_error
from upgrade_e2e.agent.layout import OUTCOMES
from upgrade_e2e.timeline import Outcome

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\nbody"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n"

ANSWERS = {
    "whole": (send_and_close(WHOLE), "ok"),
    "chunked": (send_and_close(CHUNKED), "ok"),
    "until the end": (send_and_close(b"HTTP/1.0 200 OK\r\n\r\nbody"), "ok"),
    "wrong body": (send_and_close(WHOLE.replace(b"body", b"none")), "bad-answer"),
    "no http": (send_and_close(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "bad-answer"),
    "redirect": (send_and_close(WHOLE.replace(b"200 OK", b"302 No")), "bad-answer"),
    "not found": (send_and_close(WHOLE.replace(b"200 OK", b"404 No")), "4xx"),
    "bad gateway": (send_and_close(WHOLE.replace(b"200 OK", b"502 No")), "5xx"),
    "closed at once": (send_and_close(b""), "reset"),
    "reset at once": (send_and_reset(b""), "reset"),
    "closed in the body": (send_and_close(CUT), "reset-in-body"),
    "reset in the body": (send_and_reset(CUT), "reset-in-body"),
    "reset in the head": (send_and_reset(b"HTTP/1.1 200"), "reset-in-body"),
    "chunks cut": (send_and_close(CHUNKED[:-7]), "reset-in-body"),
    "silence": (silent, "timeout"),
}


CONNECTIONS = ("new", "reused")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, int]]]:
    """What one prober saw of all cases at once, by stream."""
    rig = Rig(tmp_path_factory.mktemp("outcomes"))
    with contextlib.ExitStack() as servers:
        servers.callback(rig.close)
        streams = [
            http(
                servers.enter_context(misbehaving(handler)),
                f"{number}-{connection}",
                interval_s=0.05,
                timeout_s=0.5 if handler is silent else 10,
                connection=connection,
                body_has="body",
            )
            for number, (handler, _) in enumerate(ANSWERS.values())
            for connection in CONNECTIONS
        ]
        prober = rig.probe(*streams)
        keys = [f"web.{stream['name']}" for stream in streams]
        wanted = [expected for _, expected in ANSWERS.values() for _ in CONNECTIONS]
        for key, expected in zip(keys, wanted, strict=True):
            await_outcome(prober, expected, key, count=3)
        yield {key: outcomes(prober, key) for key in keys}


@pytest.mark.parametrize("case", ANSWERS)
@pytest.mark.parametrize("connection", CONNECTIONS)
def test_an_answer_becomes_its_outcome(
    seen: dict[str, dict[str, int]], case: str, connection: str
) -> None:
    _, expected = ANSWERS[case]
    assert set(seen[f"web.{[*ANSWERS].index(case)}-{connection}"]) == {expected}


def test_a_closed_port_refuses(rig: Rig) -> None:
    prober = rig.probe(http(free_port()))
    assert set(await_outcome(prober, "refused")) == {"refused"}


def test_tls_towards_a_plain_port_is_a_tls_error(rig: Rig) -> None:
    with misbehaving(send_and_close(WHOLE)) as port:
        prober = rig.probe(http(port, url=f"https://127.0.0.1:{port}/"))
        assert set(await_outcome(prober, "tls-error", count=3)) == {"tls-error"}


def test_a_connection_that_is_closed_in_the_handshake_is_reset(rig: Rig) -> None:
    with misbehaving(send_and_close(b"")) as port:
        prober = rig.probe(http(port, url=f"https://127.0.0.1:{port}/"))
        assert set(await_outcome(prober, "reset", count=3)) == {"reset"}


@pytest.mark.parametrize(
    ("code", "label"),
    [
        (errno.EHOSTUNREACH, "unreachable"),
        (errno.ENETUNREACH, "unreachable"),
        (errno.ETIMEDOUT, "timeout"),
        (errno.EMFILE, "not-sent"),
        (errno.EADDRNOTAVAIL, "not-sent"),
        (errno.EIO, "other"),
    ],
)
def test_errors_that_loopback_does_not_give(code: int, label: str) -> None:
    outcome = outcome_of_error(OSError(code, "made"), answering=False)
    assert OUTCOMES[outcome] == label


def test_a_certificate_that_is_not_trusted_is_a_tls_error() -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    assert OUTCOMES[outcome_of_error(error, answering=False)] == "tls-error"


def test_every_label_is_known_to_the_timeline() -> None:
    known = {label: Outcome.from_label(label) for label in OUTCOMES}
    assert {outcome.label: outcome for outcome in Outcome} == known
