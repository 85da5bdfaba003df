"""What the API server's refusals mean, as one typed error.

`client` raises `ClusterError`; the questions decide by its `failure` and tell people its message and causes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeVar

import orjson

from wlinfra.errors import Diagnostic, ProviderError
from wlinfra.http.retry import describe_wait, retry_after_seconds
from wlinfra.http.shapes import misfit
from wlinfra.http.wire import Lost, Outcome, WireAnswer
from wlinfra_manifests.quantities import amount

from .wire import Refusing

__all__ = [
    "Cause",
    "ClusterError",
    "Failure",
    "brief",
    "failure_of",
    "fits_when_one_goes",
    "refusal_of",
    "unless",
    "while_stale",
]

D = TypeVar("D")
T = TypeVar("T")


class Failure(Enum):
    """What kind of refusal it was."""

    NOT_FOUND = "not found"
    NO_KIND = "kind not served"
    NO_NAMESPACE = "namespace missing"
    CONFLICT = "fields owned by others"
    STALE = "changed meanwhile"
    EXISTS = "exists already"
    INVALID = "not valid"
    FORBIDDEN = "no rights"
    DENIED = "denied by an admission rule"
    UNAUTHORIZED = "not signed in"
    BUSY = "busy"
    UNREACHABLE = "not reached"
    UNTRUSTED = "certificate not trusted"
    LOST = "answer lost"


_STALE_TRIES: Final = 5
_LONGEST: Final = 300
"""Characters of a cause that is shown as it is."""


def brief(cause: str) -> str:
    """Return a cause without the complete value that was refused, or the comparison of two, that the API server may quote.

    >>> brief("Forbidden: spec is immutable\\n  core.Spec{")
    'Forbidden: spec is immutable'
    """
    text = cause.partition("\n")[0].strip()
    if len(text) <= _LONGEST:
        return text
    kind, reason = text.partition(": ")[0], text.rpartition(": ")[2]
    return f"{kind[:_LONGEST]}: {reason}" if len(reason) <= _LONGEST else f"{text[:_LONGEST]}..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One entry of ``Status.details.causes``."""

    reason: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


_SUMMARIES: Final = {
    Failure.NOT_FOUND: "Object not found",
    Failure.NO_KIND: "Kind is not served",
    Failure.NO_NAMESPACE: "Namespace does not exist",
    Failure.CONFLICT: "Fields are owned by others",
    Failure.STALE: "Object changed meanwhile",
    Failure.EXISTS: "Object exists already",
    Failure.INVALID: "Cluster finds object invalid",
    Failure.FORBIDDEN: "Account lacks a right",
    Failure.DENIED: "Admission rule denies it",
    Failure.UNAUTHORIZED: "Cluster does not know account",
    Failure.BUSY: "Cluster is busy",
    Failure.UNREACHABLE: "Cluster cannot be reached",
    Failure.UNTRUSTED: "Cluster's certificate is not trusted",
    Failure.LOST: "Cluster's answer was lost",
}
_FIXES: Final = {
    Failure.FORBIDDEN: "Ask for that right, or use an account that has it.",
    Failure.UNAUTHORIZED: "Sign in again, or correct `kubeconfig` and `context` in the environment's options.",
    Failure.UNREACHABLE: "Check the address in the kubeconfig and whether the cluster is up; then run the command again.",
    Failure.UNTRUSTED: "Put the authority that signed the server's certificate into the kubeconfig, as\n"
    "`certificate-authority-data` of the cluster:\n"
    "    kubectl config set-cluster NAME --certificate-authority=FILE --embed-certs\n"
    "or correct its `server` where that is another host's address.",
    Failure.BUSY: "Run the command again in a while.",
    Failure.NO_NAMESPACE: "Create it with\n    kubectl create namespace {missing}\nor declare it as a Manifest of this stack.",
    Failure.INVALID: "Correct the declaration.",
    Failure.DENIED: "Stay within the quota or the rule that the message names, or have it changed.",
}
_BY_REASON: Final = {
    "InternalError": (
        "Cluster failed at the request",
        "Have what the message names mended, such as a webhook that does not answer; then run the command again.",
    ),
    "RequestEntityTooLarge": ("Object is too large", "Make it smaller; a cluster takes about 1 MB in one object."),
    "MethodNotAllowed": ("Cluster does not offer the call", "Leave the object out: its kind cannot be changed so."),
    "Timeout": ("Cluster took too long", "Run the command again in a while."),
    "ServerTimeout": ("Cluster took too long", "Run the command again in a while."),
}
"""Title and advice by the reason of a Status, for reasons that share a status or a failure with others."""
_LONG_WAIT: Final = 10.0
"""Seconds from which on it is reported how long the server asks to wait; one second is what it always asks for."""
_OF_THE_SERVER: Final = frozenset({Failure.LOST, Failure.BUSY, Failure.UNAUTHORIZED})
"""Failures that speak of no object, so that the message names the server."""
_QUOTED: Final = 300
"""How many bytes of an answer that is not the API server's are shown."""
_NOT_SERVED: Final = "404 page not found"
_TYPED_MERGE: Final = ("failed to create typed ", "failed to merge config")
_DENIAL: Final = re.compile(
    r"^admission webhook \S+ denied the request|\bValidatingAdmissionPolicy '[^']*' with binding '[^']*' denied request: "
)
"""How an admission rule says no, whatever status and reason it gives."""
_TAG: Final = re.compile(r"<(?:style|script|title).*?</(?:style|script|title)>|<[^>]*>", re.DOTALL | re.IGNORECASE)


_QUOTA: Final = re.compile(r"exceeded quota: .*requested: (.+), used: (.+), limited: (.+)$")


class ClusterError(ProviderError):
    """A request that the cluster refused or that did not reach it."""

    def __init__(
        self,
        failure: Failure,
        message: str,
        *,
        causes: tuple[Cause, ...] = (),
        status: int = 0,
        after: float = 1.0,
        missing: str = "",
        reason: str = "",
    ) -> None:
        """``reason`` is that of the API server's Status, which decides about title and advice where it is known."""
        self.failure = failure
        self.message = message
        self.causes = causes
        self.status = status
        self.after = after
        self.reason = reason
        by_quota = failure is Failure.DENIED and "exceeded quota" in message
        usual = (_SUMMARIES[failure], _FIXES.get(failure, ""))
        summary, fix = ("Quota is used up", usual[1]) if by_quota else _BY_REASON.get(reason, usual)
        super().__init__(Diagnostic(summary=summary, detail=message, fix=fix.format(missing=missing)))

    @property
    def diagnostic(self) -> Diagnostic:
        """What users are shown."""
        return self.diagnostics[0]


def fits_when_one_goes(error: ClusterError) -> bool:
    """True when a quota refused an object, but is not overdrawn: another that goes makes room for it."""
    found = _QUOTA.search(error.message)
    if error.failure is not Failure.DENIED or found is None:
        return False
    requested, used, limited = (
        {name: amount(text) for name, _, text in (part.partition("=") for part in side.split(","))}
        for side in found.groups()
    )
    return all(max(requested.get(name, 0), used.get(name, 0)) <= limit for name, limit in limited.items())


def unless(failure: Failure, call: Callable[[], T], otherwise: D) -> T | D:
    """Return what the call returns, ``otherwise`` where it fails so; raises ClusterError for any other failure."""
    try:
        return call()
    except ClusterError as error:
        if error.failure is not failure:
            raise
        return otherwise


def while_stale(call: Callable[[], T]) -> T:
    """Return what the call returns, made again while another user writes at the same moment; raises ClusterError."""
    for _ in range(_STALE_TRIES - 1):
        try:
            return call()
        except ClusterError as error:
            if error.failure is not Failure.STALE:
                raise
    return call()


def failure_of(method: str, path: str, status: int, body: bytes, headers: Mapping[str, str]) -> ClusterError:
    """Return the error for an answer without success; its message is one line."""
    asked = retry_after_seconds(headers)
    after = 1.0 if asked is None else asked
    said = _status(body)
    if said is None:
        return _of_something_else(method, path, status, body, after)
    details = said.get("details") or {}
    causes = tuple(
        Cause(
            reason=cause.get("reason") or "", field=cause.get("field") or "", message=brief(cause.get("message") or "")
        )
        for cause in details.get("causes") or ()
    )
    message = " ".join(str(said.get("message") or f"{method} {path} was answered with {status}.").split())
    failure = _kind(method, status, message, said, causes)
    missing = str(details.get("name") or "NAME")
    reason = str(said.get("reason") or "")
    return ClusterError(failure, message, causes=causes, status=status, after=after, missing=missing, reason=reason)


def refusal_of(method: str, path: str, outcome: Outcome, *, server: str) -> ClusterError:
    """Return the error for a request without success; ``server`` names the API server for users."""
    if isinstance(outcome, WireAnswer):
        error = failure_of(method, path, outcome.status, outcome.body, outcome.headers)
        if error.failure not in _OF_THE_SERVER:
            return error
        text = f"{error.message.rstrip('.')}. The server is {server}."
        if method == "GET" and error.after >= _LONG_WAIT:  # of other calls the applier says what it does
            text += f" It asks to wait {describe_wait(error.after)}."
        return ClusterError(
            error.failure, text, causes=error.causes, status=error.status, after=error.after, reason=error.reason
        )
    if outcome.lost is Lost.CERTIFICATE:  # it cannot heal, so it is not tried again
        return ClusterError(Failure.UNTRUSTED, f"The certificate of {server} is not trusted.")
    if outcome.was_sent:
        return ClusterError(Failure.LOST, outcome.reason)
    return ClusterError(Failure.UNREACHABLE, f"{outcome.reason} The server is {server}.")


def _status(body: bytes) -> Mapping[str, Any] | None:
    """Return the API server's own words; None for the answer of anything else."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    is_status = isinstance(found, dict) and found.get("kind") == "Status" and not misfit(found, Refusing)
    return found if is_status else None


def _of_something_else(method: str, path: str, status: int, body: bytes, after: float) -> ClusterError:
    """Return the error for an answer that is not a Status.

    The API server itself answers so for a kind that it does not serve. Everything else comes from a proxy or a load
    balancer, and says nothing about the object: not that it does not exist, and not that a request was not carried out.
    """
    text = body[:_QUOTED].decode(errors="replace")
    if status == 404 and text.strip() == _NOT_SERVED:
        return ClusterError(Failure.NO_KIND, f"The cluster serves nothing at {path}.", status=status)
    words = " ".join(_TAG.sub(" ", text).split())
    message = f"{method} {path} was answered with {status}, not by the API server: {words}".rstrip(": ")
    match status:
        case 401:
            failure = Failure.UNAUTHORIZED
        case 403:
            failure = Failure.DENIED
        case 400 | 413 | 415 | 422:
            failure = Failure.INVALID
        case _ if status < 400 or status == 408 or status >= 500:
            failure = Failure.LOST  # some say 503 when the server went away after it had the request
        case _:
            failure = Failure.BUSY
    return ClusterError(failure, message, status=status, after=after)


def _kind(method: str, status: int, message: str, said: Mapping[str, Any], causes: tuple[Cause, ...]) -> Failure:
    details = said.get("details") or {}
    match status:
        case _ if _DENIAL.search(message):
            return Failure.DENIED
        case 404 if details.get("kind") == "namespaces" and method in ("PATCH", "POST"):
            return Failure.NO_NAMESPACE
        case 404:
            return Failure.NOT_FOUND
        case 409 if any(cause.reason == "FieldManagerConflict" for cause in causes):
            return Failure.CONFLICT
        case 409:
            return Failure.EXISTS if said.get("reason") == "AlreadyExists" else Failure.STALE
        case 401:
            return Failure.UNAUTHORIZED
        case 403:
            is_missing_right = " cannot " in message and (": User " in message or message.startswith("User "))
            return Failure.FORBIDDEN if is_missing_right else Failure.DENIED
        case 400 | 413 | 415 | 422:
            return Failure.INVALID
        case 500 if method == "PATCH" and not said.get("reason") and message.startswith(_TYPED_MERGE):
            # Unknown fields, wrong types and duplicate keys, found before anything is written. Errors of the storage
            # have no reason either, and may hide a success.
            return Failure.INVALID
        case 429 | 500 | 502 | 503 | 504:
            return Failure.BUSY
        case _:
            return Failure.INVALID
