"""What the calls share: creating and deleting, what an interrupted call left behind, and what a busy platform answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from wlinfra.errors import Diagnostic, ProviderError
from wlinfra.http.failures import ApiError, Call, FailureKind
from wlinfra.provider import DidNotHappen, Done, Happened, Intent, Operation, Recovery, Sent, UnclearOutcome

from .. import fetch
from ..client import DataRobotClient
from ..platform import Platform
from .carried import confirm

__all__ = ["changed", "creation", "gone", "identity_in", "is_busy", "live_document"]

Made: TypeAlias = Callable[[Mapping[str, Any], Mapping[str, Any]], Done]
"""Returns what is recorded of an object that was created, from its document and what the look-up knew."""

_BUSY: Final = 409


def is_busy(error: ProviderError, sent: Sent) -> bool:
    """Return whether a conflict means that the platform is busy, so that the call is made again later."""
    del sent
    return isinstance(error, ApiError) and error.status == _BUSY


def creation(kind: str, calls: Callable[[DataRobotClient], Any], made: Made) -> Operation[Platform]:
    """Return the call that creates an object; after a lost answer the new one of that name is it."""
    path = f"/{kind}s"

    def call(platform: Platform, sent: Sent) -> Done:
        named = {"name": sent.payload["name"]} if "name" in sent.payload else {}
        answer = calls(platform.client).create(sent.payload)
        return made(confirm("POST", path, named, answer), sent.lookup)

    def look(platform: Platform, intent: Intent) -> Recovery:
        rows = fetch.with_name(platform, kind, intent.lookup["name"])
        repository = intent.lookup.get("repository")
        if repository is not None:
            rows = [row for row in rows if row.get("artifactRepositoryId") == repository]
        return _found(rows, intent, made)

    return Operation(name=f"create_{kind}", verb="POST", path=path, call=call, look=look, makes=True)


def changed(calls: Any, path: str, sent: Sent) -> Mapping[str, Any]:
    """Change attributes of an object and return its document; raises ApiError where it lacks what was sent."""
    answer = calls.update(sent.target, sent.payload)
    return confirm("PATCH", f"{path}/{sent.target}", sent.payload, answer, lambda: calls.get(sent.target))


def gone(kind: str) -> Callable[[Platform, Intent], Recovery]:
    """Return the look-up of a delete: it took effect where the object is no longer there."""

    def look(platform: Platform, intent: Intent) -> Recovery:
        return Happened() if live_document(platform, kind, intent.target) is None else DidNotHappen()

    return look


def _found(rows: Sequence[fetch.Document], intent: Intent, made: Made) -> Recovery:
    """Return the one of the rows of that name that is new; doubt where there are several."""
    known = set(intent.lookup.get("known") or ())
    new = [row for row in rows if row["id"] not in known]
    if len(new) == 1:
        result = made(new[0], intent.lookup)
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
