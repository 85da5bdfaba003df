"""Builds the document of a plan, which all formats show."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any, TypeVar, cast

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, ActionReason, Step
from wlinfra.changes.outcome import actions_of, label_of
from wlinfra.diff.model import SENSITIVE, AttributeChange
from wlinfra.diff.project import mask
from wlinfra.diff.schema import OPAQUE
from wlinfra.errors import Diagnostic
from wlinfra.plan.model import FORMAT_VERSION, OutputChange, Plan, Recovered
from wlinfra.render import document as doc
from wlinfra.render.encode import Value
from wlinfra.render.summary import summarize
from wlinfra.render.wording import verdict
from wlinfra.values import Json, Ref

__all__ = ["describe", "describe_diagnostic", "member_names"]

_T = TypeVar("_T")


def describe(plan: Plan, *, unchanged: bool = True) -> doc.Plan:
    """Return the document of the plan; without ``unchanged``, only the changes that text formats show."""
    return _described(
        doc.Plan,
        plan,
        format_version=FORMAT_VERSION,
        summary=summarize(plan),
        changes=tuple(_change(plan, change) for change in plan.changes if unchanged or _is_shown(change)),
        moved=tuple(doc.Move(address=new, previous_address=old) for new, old in sorted(plan.moved.items())),
        outputs=tuple(map(_output, plan.outputs)),
        recovered=tuple(map(_recovered, plan.recovered)),
        warnings=tuple(map(describe_diagnostic, plan.warnings)),
        errors=tuple(map(describe_diagnostic, plan.errors)),
        applicable=not plan.errors,
        empty=plan.is_empty,
    )


def describe_diagnostic(diagnostic: Diagnostic) -> doc.Diagnostic:
    """Return the document of an error or warning."""
    return _described(doc.Diagnostic, diagnostic, attribute=diagnostic.path)


def _described(kind: type[_T], source: object, **members: Any) -> _T:
    """Return the document; members that are not given are those of the source."""
    return kind(
        **{
            name: members[name] if name in members else getattr(source, name)
            for name in member_names(cast("Any", kind))
        }
    )


@cache
def member_names(kind: Any) -> tuple[str, ...]:
    """Return the names of the fields of a dataclass; raises TypeError for any other class."""
    return tuple(item.name for item in fields(kind))


def _is_shown(change: Change) -> bool:
    is_noticed = change.drift or change.unfinished or change.reason is ActionReason.GONE
    return bool(is_noticed or change.action is Action.READ or not change.is_empty)


def _change(plan: Plan, change: Change) -> doc.Change:
    wanted = plan.objects.get(change.address)
    evident = wanted.evident if wanted is not None and change.action is Action.CREATE else ()
    decision = change.decision
    return _described(
        doc.Change,
        change,
        resource=change.address.resource,
        actions=actions_of(decision),
        reason=change.reason.name.lower() if change.reason else None,
        label=label_of(decision),
        verdict=verdict(change),
        blast_radius=change.blast_radius.words,
        reversible=decision.reversible,
        irreversible_because=decision.irreversible_because,
        values=Value(mask(dict(change.values), wanted.schema if wanted else OPAQUE)),
        evident=tuple(sorted(evident, key=str)),
        outputs=Value(change.outputs),
        attributes=tuple(map(_attribute, change.attributes)),
        drift=tuple(map(_attribute, change.drift)),
        unfinished=tuple(map(_attribute, change.unfinished)),
        steps=tuple(map(_step, change.steps)),
        goal=doc.Goal(describe=change.goal.describe, timeout_seconds=change.goal.timeout) if change.goal else None,
        depends_on=tuple(sorted(change.depends_on)),
        predicted=decision.predicted,
        unverified=decision.unverified,
    )


def _value(value: Json, *, sensitive: bool) -> Value:
    return Value(SENSITIVE if sensitive and value is not None else value)


def _attribute(item: AttributeChange) -> doc.Attribute:
    return doc.Attribute(
        path=item.path,
        attribute=item.name,
        recorded=_value(item.recorded, sensitive=item.sensitive),
        live=_value(item.live, sensitive=item.sensitive),
        planned=_value(item.planned, sensitive=item.sensitive),
        effect=item.effect.name.lower(),
        origin=item.origin,
        note=item.note,
    )


def _step(step: Step) -> doc.Step:
    target = f"{step.target.address}.{step.target.attribute}" if isinstance(step.target, Ref) else step.target
    return _described(doc.Step, step, target=target, gate=step.gate.describe if step.gate else None)


def _output(output: OutputChange) -> doc.Output:
    before, after = (_value(value, sensitive=output.sensitive) for value in (output.before, output.after))
    return _described(doc.Output, output, before=before, after=after)


def _recovered(item: Recovered) -> doc.Recovered:
    intent = item.intent
    return _described(
        doc.Recovered,
        item,
        address=intent.address,
        operation=intent.operation,
        verb=intent.verb,
        creates=intent.target is None,
        error=describe_diagnostic(item.error) if item.error else None,
    )
