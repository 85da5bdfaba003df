"""The sender over a wire that a test wrote down: what is sent again, for any platform."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.manual_clock import ManualClock

from wlinfra.http.options import HttpOptions
from wlinfra.http.transport import ApiError, FailureKind, HttpTransport
from wlinfra.http.wire import Lost, Timeouts, WireAnswer, WireError, WireRequest


class ScriptedWire:
    """Answers in order; the last answer is repeated."""

    def __init__(self, *outcomes: WireAnswer | WireError) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[WireRequest] = []

    def send(self, request: WireRequest) -> WireAnswer:
        self.sent.append(request)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, WireError):
            raise outcome
        return outcome

    def close(self) -> None:
        return


def over(wire: ScriptedWire, *, retries: int = 3) -> HttpTransport:
    options = HttpOptions(base_url="http://example/api/v2", clock=ManualClock(), jitter=lambda: 1.0, retries=retries)
    return HttpTransport(options, wire)


@pytest.mark.parametrize(
    ("lost", "sent", "reads", "writes"),
    [
        (Lost.REFUSED, False, 4, 4),
        (Lost.UNKNOWN_HOST, False, 4, 4),
        (Lost.CONNECT_TIMEOUT, False, 4, 4),
        (Lost.PROXY, False, 4, 4),
        (Lost.CERTIFICATE, False, 1, 1),
        (Lost.PLAIN_HTTP, False, 1, 1),
        (Lost.BAD_ADDRESS, False, 1, 1),
        (Lost.TLS, True, 4, 1),
        (Lost.READ_TIMEOUT, True, 4, 1),
        (Lost.ANSWER_TIMEOUT, True, 4, 1),
        (Lost.DAMAGED, True, 4, 1),
        (Lost.BROKEN, True, 4, 1),
    ],
)
def test_what_may_have_been_carried_out_is_sent_once(lost: Lost, sent: bool, reads: int, writes: int) -> None:
    for method, times in (("GET", reads), ("POST", writes)):
        wire = ScriptedWire(WireError(lost, "It did not work.", was_sent=sent))
        with pytest.raises(ApiError) as caught:
            over(wire).request(method, "/things")
        assert len(wire.sent) == times
        assert (caught.value.kind is FailureKind.UNKNOWN) == (sent and method == "POST")


def test_a_request_shows_neither_headers_nor_body() -> None:
    wire = ScriptedWire(WireAnswer(status=200, headers={}))
    over(wire).request("POST", "/things", query={"q": "CANARY"}, body={"b": "CANARY"})
    assert "CANARY" not in repr(wire.sent)


@contextmanager
def dripping(*parts: bytes, pause: float) -> Iterator[str]:
    """Serve the parts with a pause before each, to every request."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                try:
                    for part in parts:
                        time.sleep(pause)
                        connection.sendall(part)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
        thread.join(5)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n"


@pytest.mark.parametrize(
    "parts",
    [[HEAD, *[b" "] * 400], [CHUNKED, *[b" "] * 400], [bytes([byte]) for byte in HEAD * 5]],
    ids=["body", "chunk", "head"],
)
def test_an_answer_that_never_ends_is_given_up(parts: list[bytes]) -> None:
    with dripping(*parts, pause=0.02) as url:
        http = HttpTransport(HttpOptions(base_url=url, connect_timeout=0.1, read_timeout=0.2, retries=0))
        with pytest.raises(ApiError) as caught:
            http.request("GET", "/things")
        http.close()
    assert (caught.value.kind, caught.value.status) == (FailureKind.UNREADABLE, None)
    assert "not complete in time" in str(caught.value)


def test_an_answer_is_complete_within_both_timeouts() -> None:
    assert Timeouts(connect=10, read=60).answer == 70
