"""What a failed call means: refused, refused for now, or unknown. `questions` hands `outcome` to the connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from wlinfra.errors import Diagnostic, ProviderError
from wlinfra.http.failures import ApiError, FailureKind, FieldError
from wlinfra.provider import Done, Operation, Refused, RefusedForNow, Sent, Step, StepResult, UnknownOutcome
from wlinfra.values import Json, Path

from .platform import Platform

__all__ = ["attribute_path", "outcome"]

_IN_DOUBT = frozenset({400, 401, 409})
"""What the second of two equal creates is answered with, when something on the way repeated the first."""
_BUSY_WAIT = 2.0


def outcome(operation: Operation[Platform], step: Step, error: ProviderError) -> StepResult:
    """Return the outcome of a call that failed; raises the error when it is none of a call's."""
    if not isinstance(error, ApiError):
        raise error
    match error.kind:
        case FailureKind.NOT_FOUND if operation.gone_is_done:
            return Done(id=None if step.removes else _text(step.target))
        case FailureKind.UNKNOWN:
            return UnknownOutcome(error=error.diagnostics[0], is_over=error.is_over)
        case FailureKind.REFUSED_FOR_NOW:
            return RefusedForNow(error=error.diagnostics[0], after=error.retry_after or 1.0)
        case FailureKind.REFUSED if operation.passes(error, Sent.of(step)):
            return RefusedForNow(error=error.diagnostics[0], after=error.retry_after or _BUSY_WAIT)
        case (
            FailureKind.REFUSED
            | FailureKind.NOT_FOUND
            | FailureKind.UNAUTHORIZED
            | FailureKind.FORBIDDEN
            | FailureKind.UNREADABLE
        ):
            return _refused(step, error)
    assert_never(error.kind)


def _text(target: object) -> str | None:
    return target if isinstance(target, str) else None


def _refused(step: Step, error: ApiError) -> Refused:
    in_doubt = step.makes and error.status in _IN_DOUBT
    if not error.fields:
        return Refused(error=error.diagnostics[0], in_doubt=in_doubt)
    return Refused(
        error=Diagnostic(
            summary="Platform refused an attribute",
            detail=f"DataRobot refused {step.verb} {step.path}",
            fix="Correct the attribute in the declaration, then run the command again.",
        ),
        attributes=tuple((attribute_path(field, step.payload), field[1]) for field in error.fields),
        in_doubt=in_doubt,
    )


def attribute_path(field: FieldError, payload: Json) -> Path:
    """Return where in the payload a refused attribute stands: elements of keyed lists by their key."""
    loc = [part for part in field[0] if part != "body"]
    path: list[str | int] = []
    here: Any = payload
    for index, part in enumerate(loc):
        match here:
            case Mapping() if part in here or index == len(loc) - 1:
                here = here.get(part)
                path.append(part)
            case Sequence() if isinstance(part, int) and not isinstance(here, str) and part < len(here):
                here = here[part]
                key = here.get("name") or here.get("scalingMetric") if isinstance(here, Mapping) else None
                path.append(key or part)
            case _:
                # The platform also names the kind it tried, such as a union's member; that is no attribute.
                continue
    return tuple(path)
