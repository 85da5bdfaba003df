"""Distrust of providers: an answer that breaks the contract, or an exception instead of one, is an error of the provider.

`plan.reading` and `plan.objects` check each answer with it, so that no one sees a wrong one as a plan.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import assert_never

from wlinfra.changes.model import Action, BlastRadius, Decision
from wlinfra.changes.outcome import RECORDED_ONLY, needs_call
from wlinfra.errors import Diagnostic, Location, ProviderError, WlinfraError
from wlinfra.provider.base import Absent, Live, PlanRequest

__all__ = ["REPORT_IT", "blaming", "check_decision", "failed", "location_of", "raised"]

REPORT_IT = "Report it to the provider's authors; nothing was changed."


@contextmanager
def blaming(
    provider: str, what: str, *, address: str | None = None, location: Location | None = None
) -> Iterator[None]:
    """Raise ProviderError for what a provider raises and should not; ``what`` is what it was asked for.

    The text of such an exception is left out, as it may contain a secret.
    """
    try:
        yield
    except WlinfraError:
        raise
    except (Exception, SystemExit) as error:
        raise ProviderError(failed(provider, what, error).placed(address, location)) from error


def failed(provider: str, what: str, error: BaseException) -> Diagnostic:
    """Return the error of a provider that raised while ``what``."""
    detail = f"{raised(error)} while {what}. This is a bug in the {provider} provider."
    return Diagnostic(summary="Provider failed unexpectedly", detail=detail, fix=REPORT_IT)


def raised(error: BaseException) -> str:
    """Return what was raised and where, without its text."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {PurePath(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__} was raised{where}"


def location_of(request: PlanRequest) -> Location | None:
    """Return the line of the declaration; None for what is recorded only."""
    return request.desired.location if request.desired is not None else None


def check_decision(decision: object, request: PlanRequest) -> None:
    """Raise ProviderError naming every rule of the contract that the decision breaks."""
    if isinstance(decision, Decision):
        said, faults = f"planned {decision.action.value}", list(_faults(decision, request))
    else:
        said, faults = f"returned {type(decision).__name__}", ["a decision was asked for"]
    if faults:
        raise ProviderError.of(
            "Provider returned wrong plan",
            f"For {request.subject.address} it {said}, but {'; '.join(faults)}. This is a bug in the {request.subject.provider} provider.",
            REPORT_IT,
            address=request.subject.address,
            location=location_of(request),
        )


def _faults(decision: Decision, request: PlanRequest) -> Iterator[str]:
    if request.desired is not None and request.desired.lookup and decision.action is not Action.READ:
        yield "the object is only looked up"
    if request.desired is None and decision.action not in (Action.DELETE, Action.FORGET):
        yield "the object must go"
    yield from _report_faults(decision, virtual=request.subject.virtual)
    makes = any(step.makes for step in decision.steps)
    removes = any(step.removes for step in decision.steps)
    match decision.action:
        case Action.NO_OP | Action.READ | Action.FORGET:
            if decision.steps:
                yield f"{len(decision.steps)} calls stand in it"
        case Action.CREATE:
            yield from _create_faults(decision, request, makes=makes, removes=removes)
        case Action.REPLACE:
            yield from _replace_faults(decision, both=makes and removes)
        case Action.DELETE:
            yield from _delete_faults(request, removes=removes)
        case Action.UPDATE | Action.ROLL | Action.IMPORT:
            if removes:
                yield "a step removes the object"
            if isinstance(request.reading, Absent) and not request.subject.virtual:
                yield "there is nothing to change"
        case _:
            assert_never(decision.action)


def _report_faults(decision: Decision, *, virtual: bool) -> Iterator[str]:
    """Yield where the label, blast radius or effects shown of a decision do not match its calls."""
    does = bool(decision.steps) or decision.goal is not None
    radius = decision.blast_radius
    if decision.label == RECORDED_ONLY:
        yield f"it is labelled {RECORDED_ONLY}, which follows from the calls and must not be set"
    if not does and radius is not BlastRadius.NONE:
        yield f"its blast radius is {radius.words} and nothing is called"
    if decision.action is Action.ROLL and (radius is BlastRadius.NONE or not does):
        yield "it is a roll that rolls nothing"
    if decision.action is Action.UPDATE and radius is BlastRadius.ROLLING:
        yield "its blast radius is a rolling restart and it is no roll"
    if not does and not decision.is_empty and not virtual and needs_call(decision):
        yield "what differs needs a call, and nothing is called"


def _create_faults(decision: Decision, request: PlanRequest, *, makes: bool, removes: bool) -> Iterator[str]:
    if not makes and not request.subject.virtual:
        yield "no step creates the object"
    if removes:
        yield "a step removes something"
    if isinstance(request.reading, Live):
        yield "the object exists already"


def _replace_faults(decision: Decision, *, both: bool) -> Iterator[str]:
    if not both:
        yield "a replacement needs a step that creates and a step that removes"
    if decision.replace_order is None:
        yield "it does not define which comes first"


def _delete_faults(request: PlanRequest, *, removes: bool) -> Iterator[str]:
    if not removes:
        yield "no step removes the object"
    if request.desired is not None and request.deposed_id is None:
        yield "the object is declared"
