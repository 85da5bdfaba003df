"""The JSON API of a platform with bearer tokens: what most providers' clients stand on.

A client makes one `HttpTransport` with `HttpOptions` and calls `request`; it gets a `Response` or an `ApiError`.
When a request is sent again is decided by `sender`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from wlinfra.values import Path

from .failures import ApiError, Call, FailureKind, answer_failure, lost_failure
from .options import HttpOptions, TokenSource
from .pool import PoolWire, new_pool, once
from .retry import retry_after_seconds
from .sender import Refusal, Sender, Sending
from .shapes import misfit
from .wire import Lost, Outcome, Wire, WireAnswer

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
            raise self.unreadable("It is not JSON.") from error

    def fitting(self, shape: Any) -> Any:
        """Return the decoded body, which has the shape of this `TypedDict`; raises ApiError for any other."""
        document = self.json()
        self.check(document, shape)
        return document

    def check(self, part: Any, shape: Any, *, at: Path = ()) -> None:
        """Raise ApiError unless this part of the body, which stands at ``at``, has the shape."""
        wrong = misfit(part, shape, at=at)
        if wrong:
            raise self.unreadable(f"{wrong}.")

    def unreadable(self, what: str) -> ApiError:
        """Return the error for a body that is not what the call asked for."""
        detail = f"The answer cannot be read. {what} Is this the API's address?"
        return ApiError(self.call, self.call.lost, detail, status=self.status)


class HttpTransport:
    """Sends requests to one platform; any number of threads may share it."""

    def __init__(self, options: HttpOptions, wire: Wire | None = None) -> None:
        """``wire`` is for tests and other ways to a platform; by default it is a pool of connections."""
        self.options = options
        self._base = options.base_url.rstrip("/")
        self._sender = Sender(
            wire or PoolWire(once(lambda: new_pool(options))),
            _Tokens(self._base, options.token),
            self._explain,
            options,
        )

    def request(
        self, method: str, path: str, *, query: Query | None = None, body: Any = None, repeatable: bool | None = None
    ) -> Response:
        """Send one request and return the answer; raises ApiError for every failure.

        ``path`` is below the base URL and starts with a slash. ``body`` is JSON, secrets in it still closed, or a `RawBody`. ``repeatable``
        says whether sending twice equals sending once: by default only for reads.
        """
        call = self._call(method, path)
        data, content_type = self._encode_body(body)
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip", **self.options.headers}
        if content_type:
            headers["Content-Type"] = content_type
        answer = self._sender.send(
            Sending(
                method=method,
                path=path,
                query=query if isinstance(query, str) else encode_query(query or {}),
                body=data,
                headers=headers,
                is_mutating=call.is_mutating,
                is_repeatable=not call.is_mutating if repeatable is None else repeatable,
            )
        )
        return Response(status=answer.status, headers=answer.headers, body=answer.body, call=call)

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
        self._sender.close()

    def hide(self, text: str) -> str:
        """Return a text of the platform without any secret that was sent to it."""
        return self._sender.redactor.text(text)

    def _encode_body(self, body: Any) -> tuple[bytes | None, str | None]:
        match body:
            case None:
                return None, None
            case RawBody(data, content_type):
                return data, content_type
            case _:
                return self._sender.redactor.dumps(body), "application/json"

    def _call(self, method: str, path: str) -> Call:
        options = self.options
        return Call(method=method, path=path, platform=options.platform, endpoint=self._base, sources=options.sources)

    def _explain(self, sending: Sending, outcome: Outcome) -> Refusal:
        call = self._call(sending.method, sending.path)
        if not isinstance(outcome, WireAnswer):
            error = lost_failure(
                call, outcome.reason, sent=outcome.was_sent, lost=outcome.lost, is_over=outcome.lost is Lost.RENEWED
            )
            return Refusal(error=error, is_passing=not outcome.is_final)
        error = answer_failure(
            call,
            outcome.status,
            outcome.body,
            retry_after=retry_after_seconds(outcome.headers),
            content_type=outcome.headers.get("Content-Type", ""),
        )
        return Refusal(error=error, is_passing=outcome.status >= 500)


class _Tokens:
    """The token all threads send, renewed once however many of them are refused with it."""

    def __init__(self, base_url: str, source: TokenSource | None) -> None:
        self.base_url = self.shown_url = base_url
        self._source = source
        self._lock = threading.Lock()
        self._token: str | None = None

    def headers(self) -> Mapping[str, str]:
        """Return the header with the token, which is fetched on the first call."""
        if self._source is None:
            return {}
        with self._lock:
            if self._token is None:
                self._token = self._source(refresh=False)
            return _bearer(self._token)

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Fetch the token again unless another thread already did; True when it is another one now."""
        if self._source is None:
            return False
        with self._lock:
            if _bearer(self._token) == refused:
                self._token = self._source(refresh=True)
            return _bearer(self._token) != refused


def _bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


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
