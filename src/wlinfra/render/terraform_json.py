"""A plan in the shape of ``terraform show -json``, for the tools that read that: policies, summaries, merge requests.

Format 1.2 of https://developer.hashicorp.com/terraform/internals/json-format. Unlike Terraform's, it holds no secret:
sensitive values are null and marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, assert_never

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, ActionReason
from wlinfra.diff.model import AttributeChange
from wlinfra.diff.schema import Effect
from wlinfra.plan.model import OutputChange, Plan
from wlinfra.render.encode import Encoded, encode_value, shown_values
from wlinfra.render.json import dump_json
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.values import Json, Path

__all__ = ["render_terraform_json", "terraform_document"]

FORMAT_VERSION: Final = "1.2"
_REASONS: Final = {
    (Action.REPLACE, ActionReason.CANNOT_UPDATE): "replace_because_cannot_update",
    (Action.REPLACE, ActionReason.TAINTED): "replace_because_tainted",
    (Action.REPLACE, ActionReason.REQUESTED): "replace_by_request",
    (Action.DELETE, ActionReason.NOT_IN_STACK): "delete_because_no_resource_config",
}


def render_terraform_json(plan: Plan) -> str:
    """Return the plan as Terraform's JSON; it ends with a line end."""
    return dump_json(terraform_document(plan))


def terraform_document(plan: Plan) -> dict[str, Any]:
    """Return the plan as plain JSON values."""
    return {
        "format_version": FORMAT_VERSION,
        "terraform_version": plan.tool_version,
        "applyable": not plan.errors and not plan.is_empty,
        "complete": not (plan.options.targets or plan.options.excludes),
        "errored": bool(plan.errors),
        "planned_values": _planned_values(plan),
        "resource_changes": [_resource_change(plan, change) for change in plan.changes],
        "resource_drift": [_drift(change) for change in plan.changes if _is_drifted(change)],
        "output_changes": {output.name: _output_change(output) for output in plan.outputs},
    }


def _identity(change: Change) -> dict[str, Any]:
    return {
        "address": str(change.address),
        "mode": "data" if change.action is Action.READ else "managed",
        "type": change.address.type,
        "name": change.address.name + (f"/{change.address.part}" if change.address.part else ""),
        "provider_name": change.provider,
    }


def _resource_change(plan: Plan, change: Change) -> dict[str, Any]:
    document = _identity(change) | {"change": _change(plan, change)}
    reason = _REASONS.get((change.action, change.reason)) if change.reason else None
    if reason:
        document["action_reason"] = reason
    if change.deposed_id:
        document["deposed"] = change.deposed_id
    if change.address in plan.moved:
        document["previous_address"] = str(plan.moved[change.address])
    return document


def _change(plan: Plan, change: Change) -> dict[str, Any]:
    before, after = _before(plan, change), _after(plan, change)
    document: dict[str, Any] = {
        "actions": _actions(change),
        "before": before.value,
        "after": after.value,
        "after_unknown": _marks(after.unknown),
        "before_sensitive": _marks(before.sensitive),
        "after_sensitive": _marks(after.sensitive),
    }
    if change.action is Action.REPLACE:
        document["replace_paths"] = [list(item.path) for item in change.attributes if item.effect is Effect.REPLACES]
    if change.action is Action.IMPORT:
        document["importing"] = {"id": change.id}
    return document


def _actions(change: Change) -> list[str]:
    match change.action:
        case Action.NO_OP:
            return ["no-op"]
        case Action.IMPORT:
            return ["update"] if change.steps else ["no-op"]
        case Action.UPDATE | Action.ROLL:
            return ["update"]
        case Action.REPLACE if change.replace_order is ReplaceOrder.CREATE_THEN_DELETE:
            return ["create", "delete"]
        case Action.REPLACE:
            return ["delete", "create"]
        case Action.CREATE | Action.DELETE | Action.READ | Action.FORGET:
            return [change.action.value]
    assert_never(change.action)


def _after(plan: Plan, change: Change) -> Encoded:
    if change.action in (Action.DELETE, Action.FORGET):
        return Encoded()
    shown = dict(shown_values(plan, change))
    extra = {name: value for name, value in change.outputs.items() if name not in shown}
    return encode_value(shown | extra)


def _before(plan: Plan, change: Change) -> Encoded:
    """Return the live values: the wanted ones with every difference taken back."""
    if change.action is Action.CREATE:
        return Encoded()
    shown = encode_value(shown_values(plan, change))
    values: dict[str, Json] = shown.value or {}
    for item in change.attributes:
        _put(values, item.path, None if item.sensitive else encode_value(item.live).value)
    hidden = shown.sensitive + [item.path for item in change.attributes if item.sensitive]
    return Encoded(value={**values, "id": change.id}, sensitive=sorted(set(hidden), key=str))


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
    """Return the value below; the key of a keyed list is found by the element that holds it."""
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


def _is_drifted(change: Change) -> bool:
    return bool(change.drift) or change.reason is ActionReason.GONE


def _drift(change: Change) -> dict[str, Any]:
    if not change.drift:
        body: dict[str, Any] = {"actions": ["delete"], "before": {"id": change.id}, "after": None}
        return _identity(change) | {
            "change": body | {"after_unknown": {}, "before_sensitive": {}, "after_sensitive": {}}
        }
    before, after = _sides(change.drift)
    hidden = _marks([item.path for item in change.drift if item.sensitive])
    body = {"actions": ["update"], "before": before, "after": after, "after_unknown": {}}
    return _identity(change) | {"change": body | {"before_sensitive": hidden, "after_sensitive": hidden}}


def _sides(drift: Sequence[AttributeChange]) -> tuple[dict[str, Json], dict[str, Json]]:
    before: dict[str, Json] = {}
    after: dict[str, Json] = {}
    for item in drift:
        for values, value in ((before, item.recorded), (after, item.live)):
            _put(values, item.path, None if item.sensitive else encode_value(value).value)
    return before, after


def _output_change(output: OutputChange) -> dict[str, Any]:
    before, after = (encode_value(value, sensitive=output.sensitive) for value in (output.before, output.after))
    if not output.differs:
        actions = ["no-op"]
    else:
        actions = ["create"] if output.before is None else ["delete"] if output.after is None else ["update"]
    return {
        "actions": actions,
        "before": before.value,
        "after": after.value,
        "after_unknown": _marks(after.unknown),
        "before_sensitive": bool(before.sensitive),
        "after_sensitive": bool(after.sensitive),
    }


def _planned_values(plan: Plan) -> dict[str, Any]:
    kept = [change for change in plan.changes if change.action not in (Action.DELETE, Action.FORGET)]
    resources = [
        _identity(change) | {"values": after.value, "sensitive_values": _marks(after.sensitive)}
        for change in kept
        for after in [_after(plan, change)]
    ]
    return {"root_module": {"resources": resources}}
