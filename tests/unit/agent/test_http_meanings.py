"""What an answer means is said by status and words: told apart by a server that really answers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.unit.agent.rig import Rig, await_outcome, http, misbehaving, outcomes, send_and_close
from upgrade_e2e.observers.dry_run import CREATED, REFUSED
from upgrade_e2e.observers.guard_rails import (
    _ADMITTED,
    _IN_OTHER_WORDS,
    _TOO_MANY,
    _WEBHOOK_FAILED,
)

WORDS = "images must have a tag"
MEANS = [_ADMITTED, _WEBHOOK_FAILED, _TOO_MANY, _IN_OTHER_WORDS]
FAILED = 'Internal error occurred: failed calling webhook \\"check.example\\": connection refused'
ANSWERS = {
    "refused by the policy": (403, f"denied the request: {WORDS}", "ok"),
    "refused by it with its default status": (422, f"denied request: {WORDS}", "ok"),
    "admitted": (201, "the object", "admitted"),
    "admitted, though the words are in it": (201, WORDS, "admitted"),
    "not ready": (403, "not yet ready to handle request", "4xx"),
    "RBAC is not there": (403, "User kubernetes-admin cannot create resource", "4xx"),
    "no such kind": (404, "404 page not found", "4xx"),
    "the webhook cannot be called": (500, FAILED, "webhook-failed"),
    "the storage is away": (500, "etcdserver: leader changed", "5xx"),
    "no server behind the balancer": (503, "no healthy upstream", "5xx"),
    "too many requests": (429, "too many requests, please try again later", "other"),
    "somewhere else": (302, "moved", "bad-answer"),
}


def answer(status: int, message: str) -> bytes:
    """An answer of an API server, which goes on."""
    body = f'{{"kind":"Status","message":"{message}"}}'.encode()
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, set[str]]]:
    """How the probes of each case ended, all of one prober."""
    rig = Rig(tmp_path_factory.mktemp("meanings"))
    with contextlib.ExitStack() as servers:
        servers.callback(rig.close)
        streams = [
            http(
                servers.enter_context(misbehaving(send_and_close(answer(status, message)))),
                str(number),
                interval_s=0.05,
                method="POST",
                body="{}",
                expect=[*REFUSED],
                body_has=WORDS,
                means=MEANS,
            )
            for number, (status, message, _) in enumerate(ANSWERS.values())
        ]
        prober = rig.probe(*streams)
        for number, (_, _, expected) in enumerate(ANSWERS.values()):
            await_outcome(prober, expected, f"web.{number}", count=3)
        yield {case: set(outcomes(prober, f"web.{number}")) for number, case in enumerate(ANSWERS)}


@pytest.mark.parametrize("case", ANSWERS)
def test_words_and_status_say_what_an_answer_means(seen: dict[str, set[str]], case: str) -> None:
    assert seen[case] == {ANSWERS[case][2]}


def test_without_meanings_the_status_decides(rig: Rig) -> None:
    with misbehaving(send_and_close(answer(500, FAILED))) as port:
        prober = rig.probe(http(port, expect=[*CREATED]))
        assert set(await_outcome(prober, "5xx", count=3)) == {"5xx"}
