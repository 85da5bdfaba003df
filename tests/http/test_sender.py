"""The sender over a wire that a test wrote down: what is sent again, for any platform."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from support.manual_clock import ManualClock

from wlinfra.errors import ConfigurationError
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


def over(wire: ScriptedWire, *, retries: int = 3, told: list[str] | None = None) -> HttpTransport:
    options = HttpOptions(
        base_url="http://example/api/v2",
        clock=ManualClock(),
        jitter=lambda: 1.0,
        retries=retries,
        sources="The endpoint is from A, the token from B.",
        report=(told if told is not None else []).append,
    )
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
        listener.shutdown(socket.SHUT_RDWR)  # closing it alone would wake no thread
        listener.close()
        thread.join()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n"


@pytest.mark.parametrize(
    "parts",
    [[HEAD, *[b" "] * 400], [CHUNKED, *[b" "] * 400], [bytes([byte]) for byte in HEAD * 5]],
    ids=["body", "chunk", "head"],
)
def test_an_answer_that_never_ends_is_given_up(parts: list[bytes]) -> None:
    with dripping(*parts, pause=0.02) as url:
        http = HttpTransport(HttpOptions(base_url=url, connect_timeout=1, read_timeout=2, retries=0))
        with pytest.raises(ApiError) as caught:
            http.request("GET", "/things")
        http.close()
    assert (caught.value.kind, caught.value.status) == (FailureKind.UNREADABLE, None)
    assert "not complete in time" in str(caught.value)


def test_an_answer_is_complete_within_both_timeouts() -> None:
    assert Timeouts(connect=10, read=60).answer == 70


REFUSED = WireError(Lost.REFUSED, "The connection was refused.", was_sent=False)
OK = WireAnswer(status=200, headers={})


def test_each_try_is_reported_with_the_address_and_once_for_all_requests() -> None:
    told: list[str] = []
    http = over(ScriptedWire(REFUSED), told=told, retries=2)
    with pytest.raises(ApiError, match="at http://example/api/v2 gave no answer") as caught:
        http.request("GET", "/things")
    assert told == [
        "No answer from http://example/api/v2 (The connection was refused): trying again (2 of 3).",
        "No answer from http://example/api/v2 (The connection was refused): trying again (3 of 3).",
    ]
    assert "The endpoint is from A, the token from B." in str(caught.value)


def test_after_one_request_was_given_up_the_others_are_sent_once_until_one_succeeds() -> None:
    told: list[str] = []
    wire = ScriptedWire(*[REFUSED] * 4, OK, REFUSED, OK)
    http = over(wire, told=told, retries=2)
    for times in (3, 4):
        with pytest.raises(ApiError):
            http.request("GET", "/things")
        assert len(wire.sent) == times
    assert len(told) == 2
    http.request("GET", "/things")
    http.request("GET", "/things")
    assert (len(wire.sent), len(told)) == (7, 3)


class SilentWire:
    """Never answers, so that each request takes all the time it has; connecting works at once."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.methods: list[str] = []

    def send(self, request: WireRequest) -> WireAnswer:
        self.methods.append(request.method)
        self.clock.sleep(request.timeouts.read)
        raise WireError(Lost.READ_TIMEOUT, "No answer came.", was_sent=True)

    def close(self) -> None:
        return


def test_a_silent_server_holds_all_requests_together_hardly_longer_than_one() -> None:
    wire, told = SilentWire(), list[str]()
    options = HttpOptions(base_url="http://example", clock=wire.clock, jitter=lambda: 1.0, report=told.append)
    transport, began = HttpTransport(options, wire), wire.clock.time
    for _ in range(3):
        with pytest.raises(ApiError):
            transport.request("GET", "/things")
    assert len(wire.methods) == 3 + 1 + 1
    assert wire.clock.time - began <= options.patience + 2 * options.connect_timeout + 1
    assert [line.rpartition("(")[2] for line in told] == ["2 of 6).", "3 of 6)."]
    before = wire.clock.time
    with pytest.raises(ApiError):
        transport.request("POST", "/things")
    assert wire.clock.time - before == options.read_timeout, "what may not be sent twice has its full time"


class SlowWire(ScriptedWire):
    """Each success takes so many seconds, and each request without an answer all the time it has."""

    def __init__(self, seconds: float, *outcomes: WireAnswer | WireError) -> None:
        super().__init__(*outcomes)
        self.seconds = seconds
        self.clock = ManualClock()

    def send(self, request: WireRequest) -> WireAnswer:
        patience = request.timeouts.read
        try:
            answer = super().send(request)
        except WireError:
            self.clock.sleep(patience)
            raise
        if answer.status == 200:
            self.clock.sleep(min(self.seconds, patience))
            if self.seconds > patience:
                raise SILENT
        return answer


SILENT = WireError(Lost.READ_TIMEOUT, "No answer came.", was_sent=True)


def slowly(wire: SlowWire) -> HttpTransport:
    return HttpTransport(HttpOptions(base_url="http://example", clock=wire.clock, jitter=lambda: 1.0), wire)


def test_a_server_that_answers_is_given_its_time_after_it_was_given_up() -> None:
    """It asked to be left alone for longer than patience lasts, and is slow, but not silent."""
    busy = WireAnswer(status=503, headers={"Retry-After": "600"})
    http = slowly(SlowWire(40, busy, OK))
    with pytest.raises(ApiError):
        http.request("GET", "/things")
    http.request("GET", "/things")


def test_a_slow_server_that_was_silent_for_a_while_is_not_taken_for_silent_ever_after() -> None:
    http = slowly(SlowWire(25, OK, SILENT, SILENT, SILENT, SILENT, OK))
    http.request("GET", "/things")
    for _ in range(2):
        with pytest.raises(ApiError):
            http.request("GET", "/things")
    http.request("GET", "/things")


def test_what_was_limited_for_long_has_its_full_time_then() -> None:
    limited = WireAnswer(status=429, headers={"Retry-After": "175"})
    slowly(SlowWire(50, limited, OK)).request("GET", "/things")


def test_a_status_of_the_server_s_own_trouble_is_reported() -> None:
    told: list[str] = []
    over(ScriptedWire(WireAnswer(status=503, headers={}), OK), told=told).request("GET", "/things")
    assert told == ["http://example/api/v2 answered 503: trying again (2 of 4)."]


@pytest.mark.parametrize(("asked", "lines"), [("1", 0), ("30", 1)])
def test_a_long_pause_that_the_platform_asks_for_is_reported(asked: str, lines: int) -> None:
    told: list[str] = []
    limited = WireAnswer(status=429, headers={"Retry-After": asked})
    over(ScriptedWire(limited, OK), told=told).request("POST", "/things")
    assert told == ["Waiting: http://example/api/v2 answered 429 and asks to come back in 30 s."][:lines]


def test_the_first_request_that_gets_no_answer_is_reported_while_it_waits() -> None:
    told: list[str] = []
    has_told = threading.Event()

    class Silent(ScriptedWire):
        def send(self, request: WireRequest) -> WireAnswer:
            assert has_told.wait(20)
            return super().send(request)

    http = over(Silent(OK), told=told)

    def report(text: str) -> None:
        told.append(text)
        has_told.set()

    options = replace(http.options, report=report)
    HttpTransport(options, Silent(OK)).request("GET", "/things")
    assert told == ["No answer from http://example/api/v2 yet: waiting."]


@pytest.mark.parametrize(
    ("lost", "advice"),
    [
        (Lost.REFUSED, "Check that it runs there"),
        (Lost.UNKNOWN_HOST, "Correct the host"),
        (Lost.CONNECT_TIMEOUT, "firewall"),
        (Lost.PROXY, "HTTPS_PROXY"),
        (Lost.CERTIFICATE, "ca_file"),
        (Lost.PLAIN_HTTP, "http://"),
    ],
)
def test_the_advice_is_that_of_the_cause(lost: Lost, advice: str) -> None:
    with pytest.raises(ApiError) as caught:
        over(ScriptedWire(WireError(lost, "It did not work.", was_sent=False)), retries=0).request("GET", "/things")
    assert advice in caught.value.diagnostics[0].fix


def test_a_server_that_speaks_no_tls_is_recognized() -> None:
    with dripping(HEAD, pause=0) as url:
        http = HttpTransport(HttpOptions(base_url=url.replace("http://", "https://"), retries=3))
        with pytest.raises(ApiError, match="does not speak TLS"):
            http.request("GET", "/things")
        http.close()


def test_a_stop_ends_every_pause() -> None:
    stop = threading.Event()
    busy = WireAnswer(status=503, headers={"Retry-After": "100"})
    http = HttpTransport(HttpOptions(base_url="http://example", stop=stop), ScriptedWire(busy))
    threading.Timer(0.2, stop.set).start()
    with pytest.raises(ApiError) as caught:
        http.request("GET", "/things")
    assert caught.value.status == 503


@pytest.mark.parametrize("token", ["two\nlines", "caf\u00e9", "bell\x07"])
def test_a_token_that_no_header_can_carry_is_a_mistake_in_its_source(token: str) -> None:
    wire = ScriptedWire(OK)
    http = HttpTransport(HttpOptions(base_url="http://example", token=lambda *, refresh: token), wire)
    with pytest.raises(ConfigurationError, match="Token cannot be sent") as caught:
        http.request("GET", "/things")
    assert (wire.sent, token in str(caught.value)) == ([], False)
