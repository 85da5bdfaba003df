"""A plan in the shape of ``terraform show -json``, for the tools that read that: policies, summaries, merge requests.

Format 1.2 of https://developer.hashicorp.com/terraform/internals/json-format. Unlike Terraform's, it has no secrets:
sensitive values are null and marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, assert_never

from wlinfra.changes.model import Action
from wlinfra.plan.model import Plan
from wlinfra.render import document as doc
from wlinfra.render.describe import describe
from wlinfra.render.encode import Encoded, encode_value
from wlinfra.render.json import dump_json
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.values import Address, Json, Path

__all__ = ["render_terraform_json", "terraform_document"]

FORMAT_VERSION: Final = "1.2"
_REASONS: Final = {
    (Action.REPLACE, "cannot_update"): "replace_because_cannot_update",
    (Action.REPLACE, "tainted"): "replace_because_tainted",
    (Action.REPLACE, "requested"): "replace_by_request",
    (Action.DELETE, "not_in_stack"): "delete_because_no_resource_config",
}
_ENDING: Final = (Action.DELETE, Action.FORGET)


def render_terraform_json(plan: Plan) -> str:
    """Return the plan as Terraform's JSON; it ends with a line end."""
    return dump_json(terraform_document(plan))


def terraform_document(plan: Plan) -> dict[str, Any]:
    """Return the plan as plain JSON values."""
    document = describe(plan)
    moved = {item.address: item.previous_address for item in document.moved}
    return {
        "format_version": FORMAT_VERSION,
        "terraform_version": document.tool_version,
        "applyable": document.applicable and not document.empty,
        "complete": not (document.options.targets or document.options.excludes or document.partial),
        "errored": bool(document.errors),
        "planned_values": _planned_values(document),
        "resource_changes": [_resource_change(change, moved.get(change.address)) for change in document.changes],
        "resource_drift": [_drift(change) for change in document.changes if change.drift or change.is_gone],
        "output_changes": {output.name: _output_change(output) for output in document.outputs},
    }


def _identity(change: doc.Change) -> dict[str, Any]:
    address = Address(change.address)
    return {
        "address": change.address,
        "mode": "data" if change.reads else "managed",
        "type": address.type,
        "name": address.name + (f"/{address.part}" if address.part else ""),
        "provider_name": change.provider,
    }


def _resource_change(change: doc.Change, previous: str | None) -> dict[str, Any]:
    optional = {
        "action_reason": _REASONS.get((change.action, change.reason or "")),
        "deposed": change.deposed_id,
        "previous_address": previous,
    }
    return {
        **_identity(change),
        "change": _change(change),
        **{name: value for name, value in optional.items() if value},
    }


def _change(change: doc.Change) -> dict[str, Any]:
    document = {"actions": _actions(change), **_transition(_before(change), _after(change))}
    if change.action is Action.REPLACE:
        document["replace_paths"] = [list(item.path) for item in change.attributes if item.effect == "replaces"]
    if change.action is Action.IMPORT:
        document["importing"] = {"id": change.id}
    return document


def _transition(before: Encoded, after: Encoded) -> dict[str, Any]:
    return {
        "before": before.value,
        "after": after.value,
        "after_unknown": _marks(after.unknown),
        "before_sensitive": _marks(before.sensitive),
        "after_sensitive": _marks(after.sensitive),
    }


def _actions(change: doc.Change) -> list[str]:
    match change.action:
        case Action.UPDATE | Action.ROLL:
            return ["update"]
        case Action.IMPORT:
            return ["update"] if change.steps else ["no-op"]
        case Action.REPLACE:
            creates_first = change.replace_order is ReplaceOrder.CREATE_THEN_DELETE
            return ["create", "delete"] if creates_first else ["delete", "create"]
        case Action.NO_OP | Action.CREATE | Action.DELETE | Action.READ | Action.FORGET:
            return [change.action.value]
    assert_never(change.action)


def _after(change: doc.Change) -> Encoded:
    if change.action in _ENDING:
        return Encoded()
    return encode_value({**change.outputs.raw, **change.values.raw})


def _before(change: doc.Change) -> Encoded:
    """Return the live values: the wanted ones with every difference taken back."""
    if change.action is Action.CREATE:
        return Encoded()
    shown = change.values.encoded()
    values: dict[str, Json] = shown.value or {}
    hidden = set(shown.sensitive)
    for item in change.attributes:
        live = item.live.encoded()
        _put(values, item.path, live.value)
        hidden.update((*item.path, *path) for path in live.sensitive)
    return Encoded(value={**values, "id": change.id}, sensitive=sorted(hidden, key=str))


def _put(values: Any, path: Path, value: Json) -> None:
    *parents, last = path or ("",)
    for part in parents:
        values = _child(values, part)
        if values is None:
            return
    if isinstance(values, dict):
        values[str(last)] = value
    elif isinstance(values, list) and isinstance(last, int) and last < len(values):
        values[last] = value


def _child(values: Any, part: str | int) -> Any:
    """Return the value below; the key of a keyed list selects the element that has it."""
    if isinstance(values, dict):
        return values.setdefault(str(part), {})
    if isinstance(values, list):
        if isinstance(part, int):
            return values[part] if part < len(values) else None
        return next((item for item in values if isinstance(item, dict) and part in item.values()), None)
    return None


def _marks(paths: Iterable[Path]) -> Any:
    """Return Terraform's mirror of a value: true where a leaf is marked, nothing elsewhere."""
    root: Any = {}
    for path in paths:
        if not path:
            return True
        root = _marked(root, path)
    return root


def _marked(tree: Any, path: Path) -> Any:
    if not path:
        return True
    first, *rest = path
    if isinstance(first, int):
        elements = list(tree) if isinstance(tree, list) else []
        elements += [{} for _ in range(first + 1 - len(elements))]
        elements[first] = _marked(elements[first], tuple(rest))
        return elements
    members = dict(tree) if isinstance(tree, dict) else {}
    members[first] = _marked(members.get(first), tuple(rest))
    return members


def _drift(change: doc.Change) -> dict[str, Any]:
    if not change.drift:
        body = {"actions": ["delete"], **_transition(Encoded(value={"id": change.id}), Encoded())}
        return {**_identity(change), "change": body}
    before, after = _sides(change.drift)
    return {**_identity(change), "change": {"actions": ["update"], **_transition(before, after)}}


def _sides(drift: Sequence[doc.Attribute]) -> tuple[Encoded, Encoded]:
    sides = Encoded(value={}), Encoded(value={})
    for item in drift:
        for side, value in zip(sides, (item.recorded.encoded(), item.live.encoded()), strict=True):
            _put(side.value, item.path, value.value)
            side.sensitive += [(*item.path, *path) for path in value.sensitive]
    return sides


def _output_change(output: doc.Output) -> dict[str, Any]:
    before, after = output.before.encoded(), output.after.encoded()
    action = "create" if output.before.raw is None else "delete" if output.after.raw is None else "update"
    sensitive = {"before_sensitive": bool(before.sensitive), "after_sensitive": bool(after.sensitive)}
    return {"actions": [action if output.differs else "no-op"], **_transition(before, after), **sensitive}


def _planned_values(plan: doc.Plan) -> dict[str, Any]:
    resources = [
        _identity(change) | {"values": after.value, "sensitive_values": _marks(after.sensitive)}
        for change in plan.changes
        if change.action not in _ENDING
        for after in [_after(change)]
    ]
    return {"root_module": {"resources": resources}}
