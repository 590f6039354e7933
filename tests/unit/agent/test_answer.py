"""Reading HTTP answers does not depend on how the network cut them into pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.agent.answer import Answer
from upgrade_e2e.agent.failures import BadAnswer
from upgrade_e2e.agent.target import host_and_port

BODIES = st.binary(max_size=200)
CUTS = st.lists(st.integers(1, 60), max_size=12)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """`data` in pieces of the given lengths, the rest at the end."""
    parts = []
    for cut in cuts:
        parts.append(data[:cut])
        data = data[cut:]
    return [part for part in (*parts, data) if part]


def read(data: bytes, cuts: list[int]) -> Answer:
    """Feed an answer; it must be whole with its last piece and not before."""
    answer = Answer()
    *before, last = pieces(data, cuts)
    assert not any(answer.feed(part) for part in before)
    assert answer.feed(last)
    return answer


@given(body=BODIES, cuts=CUTS, status=st.integers(200, 599).filter(lambda s: s not in (204, 304)))
def test_a_body_of_known_length(body: bytes, cuts: list[int], status: int) -> None:
    head = f"HTTP/1.1 {status} Word\r\nX-Backend: Web-1\r\ncontent-length:{len(body)}\r\n\r\n"
    answer = read(head.encode() + body, cuts)
    assert (answer.status, bytes(answer.body), answer.backend) == (status, body, "web-1")
    assert not answer.closing


@given(chunks=st.lists(st.binary(min_size=1, max_size=40), max_size=6), cuts=CUTS)
def test_a_chunked_body(chunks: list[bytes], cuts: list[int]) -> None:
    coded = b"".join(b"%x;note=1\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    answer = read(head + coded + b"0\r\n\r\n", cuts)
    assert bytes(answer.body) == b"".join(chunks)
    assert answer.closing


@given(body=BODIES, cuts=CUTS)
def test_a_body_that_lasts_until_the_end(body: bytes, cuts: list[int]) -> None:
    answer = Answer()
    for part in pieces(b"HTTP/1.0 200 OK\r\n\r\n" + body, cuts):
        assert not answer.feed(part)
    assert answer.whole_at_end()
    assert bytes(answer.body) == body


@given(cut=st.integers(1, 56))
def test_a_cut_answer_is_not_whole_at_its_end(cut: int) -> None:
    answer = Answer()
    assert not answer.feed(
        b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n12345678901234567890"[:cut]
    )
    assert answer.begun
    assert not answer.whole_at_end()


@given(noise=st.binary(min_size=8, max_size=80).filter(lambda data: data[:7] != b"HTTP/1."))
def test_noise_is_a_bad_answer(noise: bytes) -> None:
    with pytest.raises(BadAnswer):
        Answer().feed(noise)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("10.0.0.1", "10.0.0.1", 53),
        ("10.0.0.1:5353", "10.0.0.1", 5353),
        ("[10.0.0.1]:80", "10.0.0.1", 80),
        ("[fd00::1]:80", "fd00::1", 80),
        ("[fd00::1]", "fd00::1", 53),
        ("fd00::1", "fd00::1", 53),
    ],
)
def test_host_and_port(text: str, host: str, port: int) -> None:
    assert host_and_port(text, 53) == (host, port)
