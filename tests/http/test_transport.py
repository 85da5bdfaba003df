"""What the transport repeats, what it never repeats, and what it makes of failures."""

from __future__ import annotations

import logging
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.manual_clock import ManualClock
from support.scripted_server import Reply, scripted
from urllib3 import exceptions

from wlinfra.errors import ConfigurationError, LeaseLostError
from wlinfra.http.pace import Pace
from wlinfra.http.pool import wire_error
from wlinfra.http.proxy import proxy_for
from wlinfra.http.retry import retry_after_seconds
from wlinfra.http.transport import ApiError, FailureKind, HttpOptions, HttpTransport, RawBody, encode_query, multipart

OK = Reply(json={"ok": True})


def transport(url: str, **changes: Any) -> HttpTransport:
    options: dict[str, Any] = {"base_url": url, "clock": ManualClock(), "jitter": lambda: 1.0, "platform": "Example"}
    return HttpTransport(HttpOptions(**{**options, **changes}))


def failure(call: Callable[[], Any]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        call()
    return caught.value


def slept(http: HttpTransport) -> list[float]:
    assert isinstance(http.options.clock, ManualClock)
    return http.options.clock.sleeps


class CountingTokens:
    def __init__(self) -> None:
        self.refreshed = 0

    def __call__(self, *, refresh: bool) -> str:
        self.refreshed += refresh
        return f"token-{self.refreshed}"


def test_a_read_is_repeated_after_server_errors_with_doubled_pauses() -> None:
    with scripted(Reply(status=500), Reply(status=503), Reply(drop=True), OK) as server:
        http = transport(server.url)
        assert http.request("GET", "/things", query={"a": [1, 2]}).json() == {"ok": True}
    assert server.calls == ["GET /api/v2/things?a=1&a=2"] * 4
    assert slept(http) == [0.5, 1.0, 2.0]


def test_a_read_that_keeps_failing_is_unreadable() -> None:
    with scripted(Reply(status=502, json={"detail": "bad gateway"})) as server:
        error = failure(lambda: transport(server.url, retries=2).request("GET", "/things"))
    assert (error.kind, error.status, error.detail, len(server.calls)) == (
        FailureKind.UNREADABLE,
        502,
        "bad gateway",
        3,
    )


@pytest.mark.parametrize(
    "reply",
    [Reply(status=500), Reply(status=503, headers={"Retry-After": "1"}), Reply(drop=True), Reply(json={}, cut=True)],
    ids=["500", "503", "dropped", "cut"],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_mutating_call_with_a_lost_reply_is_sent_once_and_unknown(reply: Reply, method: str) -> None:
    with scripted(reply, OK) as server:
        error = failure(lambda: transport(server.url).request(method, "/things", body={"name": "x"}))
    assert (error.kind, len(server.calls)) == (FailureKind.UNKNOWN, 1)


def test_a_mutating_call_without_an_answer_in_time_is_sent_once_and_unknown() -> None:
    release = threading.Event()
    with scripted(Reply(wait=release), OK) as server:
        error = failure(lambda: transport(server.url, read_timeout=0.1).request("POST", "/things", body={}))
        while not server.calls:  # a busy server reads it late
            time.sleep(0.01)
        release.set()
    assert (error.kind, error.status, server.calls) == (FailureKind.UNKNOWN, None, ["POST /api/v2/things"])


def test_a_call_marked_repeatable_is_repeated() -> None:
    with scripted(Reply(drop=True), Reply(status=500), Reply(status=204)) as server:
        answer = transport(server.url).request("DELETE", "/things/1", repeatable=True)
    assert (answer.status, answer.json(), len(server.calls)) == (204, None, 3)


def test_a_cut_answer_to_a_read_is_fetched_again() -> None:
    with scripted(Reply(json={"half": 1}, cut=True), OK) as server:
        assert transport(server.url).request("GET", "/things").json() == {"ok": True}
    assert len(server.calls) == 2


def test_nobody_listening_is_refused_for_now_and_tried_again() -> None:
    with socket.socket() as taken:  # so that no other test listens there either
        taken.bind(("127.0.0.1", 0))
        http = transport(f"http://127.0.0.1:{taken.getsockname()[1]}", retries=3)
        error = failure(lambda: http.request("POST", "/things", body={}))
    assert (error.kind, error.status, slept(http)) == (FailureKind.REFUSED_FOR_NOW, None, [0.5, 1.0, 2.0])
    assert "The connection was refused" in str(error)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_too_many_requests_waits_as_long_as_the_platform_asks(method: str) -> None:
    with scripted(Reply(status=429, headers={"Retry-After": "7"}), OK) as server:
        http = transport(server.url)
        http.request(method, "/things")
    assert (len(server.calls), slept(http)) == (2, [7.0])


def test_retry_after_may_be_a_date() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    later = format_datetime(now + timedelta(seconds=12), usegmt=True)

    assert retry_after_seconds({"Retry-After": later, "Date": format_datetime(now, usegmt=True)}) == 12.0
    assert retry_after_seconds({"Retry-After": "soon"}) is None


@pytest.mark.parametrize(
    ("asked", "date", "seconds"),
    [
        ("\u00b2", "", None),
        ("\u0663", "", None),
        ("9" * 400, "", None),
        ("-1", "", None),
        ("1.5", "", None),
        ("Wed, 21 Oct 2099 07:28:01 -0000", "Wed, 21 Oct 2099 07:28:00 GMT", 1.0),
        ("Wed, 21 Oct 2099 07:28:01", "Wed, 21 Oct 2099 07:28:00 -0000", 1.0),
        ("Wed, 21 Oct 99999999999 07:28:01 GMT", "Wed, 21 Oct 2099 07:28:00 GMT", None),
        ("Wed, 21 Oct 2099 07:28:01 +9999999999999999999", "Wed, 21 Oct 2099 07:28:00 GMT", None),
    ],
)
def test_retry_after_that_says_nothing_is_ignored(asked: str, date: str, seconds: float | None) -> None:
    assert retry_after_seconds({"Retry-After": asked, "Date": date}) == seconds


@given(st.text(), st.text())
def test_retry_after_never_raises(asked: str, date: str) -> None:
    found = retry_after_seconds({"Retry-After": asked, "Date": date})
    assert found is None or 0 <= found < float("inf")


def test_too_many_requests_without_end_is_refused_for_now() -> None:
    with scripted(Reply(status=429, headers={"Retry-After": "1"})) as server:
        error = failure(lambda: transport(server.url, retries=2).request("POST", "/things", body={}))
    assert (error.kind, error.retry_after, len(server.calls)) == (FailureKind.REFUSED_FOR_NOW, 1.0, 9)


def test_waiting_longer_than_the_patience_is_given_up_at_once() -> None:
    with scripted(Reply(status=429, headers={"Retry-After": "3600"})) as server:
        error = failure(lambda: transport(server.url).request("GET", "/things"))
    assert (error.kind, len(server.calls)) == (FailureKind.REFUSED_FOR_NOW, 1)


def test_other_threads_hold_back_while_the_platform_limits_requests() -> None:
    with scripted(Reply(status=429, headers={"Retry-After": "30"}), OK) as server:
        http = transport(server.url)
        http.request("GET", "/first")
        before = slept(http).copy()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: http.request("GET", f"/{number}"), range(4)))
    assert (before, len(server.calls)) == ([30.0], 6)
    assert any(slept(http)[1:]), "later requests leave one by one"


def test_a_refused_token_is_renewed_once() -> None:
    tokens = CountingTokens()
    with scripted(Reply(status=401), OK) as server:
        transport(server.url, token=tokens).request("GET", "/things")
    assert [request.headers["Authorization"] for request in server.received] == ["Bearer token-0", "Bearer token-1"]


def test_a_call_that_must_not_be_sent_twice_is_not_repeated_with_a_new_token_and_its_outcome_is_unknown() -> None:
    with scripted(Reply(status=401), OK) as server:
        http = transport(server.url, token=CountingTokens())
        error = failure(lambda: http.request("POST", "/things", body={}))
        http.request("GET", "/things")
    assert (error.kind, server.calls) == (FailureKind.UNKNOWN, ["POST /api/v2/things", "GET /api/v2/things"])
    assert [request.headers["Authorization"] for request in server.received] == ["Bearer token-0", "Bearer token-1"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_that_stays_the_same_is_sent_once(method: str) -> None:
    with scripted(Reply(status=401, json={"detail": "Invalid token"})) as server:
        error = failure(lambda: transport(server.url, token=lambda *, refresh: "same").request(method, "/things"))
    assert (error.kind, len(server.calls)) == (FailureKind.UNAUTHORIZED, 1)


def test_a_token_refused_twice_is_unauthorized() -> None:
    tokens = CountingTokens()
    with scripted(Reply(status=401, json={"detail": "Invalid token"})) as server:
        error = failure(lambda: transport(server.url, token=tokens).request("GET", "/things"))
    assert (error.kind, error.detail, tokens.refreshed, len(server.calls)) == (
        FailureKind.UNAUTHORIZED,
        "Invalid token",
        1,
        2,
    )


def test_a_redirect_is_refused_and_not_followed() -> None:
    with scripted(Reply(status=307, headers={"Location": "/elsewhere"})) as server:
        error = failure(lambda: transport(server.url, token=CountingTokens()).request("GET", "/things"))
    assert (error.kind, error.status, len(server.calls)) == (FailureKind.REFUSED, 307, 1)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, FailureKind.REFUSED),
        (403, FailureKind.FORBIDDEN),
        (404, FailureKind.NOT_FOUND),
        (409, FailureKind.REFUSED),
        (422, FailureKind.REFUSED),
    ],
)
def test_a_refusal_is_final_and_quotes_the_platform(status: int, kind: FailureKind) -> None:
    with scripted(Reply(status=status, json={"detail": "because"})) as server:
        error = failure(lambda: transport(server.url).request("PATCH", "/things/1", body={}))
    assert (error.kind, error.status, error.detail, len(server.calls)) == (
        kind,
        status,
        "because",
        1,
    )


def test_a_validation_answer_names_attributes_and_never_what_was_sent() -> None:
    entry = {
        "loc": ["body", "runtime", 0, "cpu"],
        "msg": "too small",
        "type": "x",
        "input": "CANARY",
        "ctx": {"given": "CANARY"},
    }
    with scripted(Reply(status=422, json={"detail": [entry]})) as server:
        error = failure(
            lambda: transport(server.url).request("POST", "/things", query={"q": "CANARY"}, body={"a": "CANARY"})
        )
    assert error.fields == ((("body", "runtime", 0, "cpu"), "too small"),)
    assert error.detail == "runtime.0.cpu: too small"
    assert "CANARY" not in str(error) + repr(error) + repr(vars(error))


def test_the_guard_is_asked_before_every_sending_of_a_mutating_call_only() -> None:
    asked: list[str] = []
    with scripted(Reply(status=429, headers={"Retry-After": "0"}), OK) as server:
        http = transport(server.url, guard=lambda: asked.append("guard"))
        http.request("POST", "/things", body={})
        http.request("GET", "/things")
    assert (len(asked), len(server.calls)) == (2, 3)


def test_a_run_that_lost_its_lock_sends_nothing() -> None:
    def lost() -> None:
        raise LeaseLostError

    with scripted(OK) as server, pytest.raises(LeaseLostError):
        transport(server.url, guard=lost).request("DELETE", "/things/1", repeatable=True)
    assert server.calls == []


def test_a_stop_ends_the_pause_and_raises_the_failure() -> None:
    stop = threading.Event()
    stop.set()
    with scripted(Reply(status=500)) as server:
        http = transport(server.url, stop=stop)
        error = failure(lambda: http.request("GET", "/things"))
    assert (error.status, len(server.calls), slept(http)) == (500, 1, [])


def test_a_log_line_has_no_query_header_or_body(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="wlinfra.http"), scripted(Reply(json={"answer": "CANARY"})) as server:
        transport(server.url, token=lambda *, refresh: "CANARY").request(
            "POST", "/things", query={"q": "CANARY"}, body={"b": "CANARY"}
        )
    lines = [record.getMessage() for record in caplog.records if record.name == "wlinfra.http"]
    assert lines == ["POST /things -> 200, 19 bytes in 0 ms"]


def test_an_answer_that_is_no_json_is_an_error_that_says_so() -> None:
    with scripted(Reply(text="<html>hello</html>")) as server:
        read = failure(lambda: transport(server.url).request("GET", "/things").json())
        written = failure(lambda: transport(server.url).request("POST", "/things").json())
    assert (read.kind, written.kind) == (FailureKind.UNREADABLE, FailureKind.UNKNOWN)


def test_bodies_that_are_not_json_are_sent_as_they_are() -> None:
    with scripted(OK) as server:
        transport(server.url).request("POST", "/raw", body=RawBody(b"abc", "text/plain"))
        transport(server.url).request("POST", "/form", body=multipart("file", "a/b.txt", b"content"))
    raw, form = server.received
    assert (raw.body, raw.headers["Content-Type"]) == (b"abc", "text/plain")
    assert form.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="file"; filename="a/b.txt"' in form.body


def test_a_query_is_spelt_as_the_platforms_want_it() -> None:
    moment = datetime(2026, 1, 2, 3, tzinfo=UTC)
    assert (
        encode_query({"b": False, "k": FailureKind.REFUSED, "t": moment, "none": None})
        == "b=false&k=refused&t=2026-01-02T03%3A00%3A00%2B00%3A00"
    )


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://x.example/api/v2/things/1", "/things/1"),
        ("/api/v2/things/1", "/things/1"),
        ("https://evil.example/api/v2/things/1", None),
        ("http://x.example/api/v2/things/1", None),
        ("https://x.example/api/v2/../things", None),
        ("https://x.example/other", None),
    ],
)
def test_only_urls_of_the_same_origin_are_local(url: str, path: str | None) -> None:
    assert transport("https://x.example/api/v2").local_path(url) == path


@pytest.mark.parametrize(
    ("error", "sent", "final"),
    [
        (exceptions.SSLError(ssl.SSLCertVerificationError("self-signed")), False, True),
        (exceptions.SSLError("bad record"), True, False),
        (exceptions.ProxyError("refused", OSError()), False, False),
        (exceptions.ProtocolError("reset"), True, False),
        (exceptions.ReadTimeoutError(None, "/", "late"), True, False),  # type: ignore[arg-type]  # no pool to name here
    ],
    ids=["certificate", "tls", "proxy", "reset", "timeout"],
)
def test_only_what_never_left_counts_as_not_sent(error: exceptions.HTTPError, sent: bool, final: bool) -> None:
    meant = wire_error(error)
    assert (meant.was_sent, meant.is_final) == (sent, final)
    assert meant.reason.endswith(".")


def test_a_missing_authority_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no readable file of certificates"):
        transport("https://127.0.0.1:9/api/v2", verify=str(tmp_path / "none.pem")).request("GET", "/things")


def test_a_proxy_gets_the_request_for_the_platform() -> None:
    with scripted(OK) as proxy:
        transport("http://platform.example/api/v2", proxy=proxy.url.removesuffix("/api/v2")).request("GET", "/things")
    assert proxy.calls == ["GET http://platform.example/api/v2/things"]


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        ("https://api.example.com", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("https://api.example.com", {"https_proxy": "p:1"}, "http://p:1"),
        ("http://api.example.com", {"HTTPS_PROXY": "http://p:1"}, None),
        ("https://api.example.com", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other, .example.com"}, None),
        ("https://api.example.com:8443", {"ALL_PROXY": "http://p:1", "NO_PROXY": "api.example.com:443"}, "http://p:1"),
        ("https://api.example.com", {"HTTPS_PROXY": "http://p:1", "no_proxy": "*"}, None),
        ("http://127.0.0.1:8181", {"HTTP_PROXY": "http://p:1"}, None),
    ],
)
def test_the_proxy_comes_from_the_environment_passed_in(
    url: str, environment: dict[str, str], proxy: str | None
) -> None:
    assert proxy_for(url, environment) == proxy


def test_urllib3_is_loaded_with_the_first_request_only() -> None:
    program = "import sys, wlinfra.http.transport, wlinfra_datarobot.client; print('urllib3' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"


def test_requests_refused_together_slow_the_rest_down_once() -> None:
    clock = ManualClock()
    pace = Pace(clock)
    assert pace.wait(None)
    for _ in range(8):
        pace.slow_down(5.0, sent_at=clock.time)
    assert [pace.wait(None) for _ in range(3)] == [True] * 3
    assert clock.sleeps == [5.0, 0.02, 0.02]


def test_the_pace_returns_to_no_limit_with_enough_successes() -> None:
    clock = ManualClock()
    pace = Pace(clock)
    pace.slow_down(1.0, sent_at=clock.time)
    pace.wait(None)
    for _ in range(50):
        pace.speed_up()
    assert [pace.wait(None) for _ in range(3)] == [True] * 3
    assert len(clock.sleeps) <= 2


def test_a_stop_during_a_platforms_hold_sends_nothing_more() -> None:
    stop = threading.Event()

    class StoppingClock(ManualClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            stop.set()

    with scripted(Reply(status=429, headers={"Retry-After": "20"}), OK) as server:
        error = failure(lambda: transport(server.url, stop=stop, clock=StoppingClock()).request("POST", "/things"))
    assert (error.kind, len(server.calls)) == (FailureKind.REFUSED_FOR_NOW, 1)


def test_a_pause_ends_in_time_when_nobody_stops_it() -> None:
    with scripted(Reply(status=500), OK) as server:
        http = transport(server.url, stop=threading.Event())
        http.request("GET", "/things")
        http.close()
    assert slept(http) == [0.2, 0.2, 0.1]
