"""How a platform's failed answers become one exception.

Called by `transport` alone; providers catch `ApiError` and look at its `kind`.
A reply's body is read for its explanation only: what it echoes of the request (`input`, `ctx`) can hold secrets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Any, Final, assert_never

import orjson

from wlinfra.errors import Diagnostic, ProviderError
from wlinfra.remedies import Advice, Option

from .retry import describe_wait
from .wire import Lost

__all__ = [
    "UNANSWERED",
    "ApiError",
    "Call",
    "FailureKind",
    "FieldError",
    "answer_failure",
    "explain_body",
    "kind_of_status",
    "lost_failure",
]

_TEXT_LIMIT = 500
_TOO_MANY = 429

FieldError = tuple[tuple[str | int, ...], str]
"""Where in the request something is wrong, and what."""


class FailureKind(Enum):
    """What a failed call means for the platform; it decides what may be done next."""

    REFUSED = "refused"
    """The platform said no; nothing happened."""
    NOT_FOUND = "not found"
    """The object does not exist; nothing happened."""
    UNAUTHORIZED = "unauthorized"
    """The token is missing, wrong or expired; nothing happened."""
    FORBIDDEN = "forbidden"
    """The token may not do this; nothing happened."""
    REFUSED_FOR_NOW = "refused for now"
    """Too many requests, or no server listens; nothing happened and a later try can succeed."""
    UNKNOWN = "unknown"
    """A mutating request was sent and its outcome is not known: look before anything else."""
    UNREADABLE = "unreadable"
    """A read failed; nothing can be concluded from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The request a failure speaks of: never its query, headers or body."""

    method: str
    path: str
    platform: str = "the platform"
    endpoint: str = ""
    """The address that all paths are below."""
    sources: str = ""
    """A sentence that says where the endpoint and the token are from."""

    @property
    def is_mutating(self) -> bool:
        """True when the call can change something."""
        return self.method not in {"GET", "HEAD", "OPTIONS"}

    @property
    def lost(self) -> FailureKind:
        """What it means when this call was sent and no usable reply came."""
        return FailureKind.UNKNOWN if self.is_mutating else FailureKind.UNREADABLE

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class ApiError(ProviderError):
    """A call to a platform failed; ``kind`` says what that means, ``detail`` what the platform said.

    ``status`` is the HTTP status, None when no answer came. ``fields`` holds what a validation answer said of single
    attributes. ``retry_after`` is in seconds, where the platform gave one. ``is_over`` is True where the platform did
    answer although what became of the call is unknown: nothing of it is under way any more.
    """

    def __init__(
        self,
        call: Call,
        kind: FailureKind,
        detail: str,
        *,
        status: int | None = None,
        fields: tuple[FieldError, ...] = (),
        retry_after: float | None = None,
        lost: Lost | None = None,
        is_over: bool = False,
    ) -> None:
        self.is_over = is_over
        self.method = call.method
        self.path = call.path
        self.kind = kind
        self.status = status
        self.detail = detail
        self.fields = fields
        self.retry_after = retry_after
        summary, fix = _words(kind, status, lost)
        super().__init__(Diagnostic(summary=summary, detail=_sentence(call, kind, status, detail), fix=fix))


def kind_of_status(status: int, call: Call) -> FailureKind:
    """Return what an HTTP status that is no success means for this call."""
    match status:
        case 401:
            return FailureKind.UNAUTHORIZED
        case 403:
            return FailureKind.FORBIDDEN
        case 404 | 410:
            return FailureKind.NOT_FOUND
        case 429:
            return FailureKind.REFUSED_FOR_NOW
        case _ if 300 <= status < 500:
            return FailureKind.REFUSED
        case _:
            return call.lost


def answer_failure(
    call: Call, status: int, body: bytes, *, retry_after: float | None = None, content_type: str = ""
) -> ApiError:
    """Return the error an answer stands for."""
    detail, fields = explain_body(body, content_type=content_type)
    if status == _TOO_MANY and retry_after and not call.is_mutating:  # of other calls the applier says what it does
        said = f"{detail.rstrip('.')}; it" if detail else "it"
        detail = f"{said} asks to wait {describe_wait(retry_after)}"
    if 300 <= status < 400:
        detail = "It redirects the request, which is not followed because the token would go along. Check the endpoint's scheme, host and path."
    return ApiError(call, kind_of_status(status, call), detail, status=status, fields=fields, retry_after=retry_after)


def lost_failure(call: Call, reason: str, *, sent: bool, lost: Lost | None = None, is_over: bool = False) -> ApiError:
    """Return the error for a call without a usable answer; ``sent`` is False when it provably never left."""
    if sent:
        return ApiError(call, call.lost, reason, lost=lost, is_over=is_over)
    kind = FailureKind.REFUSED_FOR_NOW if call.is_mutating else FailureKind.UNREADABLE
    return ApiError(call, kind, reason, lost=lost)


def explain_body(body: bytes, *, content_type: str = "") -> tuple[str, tuple[FieldError, ...]]:
    """Return the explanation in an error's body and what it says of single attributes.

    Understood are ``{"detail": "text"}``, ``{"detail": [{"loc", "msg"}]}``, ``{"message": "text"}`` and plain text.

    >>> explain_body(b'{"detail": [{"loc": ["body", "name"], "msg": "Field required", "input": "secret"}]}')
    ('name: Field required', ((('body', 'name'), 'Field required'),))
    """
    try:
        document = orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        is_text = content_type.startswith("text/plain")
        return (_cut(body.decode("utf-8", "replace").strip()) if is_text else ""), ()
    if not isinstance(document, Mapping):
        return "", ()
    for key in ("detail", "message", "error", "title"):
        match document.get(key):
            case str() as text if text:
                return _cut(text), ()
            case list() as entries:
                fields = _fields(entries)
                return _cut("; ".join(_field_text(field) for field in fields)), fields
            case {"message": str() as text}:
                return _cut(text), ()
            case _:
                continue
    return "", ()


def _fields(entries: Sequence[Any]) -> tuple[FieldError, ...]:
    found: list[FieldError] = []
    for entry in entries:
        match entry:
            case {"loc": list() as loc, "msg": str() as message}:
                found.append((tuple(part for part in loc if isinstance(part, str | int)), message))
            case {"msg": str() as message}:
                found.append(((), message))
            case str() as message:
                found.append(((), message))
            case _:
                continue
    return tuple(found)


def _field_text(field: FieldError) -> str:
    loc, message = field
    inner = loc[1:] if loc and loc[0] in {"body", "query", "path"} else loc
    return f"{'.'.join(map(str, inner))}: {message}" if inner else message


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT_LIMIT else text[:_TEXT_LIMIT] + "..."


def _sentence(call: Call, kind: FailureKind, status: int | None, detail: str) -> str:
    is_about_endpoint = kind in _ABOUT_THE_ENDPOINT or status is None or status >= 500 or 300 <= status < 400
    names_endpoint = call.endpoint and (is_about_endpoint or kind is FailureKind.REFUSED_FOR_NOW)
    who = f"{call.platform} at {call.endpoint}" if names_endpoint else call.platform
    what = f"{who} gave no answer to {call}" if status is None else f"{who} answered {call} with {_status_text(status)}"
    head = what[0].upper() + what[1:]
    text = f"{head}: {detail}" if detail else head
    text = text if text.endswith((".", "...", "?")) else text + "."
    if is_about_endpoint and call.sources:
        text += f" {call.sources}"
    if kind is FailureKind.UNKNOWN:
        return text + " The request was sent, so it may have taken effect."
    return text


def _status_text(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


_ABOUT_THE_ENDPOINT: Final = frozenset({FailureKind.UNAUTHORIZED, FailureKind.UNREADABLE})

_FIXES: Final = {
    Lost.BAD_ADDRESS: "Correct the endpoint.",
    Lost.UNKNOWN_HOST: "Correct the host in the endpoint, or check that this machine resolves it.",
    Lost.REFUSED: "Check that it runs there, and the host and port of the endpoint; then run the command again.",
    Lost.CONNECT_TIMEOUT: "Check the host and port of the endpoint, and whether a firewall or a proxy stands between.",
    Lost.PROXY: "Check the proxy: the option `proxy`, or HTTPS_PROXY, HTTP_PROXY and NO_PROXY.",
    Lost.CERTIFICATE: "Name the authority's file as `ca_file` in the environment's options, or correct the host.",
    Lost.PLAIN_HTTP: "Write http:// in the endpoint, or the port on which it speaks TLS.",
}


_NOT_NOW: Final = "Platform refused for now"
_NOT_READ: Final = "Platform could not be read"
UNANSWERED: Final = frozenset({_NOT_NOW, _NOT_READ})
"""The summaries of failures from which nothing can be concluded: the platform did not answer."""


def _words(kind: FailureKind, status: int | None, lost: Lost | None) -> tuple[str, str]:
    """Return the summary of a failure, and how to fix it."""
    match kind:
        case FailureKind.REFUSED:
            summary, fix = "Platform refused the request", "Correct what the answer names, then run the command again."
        case FailureKind.NOT_FOUND:
            summary, fix = "Not found on the platform", "Check the id and the endpoint; a plan shows what exists."
        case FailureKind.UNAUTHORIZED:
            summary = "Platform refused the token"
            fix = "Give a valid token for this endpoint; tokens expire and belong to one installation."
        case FailureKind.FORBIDDEN:
            summary = "Permission is missing"
            fix = "Use a token with the needed permission, or ask an administrator or the owner for the role."
        case FailureKind.REFUSED_FOR_NOW:
            few = "fewer parallel calls help where requests are limited: "
            summary = _NOT_NOW
            fix = Advice("Run the command again later; ", few, Option("parallelism", "4"), ".")
        case FailureKind.UNKNOWN:
            summary = "Outcome of a call unknown"
            fix = "Run the command again: it looks for the outcome before it does anything."
        case FailureKind.UNREADABLE:
            summary, fix = _NOT_READ, _unreadable_fix(status)
        case other:
            assert_never(other)
    return summary, _FIXES.get(lost, fix) if lost is not None else fix


def _unreadable_fix(status: int | None) -> str:
    if status is None:
        return "Check the network, the proxy and the endpoint, then run the command again."
    if status >= 500:
        return "It is not able to answer at the moment. Run the command again later."
    return "Check that the endpoint is the API's own address, then run the command again."
