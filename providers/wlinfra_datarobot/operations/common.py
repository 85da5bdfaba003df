"""What the calls share: what a busy platform says, ids in answers, and what an interrupted call left behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from wlinfra.errors import Diagnostic, ProviderError
from wlinfra.http.failures import ApiError, Call, FailureKind
from wlinfra.provider import DidNotHappen, Done, Happened, Intent, Recovery, Sent, UnclearOutcome

from .. import fetch
from ..platform import Platform

__all__ = ["found_after_create", "identity_in", "is_busy", "live_document"]

_BUSY: Final = 409


def is_busy(error: ProviderError, sent: Sent) -> bool:
    """Return whether a conflict means that the platform is busy, so that the call is made again later."""
    del sent
    return isinstance(error, ApiError) and error.status == _BUSY


def found_after_create(
    rows: Sequence[fetch.Document], intent: Intent, done: Callable[[Mapping[str, Any], Mapping[str, Any]], Done]
) -> Recovery:
    """Return the one of the rows of that name that is new; doubt where there are several."""
    known = set(intent.lookup.get("known") or ())
    new = [row for row in rows if row["id"] not in known]
    if len(new) == 1:
        result = done(new[0], intent.lookup)
        return Happened(id=result.id, outputs=result.outputs, memory=result.memory)
    if not new:
        return DidNotHappen()
    candidates = tuple(sorted(row["id"] for row in new))
    return UnclearOutcome(
        error=Diagnostic(
            summary="Several objects could be it",
            detail=f"The answer to {intent.verb} was lost, and {len(candidates)} {intent.kind}s named "
            f"{intent.lookup['name']!r} appeared since: {', '.join(candidates)}.",
            fix="Delete those that are not wanted.",  # the applier adds the command that takes one over
            address=intent.address,
        ),
        candidates=candidates,
    )


def identity_in(answer: Mapping[str, Any] | None, method: str, path: str) -> str:
    """Return the id in the answer to a create; raises ApiError where there is none."""
    match answer:
        case {"id": str() as identity}:
            return identity
        case _:
            raise ApiError(
                Call(method=method, path=path, platform="DataRobot"), FailureKind.UNKNOWN, "The answer has no id."
            )


def live_document(platform: Platform, kind: str, identity: str | None) -> fetch.Document | None:
    """Return an object by its id, None where it is gone; raises ApiError for what the platform does not tell."""
    found = fetch.get(platform, kind, identity or "")
    if isinstance(found, ApiError):
        raise found
    return found
