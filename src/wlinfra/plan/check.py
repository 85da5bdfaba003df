"""Distrust of providers: a change that breaks the contract is refused before anybody sees it as a plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from wlinfra.changes.model import Action, BlastRadius, Change
from wlinfra.changes.outcome import RECORDED_ONLY, needs_call
from wlinfra.errors import ProviderError
from wlinfra.provider.base import Absent, Live, PlanRequest

__all__ = ["check_change"]


def check_change(change: Change, request: PlanRequest) -> None:
    """Raise ProviderError naming every rule of the contract that the change breaks."""
    faults = list(_faults(change, request))
    if faults:
        raise ProviderError.of(
            "Provider returned wrong plan",
            f"For {change.address} it planned {change.action.value}, but {'; '.join(faults)}. This is a bug in the {change.provider} provider.",
            "Report it to the provider's authors; nothing was changed.",
            address=change.address,
        )


def _faults(change: Change, request: PlanRequest) -> Iterator[str]:
    subject = request.desired or request.prior
    if subject is not None and change.address != subject.address:
        yield f"it was asked about {subject.address}"
    if request.desired is not None and request.desired.lookup and change.action is not Action.READ:
        yield "the object is only looked up"
    yield from _report_faults(change)
    makes = any(step.makes for step in change.steps)
    removes = any(step.removes for step in change.steps)
    match change.action:
        case Action.NO_OP | Action.READ | Action.FORGET:
            if change.steps:
                yield f"{len(change.steps)} calls stand in it"
        case Action.CREATE:
            yield from _create_faults(change, request, makes=makes, removes=removes)
        case Action.REPLACE:
            yield from _replace_faults(change, both=makes and removes)
        case Action.DELETE:
            yield from _delete_faults(request, removes=removes)
        case Action.UPDATE | Action.ROLL | Action.IMPORT:
            if removes:
                yield "a step removes the object"
            if isinstance(request.reading, Absent) and not change.virtual:
                yield "there is nothing to change"
        case _:
            assert_never(change.action)


def _report_faults(change: Change) -> Iterator[str]:
    """Yield where what people read of a change, its label, blast radius and effects, is not what its calls do."""
    does = bool(change.steps) or change.goal is not None
    radius = change.blast_radius
    if change.label == RECORDED_ONLY:
        yield f"it is labelled {RECORDED_ONLY}, which follows from the calls and is for nobody to say"
    if not does and radius is not BlastRadius.NONE:
        yield f"its blast radius is {radius.words} and nothing is called"
    if change.action is Action.ROLL and (radius is BlastRadius.NONE or not does):
        yield "it is a roll that rolls nothing"
    if change.action is Action.UPDATE and radius is BlastRadius.ROLLING:
        yield "its blast radius is a rolling restart and it is no roll"
    if not does and not change.is_empty and needs_call(change):
        yield "what differs needs a call, and nothing is called"


def _create_faults(change: Change, request: PlanRequest, *, makes: bool, removes: bool) -> Iterator[str]:
    if not makes and not change.virtual:
        yield "no step makes the object"
    if removes:
        yield "a step removes something"
    if isinstance(request.reading, Live):
        yield "the object exists already"


def _replace_faults(change: Change, *, both: bool) -> Iterator[str]:
    if not both:
        yield "a replacement needs a step that makes and a step that removes"
    if change.replace_order is None:
        yield "it does not say which comes first"


def _delete_faults(request: PlanRequest, *, removes: bool) -> Iterator[str]:
    if not removes:
        yield "no step removes the object"
    if request.desired is not None and request.deposed_id is None:
        yield "the object is declared"
