"""Diagnostics of an apply: what is reported when one object cannot be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wlinfra.changes.change import Change
from wlinfra.changes.model import ActionReason, Step
from wlinfra.errors import Diagnostic, WlinfraError
from wlinfra.http.retry import describe_wait
from wlinfra.plan.check import raised
from wlinfra.provider.base import Refused, UnclearOutcome
from wlinfra.remedies import Advice, destroy, import_, plan
from wlinfra.values import Address

__all__ = [
    "LOST_ANSWER",
    "about",
    "crashed",
    "interrupted",
    "no_identity",
    "of_error",
    "refused",
    "same_object",
    "stale",
    "still_unknown",
    "timed_out",
    "unclear",
]

LOST_ANSWER = "the answer to its last call was lost; the next run looks up what became of it"


def about(change: Change, diagnostic: Diagnostic) -> Diagnostic:
    """Return the diagnostic with the object's address and place where it has none."""
    return diagnostic.placed(change.address, change.location)


def _of(change: Change, summary: str, detail: str, fix: str | Advice) -> Diagnostic:
    return Diagnostic(summary=summary, detail=detail, fix=fix, address=change.address, location=change.location)


def refused(change: Change, answer: Refused) -> Diagnostic:
    """Return what the platform said to a call, its attributes named as the program has them."""
    error = answer.error
    if answer.attributes:
        names = [change.declared.name(path) for path, _ in answer.attributes]
        said = [f"{name}: {text}" if name else text for name, (_, text) in zip(names, answer.attributes, strict=True)]
        error = replace(error, detail=f"{error.detail}: {'; '.join(said)}.", path=names[0] or None)
    return about(change, error)


def of_error(change: Change, error: WlinfraError) -> Diagnostic:
    """Return what the error says, about this object; one without a word is a provider's bug."""
    if not error.diagnostics:
        return crashed(change, error)
    first, *others = error.diagnostics
    detail = "\n".join((first.detail, *map(str, others)))
    return about(change, replace(first, detail=detail))


def crashed(change: Change, error: BaseException) -> Diagnostic:
    """Describe an exception that a provider should not have raised; its text is left out, as it may hold a secret."""
    return _of(
        change,
        "Provider failed unexpectedly",
        f"{raised(error)} while {change.address} was worked on. This is a bug in the {change.provider} provider.",
        "Run the same command again: what was begun is looked up first. Please report the bug.",
    )


def asking(error: Diagnostic, after: float) -> str:
    """Return a refusal for now in the platform's words, with how long it asks to wait."""
    return f"asked to wait {describe_wait(after)}: {error.detail.rstrip('.')}"


def asks_too_long(error: Diagnostic, after: float, left: float) -> Diagnostic:
    """Return the error for a platform that asks to wait for longer than the object may take."""
    detail = (
        f"{error.detail.rstrip('.')}. It asks to wait {describe_wait(after)}, and {describe_wait(left)} are left of what the "
        "object may take, so it is not waited for; nothing was done."
    )
    fix = f"Run the command again in {describe_wait(after)}, or give the resource longer `timeouts`."
    return replace(error, detail=detail, fix=fix)


def still_unknown(change: Change, what: str, awaited: Sequence[str] = ()) -> Diagnostic:
    """Describe a reference that should be known by now; ``awaited`` are those to what is declared elsewhere."""
    if awaited:
        return _of(
            change,
            "An output of another plan is not known",
            f"{change.address} refers to {', '.join(awaited)}, declared elsewhere and not known yet, so nothing was sent.",
            "Apply that first, and give its outputs.",
        )
    return _of(
        change,
        "A value is still unknown",
        f"{what} of {change.address} has a value that no finished step returned, so nothing was sent. This is a bug in the {change.provider} provider.",
        "Check that the object it refers to has that output after it is ready.",
    )


def no_identity(change: Change, step: Step) -> Diagnostic:
    """Describe a create whose answer has no id."""
    return _of(
        change,
        "Created object has no id",
        f"{step.operation} succeeded for {change.address} but the platform returned no id, so it cannot be recorded. This is a bug in the {change.provider} provider.",
        Advice("Find its id on the platform, then", import_(change.address, None)),
    )


def same_object(change: Change) -> Diagnostic:
    """Describe a replacement whose new object is the old one."""
    return _of(
        change,
        "Replacement is the same object",
        f"The platform answered the create of {change.address} with the id of the object it was to replace, so nothing was deleted.",
        "Declare replace_order='delete-then-create' on it, then plan and apply again.",
    )


def stale(change: Change, differences: Sequence[str]) -> Diagnostic:
    """Describe an object that is not what the plan was made from."""
    again = destroy() if change.reason is ActionReason.DESTROYING else plan()
    shown = "; ".join(differences) or "it changed since it was planned"
    return _of(
        change,
        "Plan is stale",
        f"{change.address} was not touched, because what would be done now is not what was approved: {shown}.",
        Advice("Plan again and review the difference:", again),
    )


def timed_out(change: Change, describe: str, timeout: float, reason: str) -> Diagnostic:
    """Describe a wait that took too long."""
    said = f' The platform reported last: "{reason}".' if reason else ""
    return _of(
        change,
        "Waiting took too long",
        f"{change.address} did not get {describe} within {timeout:g} seconds.{said}",
        "Run the same command again: it continues to wait and repeats nothing. Declare a longer time with timeouts={...} if it needs one.",
    )


def unclear(address: Address, found: UnclearOutcome) -> Diagnostic:
    """Describe a lost answer that only a user can judge."""
    fix = found.error.fix
    if found.candidates:
        choice = "Look at the candidates and choose the one it is:"
        fix = Advice(fix, "\n" * bool(fix), choice, *(import_(address, candidate) for candidate in found.candidates))
    return replace(
        found.error,
        address=found.error.address or address,
        fix=fix or "Run the same command again when the platform answers: it is looked up first.",
    )


def interrupted(describe: str) -> str:
    """Say why an object was left while it waited."""
    return f"waiting until it is {describe} was interrupted; the next apply continues to wait"
