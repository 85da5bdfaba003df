"""The HTTP transport that every provider's client stands on.

A client makes one `HttpTransport` with `HttpOptions` and calls `request`; it gets a `Response` or an `ApiError`.
Requests are repeated only where that cannot do anything twice. urllib3 is imported with the first request, so that
a plan without a platform, and `--help`, do not pay for it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import orjson

from wlinfra.provider.connections import failure_reason, is_final, new_pool, was_sent
from wlinfra.provider.failures import ApiError, Call, FailureKind, answer_failure, lost_failure
from wlinfra.provider.http_options import HttpOptions, TokenSource
from wlinfra.provider.retry import Pace, backoff_delay, pause, retry_after_seconds

if TYPE_CHECKING:
    import urllib3

__all__ = [
    "ApiError",
    "FailureKind",
    "HttpOptions",
    "HttpTransport",
    "Query",
    "RawBody",
    "Response",
    "TokenSource",
    "encode_query",
    "multipart",
]

_LOG = logging.getLogger("wlinfra.http")

Query = Mapping[str, Any] | str
"""Names and values (a list is repeated keys, None is left out), or a query string as it stands."""


@dataclass(frozen=True, slots=True)
class RawBody:
    """A body that is not JSON."""

    data: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A successful answer; header names are looked up in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    call: Call

    def json(self) -> Any:
        """Return the decoded body, None when it is empty; raises ApiError when it is no JSON."""
        if not self.body:
            return None
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise ApiError(
                self.call, self.call.lost, "The answer is not JSON: is this the API's address?", status=self.status
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sending:
    """One request ready to be sent, as often as its retries allow."""

    call: Call
    url: str
    body: bytes | None
    content_type: str | None


class HttpTransport:
    """Sends requests to one platform; any number of threads may share it."""

    def __init__(self, options: HttpOptions) -> None:
        self.options = options
        self._base = options.base_url.rstrip("/")
        self._lock = threading.Lock()
        self._manager: urllib3.PoolManager | None = None
        self._pace = Pace(options.clock)
        self._tokens = _Tokens(options.token)

    def request(
        self, method: str, path: str, *, query: Query | None = None, body: Any = None, repeatable: bool | None = None
    ) -> Response:
        """Send one request and return the answer; raises ApiError for every failure.

        ``path`` is below the base URL and starts with a slash. ``body`` is JSON-able, or a `RawBody`. ``repeatable``
        says whether sending twice equals sending once: by default only for reads.
        """
        call = Call(method=method, path=path, platform=self.options.platform)
        call = (
            call
            if repeatable is None and not call.is_mutating
            else Call(method=method, path=path, platform=self.options.platform, repeatable=bool(repeatable))
        )
        text = query if isinstance(query, str) else encode_query(query or {})
        data, content_type = _encode_body(body)
        return self._send(
            _Sending(
                call=call, url=f"{self._base}{path}{'?' if text else ''}{text}", body=data, content_type=content_type
            )
        )

    def local_path(self, url: str) -> str | None:
        """Return the path below the base URL that an absolute or rooted URL means, None when it leads elsewhere."""
        base, other = urlsplit(self._base), urlsplit(url)
        same_origin = (other.scheme, other.netloc) in {("", ""), (base.scheme, base.netloc)}
        if (
            not same_origin
            or other.query
            or ".." in other.path.split("/")
            or not other.path.startswith(base.path + "/")
        ):
            return None
        return other.path[len(base.path) :]

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        with self._lock:
            manager, self._manager = self._manager, None
        if manager is not None:
            manager.clear()

    def _send(self, sending: _Sending) -> Response:
        clock = self.options.clock
        deadline = clock.monotonic() + self.options.patience
        tries = _Tries(self.options)
        while True:
            self._wait_for_turn(sending.call)
            token = self._tokens.current()
            sent_at = clock.monotonic()
            outcome = self._attempt(sending, token)
            if isinstance(outcome, Response):
                self._pace.speed_up()
                return outcome
            error = outcome.error
            if error.kind is FailureKind.UNAUTHORIZED and not tries.renewed and self._tokens.renew(token):
                tries.renewed = True
                continue
            delay = tries.next_delay(sending.call, outcome)
            if delay is None or clock.monotonic() + delay > deadline:
                raise error from outcome.cause
            if error.status == 429:
                self._pace.slow_down(delay, sent_at=sent_at)
            elif not pause(clock, delay, self.options.stop):
                raise error from outcome.cause

    def _wait_for_turn(self, call: Call) -> None:
        if not self._pace.wait(self.options.stop):
            raise lost_failure(call, "The run was stopped while the platform limits its requests.", sent=False)

    def _attempt(self, sending: _Sending, token: str | None) -> Response | _Failure:
        import urllib3

        call, started = sending.call, self.options.clock.monotonic()
        manager = self._pool()
        if call.is_mutating:
            self.options.guard()
        try:
            answer = manager.request(
                call.method,
                sending.url,
                body=sending.body,
                headers=self._headers(sending, token),
                redirect=False,
                retries=False,
            )
        except urllib3.exceptions.HTTPError as error:
            sent = was_sent(error)
            self._log(call, type(error).__name__, started)
            return _Failure(
                error=lost_failure(call, failure_reason(error), sent=sent),
                sent=sent,
                is_final=is_final(error),
                cause=error,
            )
        self._log(call, answer.status, started)
        if 200 <= answer.status < 300:
            return Response(status=answer.status, headers=answer.headers, body=answer.data, call=call)
        wait = retry_after_seconds(answer.headers)
        return _Failure(
            error=answer_failure(
                call, answer.status, answer.data, retry_after=wait, content_type=answer.headers.get("Content-Type", "")
            )
        )

    def _headers(self, sending: _Sending, token: str | None) -> dict[str, str]:
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": self.options.user_agent,
            **self.options.headers,
        }
        if sending.content_type:
            headers["Content-Type"] = sending.content_type
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def _log(self, call: Call, result: object, started: float) -> None:
        _LOG.debug("%s -> %s in %d ms", call, result, 1000 * (self.options.clock.monotonic() - started))

    def _pool(self) -> urllib3.PoolManager:
        with self._lock:
            if self._manager is None:
                self._manager = new_pool(self.options)
            return self._manager


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """An attempt that failed; ``sent`` is False when the request provably never left, ``is_final`` when a repeat cannot help."""

    error: ApiError
    sent: bool = True
    is_final: bool = False
    cause: Exception | None = None


class _Tries:
    """How often one request was repeated so far."""

    def __init__(self, options: HttpOptions) -> None:
        self._options = options
        self._failed = 0
        self._limited = 0
        self.renewed = False

    def next_delay(self, call: Call, failure: _Failure) -> float | None:
        """Return the seconds to wait before the next try, None when there must be none."""
        error = failure.error
        if error.status == 429:
            self._limited += 1
            return self._delay(error, self._limited, 4 * self._options.retries)
        passing = error.status is None or error.status >= 500
        if not passing or failure.is_final or not (call.repeatable or not failure.sent):
            return None
        self._failed += 1
        return self._delay(error, self._failed, self._options.retries)

    def _delay(self, error: ApiError, count: int, limit: int) -> float | None:
        if count > limit:
            return None
        return backoff_delay(count - 1, self._options.jitter) if error.retry_after is None else error.retry_after


class _Tokens:
    """The token all threads send, renewed once however many of them are refused with it."""

    def __init__(self, source: TokenSource | None) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._token: str | None = None

    def current(self) -> str | None:
        """Return the token, fetched on the first call."""
        if self._source is None:
            return None
        with self._lock:
            if self._token is None:
                self._token = self._source(refresh=False)
            return self._token

    def renew(self, refused: str | None) -> bool:
        """Fetch a new token unless another thread already did; False when there is no source."""
        if self._source is None:
            return False
        with self._lock:
            if self._token == refused:
                self._token = self._source(refresh=True)
        return True


def encode_query(query: Mapping[str, Any]) -> str:
    """Return the query string: lists as repeated keys, None left out, enums by value, times in ISO 8601.

    >>> encode_query({"status": ["running", "stopped"], "search": None, "stats": True})
    'status=running&status=stopped&stats=true'
    """
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        values: Iterable[Any] = value if isinstance(value, list | tuple | set | frozenset) else (value,)
        pairs.extend((name, _query_text(item)) for item in values if item is not None)
    return urlencode(pairs)


def multipart(name: str, filename: str, data: bytes) -> RawBody:
    """Return the body of a form with one file in it."""
    from urllib3.filepost import encode_multipart_formdata

    body, content_type = encode_multipart_formdata({name: (filename, data, "application/octet-stream")})
    return RawBody(body, content_type)


def _query_text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case _ if hasattr(value, "isoformat"):
            return str(value.isoformat())
        case _:
            return str(value)


def _encode_body(body: Any) -> tuple[bytes | None, str | None]:
    match body:
        case None:
            return None, None
        case RawBody(data, content_type):
            return data, content_type
        case _:
            return orjson.dumps(body), "application/json"
