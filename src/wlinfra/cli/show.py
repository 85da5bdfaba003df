"""`wlinfra show`: a saved plan as it was approved, or what the state records."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.cli.opening import host_of, open_record
from wlinfra.errors import ConfigurationError
from wlinfra.plan.file import unseal
from wlinfra.render.encode import encode_value
from wlinfra.render.json import dump_json
from wlinfra.render.style import Style, clean
from wlinfra.render.values import format_key, format_value
from wlinfra.state.model import Health, ObjectState, State
from wlinfra.workspace.keys import key_at_hand

__all__ = ["find_objects", "object_document", "object_lines", "run"]


def run(arguments: Namespace, console: Console) -> int:
    """Show the plan file, the address, or everything recorded."""
    subject = arguments.subject
    if subject and console.path(subject).is_file():
        return _show_plan(subject, arguments, console)
    state = open_record(arguments, console).store().load()
    objects = find_objects(state, subject) if subject else list(state.objects.values())
    if arguments.json:
        console.show(dump_json([object_document(item) for item in objects]))
    elif not objects:
        console.report("Nothing is recorded.")
    else:
        console.show("\n\n".join("\n".join(object_lines(item, console.style)) for item in objects))
    return ExitCode.OK


def _show_plan(name: str, arguments: Namespace, console: Console) -> int:
    """Show a saved plan as it was saved; where there is a key, only when its seal fits."""
    digest = key_at_hand(host_of(console))
    saved = unseal(console.path(name).read_bytes(), digest if digest.known else None)
    if not digest.known:
        console.report(
            "Not verified: there is no key here that the seal of this plan could be checked with, so that it may have been changed. Set WLINFRA_STATE_KEY."
        )
    console.show(dump_json(saved.document) if arguments.json else "\n".join(map(clean, saved.text.split("\n"))))
    return ExitCode.OK


def find_objects(state: State, address: str) -> list[ObjectState]:
    """Return the object of that address, or all objects of that resource; raises ConfigurationError for neither."""
    found = [item for key, item in state.objects.items() if address in (key, key.resource)]
    if found:
        return found
    known = "\n".join(f"    {key}" for key in sorted(state.objects)) or "    nothing"
    raise ConfigurationError.of(
        "No such address", f"{address} is not recorded for environment {state.environment}.", f"Recorded are\n{known}"
    )


def object_lines(item: ObjectState, style: Style) -> list[str]:
    """Return what is recorded of one object, without secrets."""
    health = "" if item.health is Health.READY else f" ({item.health.value})"
    lines = [style.paint(f"# {clean(item.address)}{health}", "bold"), f'{clean(item.kind)} "{clean(item.name)}"']
    facts: Mapping[str, Any] = {
        "id": item.id,
        "provider": item.provider,
        **({"depends_on": sorted(item.depends_on)} if item.depends_on else {}),
    }
    for title, values in (("", facts), ("values", item.values), ("outputs", item.outputs)):
        if title and values:
            lines.append(f"  {title}:")
        for name, value in values.items():
            shown = format_value(value)
            indent = "    " if title else "  "
            lines += [f"{indent}{format_key(name)} = {shown[0]}", *(indent + line for line in shown[1:])]
    lines += [f"  deposed: {clean(deposed.id)}" for deposed in item.deposed]
    return lines


def object_document(item: ObjectState) -> dict[str, Any]:
    """Return what is recorded of one object as plain JSON, without secrets."""
    return {
        "address": str(item.address),
        "kind": item.kind,
        "provider": item.provider,
        "name": item.name,
        "id": item.id,
        "values": encode_value(item.values).value,
        "outputs": encode_value(item.outputs).value,
        "depends_on": sorted(map(str, item.depends_on)),
        "deposed": [deposed.id for deposed in item.deposed],
        "health": item.health.value,
        "protect": item.protect,
        "retain": item.retain,
        "imported": not item.created,
    }
