"""One change as a block of lines: its sentence, its attributes, its calls, and what it costs.

`render.text` puts the blocks in order; nothing here looks at another change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from wlinfra.changes.model import Action, BlastRadius, Impact
from wlinfra.changes.outcome import RECORDED_ONLY
from wlinfra.diff.model import Origin
from wlinfra.errors import Location
from wlinfra.render import document as doc
from wlinfra.render.encode import Value
from wlinfra.render.style import Style, clean
from wlinfra.render.summary import counted, gpu_line
from wlinfra.render.values import INDENT, SENSITIVE_VALUE, format_value, is_secret, text_difference
from wlinfra.render.wording import action_symbol, sentence
from wlinfra.values import Json, Path, contains_unknown

__all__ = ["attribute_lines", "change_lines", "drift_lines", "heading", "joined"]

_LOCATION_COLUMN = 72
_NAME_WIDTH = 40


def heading(text: str, location: Location | None, style: Style) -> str:
    """Return a ``#`` line with the place in the program at its right."""
    line = style.paint(f"  # {text}", "bold")
    if location is None:
        return line
    return line + " " * max(2, _LOCATION_COLUMN - len(text) - 4) + style.paint(clean(location), "dim")


def change_lines(change: doc.Change, style: Style) -> list[str]:
    """Return everything that a user should know about one change before agreeing to it."""
    symbol = action_symbol(change)
    identity = f"  [id={clean(change.id)}]" if change.id and not change.deposed_id else ""
    lines = [heading(sentence(change), change.location, style)]
    if change.action in (Action.READ, Action.NO_OP):
        return lines
    lines.append(f'{style.symbol(symbol.rjust(3))} {clean(change.kind)} "{clean(change.name)}"{identity}')
    lines += [INDENT + line for line in (*_body(change, style), *_facts(change, style))]
    return lines


def _body(change: doc.Change, style: Style) -> Iterator[str]:
    if change.action is Action.CREATE:
        hidden: list[Path] = []
        values = _without(change.values.raw, (), frozenset(change.evident), hidden)
        yield from attribute_lines(_created(change, values), style)
        if hidden:
            yield style.paint(f"  # ({counted(len(hidden), 'evident attribute')} hidden)", "dim")
        return
    yield from attribute_lines(change.attributes, style, change)
    unchanged = len(set(change.values.raw) - {str(item.path[0]) for item in change.attributes if item.path})
    if unchanged and change.action not in (Action.DELETE, Action.FORGET):
        yield style.paint(f"  # ({counted(unchanged, 'unchanged attribute')} hidden)", "dim")


def _without(values: Mapping[str, Json], path: Path, evident: frozenset[Path], hidden: list[Path]) -> dict[str, Json]:
    """Return the values without the evident ones, noted as hidden, and without objects that contain nothing else."""
    kept: dict[str, Json] = {}
    for name, value in values.items():
        here = (*path, name)
        if here in evident:
            hidden.append(here)
            continue
        left = _without(value, here, evident, hidden) if isinstance(value, Mapping) and value else value
        if left != {} or value == {}:
            kept[name] = left
    return kept


def _created(change: doc.Change, values: Mapping[str, Json]) -> Sequence[doc.Attribute]:
    """Return the attributes of a new object: those that are set, and outputs that are known only after the apply."""
    outputs = {
        name: value
        for name, value in sorted(change.outputs.raw.items())
        if _camel(name) not in values and contains_unknown(value)
    }
    wanted = [(name, value) for name, value in values.items() if value is not None]
    return [_new(name, value) for name, value in (*wanted, *outputs.items())]


def _new(name: str, value: Json) -> doc.Attribute:
    return doc.Attribute(
        path=(name,),
        attribute=name,
        recorded=Value(None),
        live=Value(None),
        planned=Value(value),
        effect="in_place",
        origin=Origin.INTENDED,
        note="",
    )


def _camel(name: str) -> str:
    """Return how a platform spells the attribute an output mirrors: ``artifactId`` for ``artifact_id``."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def attribute_lines(attributes: Sequence[doc.Attribute], style: Style, change: doc.Change | None = None) -> list[str]:
    """Return the lines for attributes that differ, their names aligned; ``change`` is the change they belong to."""
    replacing = change is not None and change.action is Action.REPLACE
    names = [clean(item.attribute) for item in attributes]
    width = min(_NAME_WIDTH, max(map(len, names), default=0))
    lines: list[str] = []
    for name, item in zip(names, attributes, strict=True):
        symbol = "+" if item.live.raw is None else "-" if item.planned.raw is None else "~"
        shown = _transition(item, symbol)
        shown[-1] += style.paint(_remark(item, change), "red" if replacing else "dim")
        lines.append(f"{style.symbol(symbol)} {name.ljust(width)} = {shown[0]}")
        lines += ["  " + line for line in shown[1:]]
    return lines


def _transition(item: doc.Attribute, symbol: str) -> list[str]:
    live, planned = item.live.raw, item.planned.raw
    if is_secret(live) or is_secret(planned):
        return [SENSITIVE_VALUE if symbol != "-" else f"{SENSITIVE_VALUE} -> null"]
    if symbol == "+":
        return format_value(planned, short=True)
    if symbol == "-":
        return joined(format_value(live, short=True), ["null"])
    if item.origin in (Origin.DRIFT, Origin.BOTH):
        return _three_values(item)
    if difference := text_difference(live, planned) if live != planned else None:
        return difference
    before, after = format_value(live, short=True), format_value(planned, short=True)
    return after if before == after else joined(before, after)


def _three_values(item: doc.Attribute) -> list[str]:
    values = [("was", item.recorded, " at last apply"), ("is", item.live, " now"), ("will be", item.planned, "")]
    shown = []
    for word, value, when in values:
        lines = format_value(value.raw, short=True)
        lines[0] = f"{word} {lines[0]}"
        lines[-1] += when
        shown.append(lines)
    if all(len(lines) == 1 for lines in shown):
        return [", ".join(lines[0] for lines in shown)]
    return [line for lines in shown for line in lines]


def joined(before: list[str], after: list[str]) -> list[str]:
    """Return the lines of a value that becomes another."""
    return [*before[:-1], f"{before[-1]} -> {after[0]}", *after[1:]]


def _remark(item: doc.Attribute, change: doc.Change | None) -> str:
    """Return the effect of the attribute, as far as the change really has it."""
    remarks = [clean(item.note)] if item.note else []
    match item.effect:
        case "replaces" if change is not None and change.action is Action.REPLACE:
            remarks.insert(0, "forces replacement")
        case "rolls" if change is not None and Action.ROLL in change.actions:
            remarks.insert(0, "rolls")
        case "stored":
            same = format_value(item.live.raw) == format_value(item.planned.raw)
            if same or not item.note:
                remarks.insert(0, RECORDED_ONLY if same else "kept for later, no call now")
        case _:
            pass
    return f"  # {'; '.join(remarks)}" if remarks else ""


def _facts(change: doc.Change, style: Style) -> Iterator[str]:
    """Yield the calls, their effect on what runs, and what is uncertain about it."""
    if change.steps:
        yield "calls:"
        for number, step in enumerate(change.steps, 1):
            yield f"  {number}. {_call(step)}"
    if change.goal is not None:
        yield f"waits: until {clean(change.goal.describe)}"
    if change.radius is not BlastRadius.NONE or not change.reversible:
        colour = ("red",) if change.radius >= BlastRadius.DOWNTIME or not change.reversible else ()
        yield style.paint(f"effect: {change.blast_radius}; {_reversibility(change)}", *colour)
    yield from _capacity(change.impact)
    if change.unverified:
        yield "unverified: its surroundings are created in this plan, so the platform could not be asked"
    yield from (f"predicted: {clean(what)}" for what in change.predicted)
    yield from (f"note: {clean(note)}" for note in change.notes)


def _call(step: doc.Step) -> str:
    gate = f"  (after: {clean(step.gate)})" if step.gate else ""
    return f"{clean(step.verb)} {clean(step.path)}  {clean(step.summary)}{gate}"


def _reversibility(change: doc.Change) -> str:
    if change.reversible:
        return "can be undone"
    return "cannot be undone" + (f": {clean(change.irreversible_because)}" if change.irreversible_because else "")


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


def drift_lines(change: doc.Change, style: Style) -> list[str]:
    """Return what others did to the object since the last apply."""
    if change.is_gone:
        return [heading(f"{clean(change.address)} has been deleted", change.location, style)]
    lines = [heading(f"{clean(change.address)} has changed", change.location, style)]
    seen = [
        replace(item, live=item.recorded, planned=item.live, origin=Origin.INTENDED, effect="in_place")
        for item in change.drift
    ]
    return lines + [INDENT + line for line in attribute_lines(seen, style)]
