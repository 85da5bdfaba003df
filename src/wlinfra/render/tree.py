"""One change as a block of lines: its sentence, its attributes, its calls, and what it costs.

`render.text` puts the blocks in order; nothing here looks at another change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, ActionReason, BlastRadius, Impact, Step
from wlinfra.changes.outcome import RECORDED_ONLY, counts_as
from wlinfra.diff.model import AttributeChange, Origin
from wlinfra.diff.schema import Effect
from wlinfra.errors import Location
from wlinfra.render.encode import Brief
from wlinfra.render.style import Style, clean
from wlinfra.render.summary import counted, gpu_line
from wlinfra.render.values import INDENT, SENSITIVE_VALUE, format_value, is_secret, text_difference
from wlinfra.render.wording import action_symbol, sentence
from wlinfra.values import Json, contains_unknown

__all__ = ["attribute_lines", "change_lines", "drift_lines", "heading"]

_LOCATION_COLUMN = 72
_NAME_WIDTH = 40


def heading(text: str, location: Location | None, style: Style) -> str:
    """Return a ``#`` line with the place in the program at its right."""
    line = style.paint(f"  # {text}", "bold")
    if location is None:
        return line
    return line + " " * max(2, _LOCATION_COLUMN - len(text) - 4) + style.paint(clean(location), "dim")


def change_lines(change: Change, brief: Brief, style: Style) -> list[str]:
    """Return everything a person should know about one change before agreeing to it; ``brief`` is what to show of it."""
    symbol = action_symbol(change)
    identity = f"  [id={clean(change.id)}]" if change.id and not change.deposed_id else ""
    lines = [heading(sentence(change), change.location, style)]
    if change.action in (Action.READ, Action.NO_OP):
        return lines
    lines.append(f'{style.symbol(symbol.rjust(3))} {clean(change.kind)} "{clean(change.name)}"{identity}')
    lines += [INDENT + line for line in (*_body(change, brief, style), *_facts(change, style))]
    return lines


def _body(change: Change, brief: Brief, style: Style) -> Iterator[str]:
    if change.action is Action.CREATE:
        yield from attribute_lines(_created(change, brief.values), style)
        if brief.hidden:
            yield style.paint(f"  # ({counted(brief.hidden, 'evident attribute')} hidden)", "dim")
        return
    yield from attribute_lines(change.attributes, style, change)
    hidden = len(set(change.values) - {str(attribute.path[0]) for attribute in change.attributes if attribute.path})
    if hidden and change.action not in (Action.DELETE, Action.FORGET):
        yield style.paint(f"  # ({counted(hidden, 'unchanged attribute')} hidden)", "dim")


def _created(change: Change, values: Mapping[str, Json]) -> Sequence[AttributeChange]:
    """A create shows the whole object: what is set, and the outputs that only the apply will tell."""
    wanted = [AttributeChange(path=(name,), planned=value) for name, value in values.items() if value is not None]
    outputs = [
        AttributeChange(path=(name,), planned=value)
        for name, value in sorted(change.outputs.items())
        if _camel(name) not in values and contains_unknown(value)
    ]
    return [*wanted, *outputs]


def _camel(name: str) -> str:
    """Return how a platform spells the attribute an output mirrors: ``artifactId`` for ``artifact_id``."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def attribute_lines(attributes: Sequence[AttributeChange], style: Style, change: Change | None = None) -> list[str]:
    """Return the lines for attributes that differ, their names aligned; ``change`` is what they make necessary."""
    replacing = change is not None and change.action is Action.REPLACE
    names = [clean(item.name) for item in attributes]
    width = min(_NAME_WIDTH, max(map(len, names), default=0))
    lines: list[str] = []
    for name, item in zip(names, attributes, strict=True):
        symbol = "+" if item.live is None else "-" if item.planned is None else "~"
        shown = _transition(item, symbol)
        shown[-1] += style.paint(_remark(item, change), "red" if replacing else "dim")
        lines.append(f"{style.symbol(symbol)} {name.ljust(width)} = {shown[0]}")
        lines += ["  " + line for line in shown[1:]]
    return lines


def _transition(item: AttributeChange, symbol: str) -> list[str]:
    secret = item.sensitive or is_secret(item.live) or is_secret(item.planned)
    if secret:
        return [SENSITIVE_VALUE if symbol != "-" else f"{SENSITIVE_VALUE} -> null"]
    if symbol == "+":
        return format_value(item.planned, short=True)
    if symbol == "-":
        return _joined(format_value(item.live, short=True), ["null"])
    if item.origin in (Origin.DRIFT, Origin.BOTH):
        return _three_values(item)
    if difference := text_difference(item.live, item.planned) if item.live != item.planned else None:
        return difference
    before, after = format_value(item.live, short=True), format_value(item.planned, short=True)
    return after if before == after else _joined(before, after)


def _three_values(item: AttributeChange) -> list[str]:
    values = [("was", item.recorded, " at last apply"), ("is", item.live, " now"), ("will be", item.planned, "")]
    shown = [
        [f"{word} {lines[0]}", *lines[1:]] for word, value, _ in values for lines in [format_value(value, short=True)]
    ]
    for lines, (_, _, after) in zip(shown, values, strict=True):
        lines[-1] += after
    if all(len(lines) == 1 for lines in shown):
        return [", ".join(lines[0] for lines in shown)]
    return [line for lines in shown for line in lines]


def _joined(before: list[str], after: list[str]) -> list[str]:
    if len(before) == len(after) == 1:
        return [f"{before[0]} -> {after[0]}"]
    return [*before[:-1], f"{before[-1]} -> {after[0]}", *after[1:]]


def _remark(item: AttributeChange, change: Change | None) -> str:
    """Return what the attribute brings about, as far as the change as a whole really does that."""
    remarks = [clean(item.note)] if item.note else []
    match item.effect:
        case Effect.REPLACES if change is not None and change.action is Action.REPLACE:
            remarks.insert(0, "forces replacement")
        case Effect.ROLLS if change is not None and counts_as(change.decision, Action.ROLL):
            remarks.insert(0, "rolls")
        case Effect.STORED:
            same = format_value(item.live) == format_value(item.planned)
            if same or not item.note:
                remarks.insert(0, RECORDED_ONLY if same else "kept for later, no call now")
        case _:
            pass
    return f"  # {'; '.join(remarks)}" if remarks else ""


def _facts(change: Change, style: Style) -> Iterator[str]:
    """What will be called, what that does to what runs, and what is uncertain about it."""
    if change.steps:
        yield "calls:"
        for number, step in enumerate(change.steps, 1):
            yield f"  {number}. {_call(step)}"
    if change.goal is not None:
        yield f"waits: until {clean(change.goal.describe)}"
    if change.blast_radius is not BlastRadius.NONE or not change.decision.reversible:
        colour = ("red",) if change.blast_radius >= BlastRadius.DOWNTIME or not change.decision.reversible else ()
        yield style.paint(f"effect: {change.blast_radius.words}; {_reversibility(change)}", *colour)
    yield from _capacity(change.impact)
    if change.decision.unverified:
        yield "unverified: its surroundings are made in this plan, so the platform could not be asked"
    yield from (f"predicted: {clean(what)}" for what in change.decision.predicted)
    yield from (f"note: {clean(note)}" for note in change.notes)


def _call(step: Step) -> str:
    gate = f"  (after: {clean(step.gate.describe)})" if step.gate else ""
    return f"{clean(step.verb)} {clean(step.path)}  {clean(step.summary)}{gate}"


def _reversibility(change: Change) -> str:
    if change.decision.reversible:
        return "can be undone"
    return "cannot be undone" + (
        f": {clean(change.decision.irreversible_because)}" if change.decision.irreversible_because else ""
    )


def _capacity(impact: Impact) -> Iterator[str]:
    gpus = gpu_line(impact.gpus_now, impact.gpus_after, impact.gpus_peak)
    if gpus:
        yield f"GPUs: {gpus}"
    if impact.replicas_now != impact.replicas_after or impact.scales_to_zero:
        now, after = _replicas(impact.replicas_now), _replicas(impact.replicas_after)
        amounts = after if now in ("", after) else f"{now} -> {after or '0'}"
        yield f"replicas: {amounts}" + (", scales to zero when idle" if impact.scales_to_zero else "")


def _replicas(bounds: tuple[int, int] | None) -> str:
    if bounds is None:
        return ""
    return str(bounds[0]) if bounds[0] == bounds[1] else f"{bounds[0]}..{bounds[1]}"


def drift_lines(change: Change, style: Style) -> list[str]:
    """Return what others did to the object since the last apply."""
    if change.reason is ActionReason.GONE:
        return [heading(f"{clean(change.address)} has been deleted", change.location, style)]
    lines = [heading(f"{clean(change.address)} has changed", change.location, style)]
    seen = [
        replace(item, live=item.recorded, planned=item.live, origin=Origin.INTENDED, effect=Effect.IN_PLACE)
        for item in change.drift
    ]
    return lines + [INDENT + line for line in attribute_lines(seen, style)]
