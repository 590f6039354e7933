"""The edge: what nginx answers when its backend is well, gone, silent, or cuts its answer."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from upgrade_e2e_simulator.pod.edge import Edge, Settings, content_length

ASK = b"GET /page HTTP/1.1\r\nHost: edge\r\nX-Mark: 7\r\n\r\n"
HELLO = b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("listen 81;", Settings(port=81)),
        ("listen 127.0.0.1:82; proxy_pass http://web;", Settings(port=82, host="web")),
        ("proxy_read_timeout 300ms;", Settings(read_s=0.3)),
        ("", Settings()),
    ],
)
def test_directives(text, expected):
    assert Settings.parse(text) == expected


def test_the_length_of_a_body_is_found_in_any_case():
    assert content_length(b"HTTP/1.1 200 OK\r\ncOnTent-LENGTH:  12\r\n\r\n") == 12
    assert content_length(b"HTTP/1.1 200 OK\r\n\r\n") is None


async def ask_through(backend, times=1, read_s=0.3):
    """What a client gets through an edge in front of `backend` (None: nobody listens)."""
    async with contextlib.AsyncExitStack() as stack:
        server = await asyncio.start_server(backend or cut, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        if backend is None:
            server.close()
        else:
            stack.callback(server.close)
        edge = Edge(Settings(host="127.0.0.1", host_port=port, connect_s=0.5, read_s=read_s))
        front = await asyncio.start_server(edge.serve_client, "127.0.0.1", 0)
        stack.callback(front.close)
        reader, writer = await asyncio.open_connection(*front.sockets[0].getsockname()[:2])
        stack.callback(writer.close)
        answers = []
        for _ in range(times):
            writer.write(ASK)
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.read(content_length(head) or 0)
            answers.append((int(head.split()[1]), body))
        writer.close()
        await writer.wait_closed()
        return answers


def backend_saying(answer, seen=None):
    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        if seen is not None:
            seen.append(head)
        writer.write(answer)
        await writer.drain()
        writer.close()

    return serve


async def cut(reader, writer):
    writer.transport.abort()


async def silent(reader, writer):
    try:
        await asyncio.sleep(5)
    finally:
        writer.close()


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def test_answers_are_handed_on_and_connections_kept():
    seen = []
    answers = run(ask_through(backend_saying(HELLO, seen), times=3))
    assert answers == [(200, b"hello")] * 3
    assert all(head.startswith(b"GET /page HTTP/1.0\r\n") for head in seen)
    assert all(b"X-Mark: 7" in head and b"Connection: close" in head for head in seen)


def test_a_backend_that_nobody_serves_is_502():
    [(code, page)] = run(ask_through(None))
    assert code == 502
    assert b"502 Bad Gateway" in page


def test_a_backend_that_cuts_before_its_answer_is_502():
    assert run(ask_through(cut))[0][0] == 502


def test_a_silent_backend_is_504():
    assert run(ask_through(silent, read_s=0.1))[0][0] == 504


def test_an_answer_that_is_cut_off_is_cut_off_for_the_client():
    short = b"HTTP/1.0 200 OK\r\nContent-Length: 50\r\n\r\nhello"
    [(code, body)] = run(ask_through(backend_saying(short)))
    assert (code, body) == (200, b"hello")
