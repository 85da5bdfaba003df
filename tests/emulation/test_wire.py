"""Bytes on a connection: what is read as a request, what is refused, what stays open."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from wlinfra.emulation import Clock, EmulatorServer, Request, Response, json_response


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
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
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
        b"POST /things HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n",
        b"POST /things HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n",
        b"POST /things HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /things HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        b"POST /things HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        b"POST /things HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
    ],
    ids=["parts", "colon", "length", "short", "chunk", "huge", "digit", "minus", "minus chunk", "huge chunk", "cut"],
)
def test_broken_request_is_a_400(server: EmulatorServer, data: bytes) -> None:
    assert _raw(server, data).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert len(server.requests) == 0
    assert list(server.failures) == []


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
    clock = Clock()
    before = clock.now()
    clock.advance(3600)

    assert clock.now() - before >= 3600


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"Host: 127.0.0.1:8181\r\n", 200),
        (b"Host: localhost\r\n", 200),
        (b"Host: [::1]:8181\r\n", 200),
        (b"", 200),
        (b"Host: 127.0.0.1:8181\r\nOrigin: http://127.0.0.1:8181\r\n", 200),
        (b"Host: evil.example:8181\r\n", 403),
        (b"Host: 127.0.0.1:8181\r\nOrigin: https://evil.example\r\n", 403),
        (b"Host: 127.0.0.1:8181\r\nOrigin: null\r\n", 403),
    ],
)
def test_a_web_page_does_not_drive_an_emulator(server: EmulatorServer, headers: bytes, status: int) -> None:
    answer = _raw(server, b"GET /_emulator/clock HTTP/1.1\r\n" + headers + b"\r\n")
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize("seconds", ["1e99", "NaN", "-1", "Infinity", '"x"', "1e12"])
def test_an_absurd_time_is_refused(server: EmulatorServer, seconds: str) -> None:
    body = f'{{"advance": {seconds}}}'.encode()
    head = f"POST /_emulator/clock HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    assert _raw(server, head + body).startswith(b"HTTP/1.1 400 ")
    assert _raw(server, b"GET /_emulator/clock HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200 ")
