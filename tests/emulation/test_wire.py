"""Bytes on a connection: what is read as a request, what is refused, what stays open."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from wlinfra.emulation import EmulatorServer, Request, Response, SystemClock, json_response


def _echo(request: Request) -> Response:
    if request.path == "/nothing":
        return Response(status=204)
    if request.path == "/odd":
        return Response(status=299)
    return json_response({"body": request.body.decode()})


@pytest.fixture
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(_echo) as started:
        yield started


def _raw(server: EmulatorServer, data: bytes) -> bytes:
    """Send bytes, end the sending side, and return everything that comes back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "data",
    [
        b"GET /things\r\n\r\n",
        b"GET /things HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /things HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST /things HTTP/1.1\r\nContent-Length: 10\r\n\r\nshort",
        b"POST /things HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n",
    ],
    ids=["parts", "colon", "length", "short", "chunk"],
)
def test_broken_request_is_a_400(server: EmulatorServer, data: bytes) -> None:
    assert _raw(server, data).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert len(server.requests) == 0


def test_chunks_and_their_trailer_are_read(server: EmulatorServer) -> None:
    chunks = b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: yes\r\n\r\n"

    answer = _raw(server, b"POST /things HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)

    assert answer.endswith(b'{"body":"abcde"}')


def test_client_that_waits_before_its_body_is_told_to_go_on(server: EmulatorServer) -> None:
    answer = _raw(server, b"POST /things HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok")

    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("head", "answers"),
    [
        (b"GET /things HTTP/1.1\r\n\r\n", 2),
        (b"GET /things HTTP/1.1\r\nConnection: close\r\n\r\n", 1),
        (b"GET /things HTTP/1.0\r\n\r\n", 1),
        (b"GET /things HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 2),
    ],
)
def test_connection_stays_open_as_the_client_wishes(server: EmulatorServer, head: bytes, answers: int) -> None:
    assert _raw(server, head * 2).count(b"HTTP/1.1 200 OK") == answers


def test_answers_without_a_body_and_of_unknown_status(server: EmulatorServer) -> None:
    assert b"Content-Length" not in _raw(server, b"GET /nothing HTTP/1.1\r\n\r\n")
    assert _raw(server, b"GET /odd HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 299 Unknown\r\n")
    assert _raw(server, b"HEAD /things HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\n")


def test_large_body_is_served_and_not_recorded(server: EmulatorServer) -> None:
    body = b"x" * 1_000_001

    answer = _raw(server, b"POST /things HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    assert len(answer) > len(body)
    assert server.requests[0].body == b""


def test_wall_clock_can_be_set_ahead() -> None:
    clock = SystemClock()
    before = clock.now()
    clock.advance(3600)

    assert clock.now() - before >= 3600
