"""What a diff says of its effect: the paths as the user wrote them, and one line for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, ActionReason
from wlinfra.diff.model import AttributeChange
from wlinfra.diff.schema import Effect
from wlinfra.pulumi.bridge.paths import PropertyPath, differences, located_at, overlap, written
from wlinfra.pulumi.bridge.planning import Planned
from wlinfra.pulumi.bridge.subjects import Task
from wlinfra.pulumi.contract import Diffed, Difference, Differs, Properties
from wlinfra.pulumi.schema.names import ENGINE_OPTIONS
from wlinfra.render.summary import summarize
from wlinfra.render.wording import verdict
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.values import UNKNOWN

__all__ = ["diffed", "input_differences", "report_line"]


def diffed(task: Task, planned: Planned, old: Properties, new: Properties) -> Diffed:
    """Return the differences that lead to the planned calls; none where no call follows."""
    effective = planned.effective
    if not effective:
        return Diffed(changes=False)
    main = planned.main_change(task.address)
    is_replaced = main is not None and main.action is Action.REPLACE
    found = dict(_of_inputs(planned, old, new, is_replaced=is_replaced))
    for path, item in _of_plan(planned, new, is_replaced=is_replaced):
        if not any(overlap(path, other) for other in found):
            found[path] = item
    items = tuple(found.values())
    if is_replaced and not any(item.replaces for item in items):
        cause = "artifact" if main is not None and main.reason in _BY_DEPENDENCY and "artifact" in new else "name"
        items = (*(item for item in items if item.path != cause), _forced(cause, new))
    order = main.replace_order if main is not None and is_replaced else None
    return Diffed(changes=True, differences=items, deletes_first=order is ReplaceOrder.DELETE_THEN_CREATE)


_BY_DEPENDENCY = (ActionReason.DEPENDENCY_CHANGED, ActionReason.DEPENDENCY_REPLACED)


def _forced(path: str, new: Properties) -> Difference:
    return Difference(path=path, differs=Differs.UPDATE, replaces=True, of_inputs=path in new)


def input_differences(old: Properties, new: Properties) -> tuple[Difference, ...]:
    """Return where the inputs differ, where what that leads to is not known.

    A declared artifact of which nothing is known any more is one that the engine is about to delete, and with it must
    go what runs it: otherwise its id alone would be unknown.
    """
    return tuple(
        Difference(
            path=written(path),
            differs=_kind(before, after),
            replaces=path == ("artifact",) and isinstance(before, Mapping) and after is UNKNOWN,
        )
        for path, before, after in differences(old, new)
    )


def _of_inputs(
    planned: Planned, old: Properties, new: Properties, *, is_replaced: bool
) -> Iterator[tuple[PropertyPath, Difference]]:
    """Yield where the inputs differ, without what differs in its spelling alone."""
    causes = [*_causes(planned, new), *_causes(planned, old)]
    found = [(path, before, after) for path, before, after in differences(old, new) if not _is_of_engine(path)]
    meant = [item for item in found if any(overlap(item[0], path) for path, _ in causes)]
    for path, before, after in meant or found:
        replaces = is_replaced and any(cause.effect is Effect.REPLACES and overlap(path, at) for at, cause in causes)
        yield path, Difference(path=written(path), differs=_kind(before, after), replaces=replaces)


def _of_plan(planned: Planned, new: Properties, *, is_replaced: bool) -> Iterator[tuple[PropertyPath, Difference]]:
    """Yield what differs live, or follows from something else, where the inputs are as they were."""
    if not any(change.attributes for change in planned.effective):
        return
    for path, cause in _causes(planned, new):
        if path and not _is_of_engine(path):
            kind = _kind(cause.live if cause.live is not None else cause.recorded, cause.planned)
            replaces = is_replaced and cause.effect is Effect.REPLACES
            yield path, Difference(path=written(path), differs=kind, replaces=replaces, of_inputs=False)


def _causes(planned: Planned, properties: Properties) -> list[tuple[PropertyPath, AttributeChange]]:
    """Return the planned differences of values, each with where it stands in the properties."""
    return [
        (located_at(properties, change.address, item.name), item)
        for change in planned.effective
        for item in change.attributes
    ]


def _is_of_engine(path: PropertyPath) -> bool:
    return bool(path) and str(path[0]).startswith("__")


def _kind(before: object, after: object) -> Differs:
    if before is None:
        return Differs.ADD
    return Differs.DELETE if after is None else Differs.UPDATE


# ---------------------------------------------------------------- for people


def report_line(task: Task, planned: Planned) -> str:
    """Return action, reason, effect on what runs, calls and GPUs, in one line."""
    what = "; ".join(_of_change(task, change) for change in planned.effective)
    headline = summarize(planned.plan).headline
    effect = headline.partition(".  ")[2] or headline
    return f"{what}. {' '.join(effect.split())}"


def _of_change(task: Task, change: Change) -> str:
    who = "" if change.address == task.address else f"{change.address} "
    paths = sorted({ENGINE_OPTIONS.get(item.name, item.name) for item in change.attributes})
    because = ", ".join(paths[:4]) + (" and more" if len(paths) > 4 else "")
    if not because and change.reason is not None:
        because = change.reason.value
    calls = [f"{step.verb} {step.path}" for step in change.steps]
    number = f"{len(calls)} call{'' if len(calls) == 1 else 's'}: {', '.join(calls)}" if calls else "no call"
    words = " ".join(verdict(change).split())
    return f"{who}{words}{f' for {because}' if because and change.action is not Action.NO_OP else ''} ({number})"
