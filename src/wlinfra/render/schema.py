"""The JSON Schema of the plan's JSON, published as ``docs/plan.schema.json``; a test keeps the file up to date."""

from __future__ import annotations

from enum import Enum
from typing import Any, Final

from wlinfra.changes.model import Action, ActionReason, BlastRadius, Repeat
from wlinfra.diff.model import Origin
from wlinfra.diff.schema import Effect
from wlinfra.plan.model import FORMAT_VERSION
from wlinfra.resources.lifecycle import ReplaceOrder

__all__ = ["plan_schema"]

_TEXT: Final = {"type": "string"}
_TEXT_OR_NULL: Final = {"type": ["string", "null"]}
_FLAG: Final = {"type": "boolean"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_COUNT: Final = {"type": "integer", "minimum": 0}
_PATH: Final = {"type": "array", "items": {"type": ["string", "integer"]}}
_BOUNDS: Final = {"type": ["array", "null"], "items": _COUNT, "minItems": 2, "maxItems": 2}
_RADIUS: Final = {"enum": [radius.words for radius in BlastRadius]}


def plan_schema() -> dict[str, Any]:
    """Return the schema of what ``wlinfra plan --format json`` prints."""
    major = FORMAT_VERSION.partition(".")[0]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "wlinfra plan",
        "description": "What an apply would do. Readers accept every minor of the format's major version, and ignore what they do not know.",
        **_object(
            format_version={"type": "string", "pattern": f"^{major}\\.[0-9]+$"},
            tool_version=_TEXT,
            stack=_TEXT,
            environment=_TEXT,
            protected_environment=_FLAG,
            lineage=_TEXT,
            program_digest=_TEXT,
            settings_digest=_TEXT,
            provisional=_TEXT,
            options=_object(
                destroy=_FLAG, targets=_TEXTS, excludes=_TEXTS, replaces=_TEXTS, refresh=_FLAG, refresh_only=_FLAG
            ),
            summary=_summary(),
            changes=_list("change"),
            moved={"type": "array", "items": _object(address=_TEXT, previous_address=_TEXT)},
            outputs={
                "type": "array",
                "items": _object(name=_TEXT, before=_ref("value"), after=_ref("value"), differs=_FLAG),
            },
            recovered={"type": "array", "items": _recovered()},
            warnings=_list("diagnostic"),
            errors=_list("diagnostic"),
            applicable=_FLAG,
            empty=_FLAG,
        ),
        "$defs": {
            "value": _value(),
            "gpus": {
                "type": "array",
                "items": _object(type=_TEXT, low=_COUNT, high={"type": ["integer", "null"], "minimum": 0}),
            },
            "location": {"oneOf": [{"type": "null"}, _object(file=_TEXT, line={"type": "integer"})]},
            "diagnostic": _diagnostic(),
            "attribute": _attribute(),
            "step": _step(),
            "change": _change(),
        },
    }


def _object(**members: Any) -> dict[str, Any]:
    return {"type": "object", "required": sorted(members), "properties": members}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _list(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _ref(name)}


def _words(kind: type[Enum]) -> dict[str, Any]:
    return {"enum": [member.value for member in kind]}


def _summary() -> dict[str, Any]:
    return _object(
        headline=_TEXT,
        counts=_object(**{action.value: _COUNT for action in Action}),
        blast_radius=_RADIUS,
        gpus_now=_ref("gpus"),
        gpus_after=_ref("gpus"),
        gpus_peak=_ref("gpus"),
        predicted={"description": "How many changes were compared only, never tried on the platform.", **_COUNT},
    )


def _value() -> dict[str, Any]:
    described = "Plain JSON; leaves at the paths in unknown are known after apply, those in sensitive are not shown; both are null."
    return {
        "description": described,
        **_object(value=True, unknown={"type": "array", "items": _PATH}, sensitive={"type": "array", "items": _PATH}),
    }


def _diagnostic() -> dict[str, Any]:
    return _object(
        severity={"enum": ["error", "warning"]},
        summary=_TEXT,
        detail=_TEXT,
        fix=_TEXT,
        address=_TEXT_OR_NULL,
        attribute=_TEXT_OR_NULL,
        location=_ref("location"),
    )


def _attribute() -> dict[str, Any]:
    return _object(
        path={"description": "Where it stands on the platform.", **_PATH},
        attribute={"description": "The path as the program has it, where a declaration stands behind it.", **_TEXT},
        recorded={"description": "At the last apply.", **_ref("value")},
        live={"description": "Now.", **_ref("value")},
        planned={"description": "After the apply.", **_ref("value")},
        effect={"enum": [effect.name.lower() for effect in Effect]},
        origin=_words(Origin),
        note=_TEXT,
    )


def _step() -> dict[str, Any]:
    return _object(
        operation=_TEXT,
        verb=_TEXT,
        path=_TEXT,
        summary=_TEXT,
        target=_TEXT_OR_NULL,
        makes=_FLAG,
        removes=_FLAG,
        repeat=_words(Repeat),
        gate={"description": "What must hold before the call.", **_TEXT_OR_NULL},
    )


def _recovered() -> dict[str, Any]:
    return _object(
        address=_TEXT,
        operation=_TEXT,
        verb=_TEXT,
        outcome={"enum": ["happened", "did-not-happen", "unclear"]},
        id=_TEXT_OR_NULL,
        error={"oneOf": [{"type": "null"}, _ref("diagnostic")]},
    )


def _change() -> dict[str, Any]:
    reasons = [reason.name.lower() for reason in ActionReason]
    impact = _object(
        gpus_now=_ref("gpus"),
        gpus_after=_ref("gpus"),
        gpus_peak=_ref("gpus"),
        replicas_now=_BOUNDS,
        replicas_after=_BOUNDS,
        scales_to_zero=_FLAG,
    )
    return _object(
        address=_TEXT,
        resource=_TEXT,
        kind=_TEXT,
        provider=_TEXT,
        name=_TEXT,
        id=_TEXT_OR_NULL,
        deposed_id=_TEXT_OR_NULL,
        action=_words(Action),
        actions={"type": "array", "items": _words(Action), "minItems": 1},
        reason={"enum": [*reasons, None]},
        label=_TEXT,
        blast_radius=_RADIUS,
        reversible=_FLAG,
        irreversible_because=_TEXT,
        replace_order={"enum": [*(order.value for order in ReplaceOrder), None]},
        values=_ref("value"),
        attributes=_list("attribute"),
        drift=_list("attribute"),
        unfinished=_list("attribute"),
        steps=_list("step"),
        goal={"oneOf": [{"type": "null"}, _object(describe=_TEXT, timeout_seconds={"type": "number"})]},
        impact=impact,
        depends_on=_TEXTS,
        revision=_TEXT,
        predicted=_TEXTS,
        unverified=_FLAG,
        notes=_TEXTS,
        location=_ref("location"),
    )
