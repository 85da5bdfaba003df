"""A plan as JSON of our own, described by the schema in `render.schema`.

Equal plans give equal bytes: keys are sorted and there is no clock in it. No secret is in it in any form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import orjson

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, GpuCount, Impact, Step
from wlinfra.changes.outcome import actions_of, label_of
from wlinfra.diff.model import AttributeChange
from wlinfra.errors import Diagnostic, Location
from wlinfra.plan.model import FORMAT_VERSION, OutputChange, Plan, Recovered
from wlinfra.render.encode import encode_value, shown_values
from wlinfra.render.summary import headline, summarize
from wlinfra.values import Json, Ref

__all__ = ["diagnostic_document", "dump_json", "plan_document", "render_json"]


_COMMAND: Final = re.compile(r"##(?=\w*\[)")


def dump_json(document: Any, *, indent: bool = True) -> str:
    """Return the document as sorted JSON with a line end; no text in it is a command to the runner of a pipeline."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE | (orjson.OPT_INDENT_2 if indent else 0)
    text = orjson.dumps(document, option=options).decode()
    return _COMMAND.sub(r"\\u0023#", text) if "##" in text else text


def render_json(plan: Plan) -> str:
    """Return the plan as JSON; it ends with a line end."""
    return dump_json(plan_document(plan))


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return the plan as plain JSON values."""
    return {
        "format_version": FORMAT_VERSION,
        "tool_version": plan.tool_version,
        "stack": plan.stack,
        "environment": plan.environment,
        "protected_environment": plan.protected_environment,
        "lineage": plan.lineage,
        "program_digest": plan.program_digest,
        "settings_digest": plan.settings_digest,
        "provisional": plan.provisional,
        "options": _options(plan),
        "summary": _summary(plan),
        "changes": [_change(plan, change) for change in plan.changes],
        "moved": [{"address": str(new), "previous_address": str(old)} for new, old in sorted(plan.moved.items())],
        "outputs": [_output(output) for output in plan.outputs],
        "recovered": [_recovered(item) for item in plan.recovered],
        "warnings": [diagnostic_document(item) for item in plan.warnings],
        "errors": [diagnostic_document(item) for item in plan.errors],
        "applicable": not plan.errors,
        "empty": plan.is_empty,
    }


def _options(plan: Plan) -> dict[str, Any]:
    options = plan.options
    return {
        "destroy": options.destroy,
        "targets": list(options.targets),
        "excludes": list(options.excludes),
        "replaces": list(options.replaces),
        "refresh": options.refresh,
        "refresh_only": options.refresh_only,
    }


def _summary(plan: Plan) -> dict[str, Any]:
    summary = summarize(plan)
    return {
        "headline": headline(plan),
        "counts": {action.value: summary.count(action) for action in Action},
        "blast_radius": summary.blast_radius.words,
        "gpus_now": _gpus(summary.gpus_now),
        "gpus_after": _gpus(summary.gpus_after),
        "gpus_peak": _gpus(summary.gpus_peak),
        "predicted": summary.predicted,
    }


def _gpus(counts: Sequence[GpuCount]) -> list[dict[str, Any]]:
    return [{"type": count.type, "low": count.low, "high": count.high} for count in counts]


def _change(plan: Plan, change: Change) -> dict[str, Any]:
    return {
        "address": str(change.address),
        "resource": str(change.address.resource),
        "kind": change.kind,
        "provider": change.provider,
        "name": change.name,
        "id": change.id,
        "deposed_id": change.deposed_id,
        "action": change.action.value,
        "actions": [action.value for action in actions_of(change.decision)],
        "reason": change.reason.name.lower() if change.reason else None,
        "label": label_of(change.decision),
        "blast_radius": change.blast_radius.words,
        "reversible": change.decision.reversible,
        "irreversible_because": change.decision.irreversible_because,
        "replace_order": change.replace_order.value if change.replace_order else None,
        "values": _value(shown_values(plan, change)),
        "attributes": [_attribute(item) for item in change.attributes],
        "drift": [_attribute(item) for item in change.drift],
        "unfinished": [_attribute(item) for item in change.unfinished],
        "steps": [_step(step) for step in change.steps],
        "goal": {"describe": change.goal.describe, "timeout_seconds": change.goal.timeout} if change.goal else None,
        "impact": _impact(change.impact),
        "depends_on": sorted(map(str, change.depends_on)),
        "revision": change.revision,
        "predicted": list(change.decision.predicted),
        "unverified": change.decision.unverified,
        "notes": list(change.notes),
        "location": _location(change.location),
    }


def _value(value: Json, *, sensitive: bool = False) -> dict[str, Any]:
    encoded = encode_value(value, sensitive=sensitive)
    return {
        "value": encoded.value,
        "unknown": [list(path) for path in encoded.unknown],
        "sensitive": [list(path) for path in encoded.sensitive],
    }


def _attribute(item: AttributeChange) -> dict[str, Any]:
    return {
        "path": list(item.path),
        "attribute": item.name,
        "recorded": _value(item.recorded, sensitive=item.sensitive),
        "live": _value(item.live, sensitive=item.sensitive),
        "planned": _value(item.planned, sensitive=item.sensitive),
        "effect": item.effect.name.lower(),
        "origin": item.origin.value,
        "note": item.note,
    }


def _step(step: Step) -> dict[str, Any]:
    target = f"{step.target.address}.{step.target.attribute}" if isinstance(step.target, Ref) else step.target
    return {
        "operation": step.operation,
        "verb": step.verb,
        "path": step.path,
        "summary": step.summary,
        "target": target,
        "makes": step.makes,
        "removes": step.removes,
        "repeat": step.repeat.value,
        "gate": step.gate.describe if step.gate else None,
    }


def _impact(impact: Impact) -> dict[str, Any]:
    return {
        "gpus_now": _gpus(impact.gpus_now),
        "gpus_after": _gpus(impact.gpus_after),
        "gpus_peak": _gpus(impact.gpus_peak),
        "replicas_now": list(impact.replicas_now) if impact.replicas_now else None,
        "replicas_after": list(impact.replicas_after) if impact.replicas_after else None,
        "scales_to_zero": impact.scales_to_zero,
    }


def _location(location: Location | None) -> dict[str, Any] | None:
    return {"file": location.file, "line": location.line} if location else None


def _output(output: OutputChange) -> dict[str, Any]:
    return {
        "name": output.name,
        "before": _value(output.before, sensitive=output.sensitive),
        "after": _value(output.after, sensitive=output.sensitive),
        "differs": output.differs,
    }


def _recovered(item: Recovered) -> dict[str, Any]:
    return {
        "address": str(item.intent.address),
        "operation": item.intent.operation,
        "verb": item.intent.verb,
        "outcome": item.outcome,
        "id": item.id,
        "error": diagnostic_document(item.error) if item.error else None,
    }


def diagnostic_document(diagnostic: Diagnostic) -> dict[str, Any]:
    """Return an error or warning as plain JSON values."""
    return {
        "severity": diagnostic.severity.value,
        "summary": diagnostic.summary,
        "detail": diagnostic.detail,
        "fix": diagnostic.fix,
        "address": str(diagnostic.address) if diagnostic.address else None,
        "attribute": diagnostic.path,
        "location": _location(diagnostic.location),
    }
