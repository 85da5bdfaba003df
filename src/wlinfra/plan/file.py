"""The saved plan: an approval on disk, bound to the program, the settings and the live revisions it saw.

`seal` makes the bytes, `unseal` reads them, `refuse_unapproved` compares a fresh plan with them. The file also carries
what was shown to the person (text) and the machine-readable plan (document), so that it can be read without the program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from wlinfra.changes.model import Action, BlastRadius, Change
from wlinfra.errors import ConfigurationError, Diagnostic, StalePlanError
from wlinfra.plan.cover import Approval, approval_of, uncovered
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.plan.revision import canonical
from wlinfra.state.key import Digest
from wlinfra.values import format_path

__all__ = ["FILE_FORMAT", "SavedPlan", "refuse_unapproved", "seal", "unseal"]

FILE_FORMAT = "wlinfra.plan/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """What a plan file holds."""

    stack: str
    environment: str
    options: PlanOptions
    tool_version: str
    program_digest: str
    settings_digest: str
    lineage: str
    approvals: Mapping[str, Approval]
    outputs: tuple[str, ...]
    text: str
    document: Mapping[str, Any]
    program: str
    """Where the program lies, relative to the folder the plan was made in."""


def _key(change: Change) -> str:
    return f"{change.address}@{change.deposed_id}" if change.deposed_id else str(change.address)


def seal(plan: Plan, digest: Digest, *, text: str, document: Mapping[str, Any], program: str) -> bytes:
    """Return the bytes of a plan file; raises ConfigurationError without a digest key."""
    if not digest.known:
        raise ConfigurationError.of(
            "No key to seal plan",
            "A saved plan is bound to what it saw by a key, and this machine has none.",
            "Set WLINFRA_STATE_KEY to the team's key, or let wlinfra make one by a first apply.",
        )
    body = {
        "format": FILE_FORMAT,
        "stack": plan.stack,
        "environment": plan.environment,
        "options": _options_document(plan.options),
        "tool_version": plan.tool_version,
        "program": program,
        "program_digest": plan.program_digest,
        "settings_digest": plan.settings_digest,
        "lineage": plan.lineage,
        "approvals": {_key(change): _approval_document(approval_of(change, digest)) for change in plan.effective},
        "outputs": [output.name for output in plan.outputs if output.differs],
        "text": text,
        "document": dict(document),
    }
    return (
        orjson.dumps({"seal": digest(canonical(body)), **body}, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
        + b"\n"
    )


def _options_document(options: PlanOptions) -> dict[str, Any]:
    return {
        "destroy": options.destroy,
        "targets": list(options.targets),
        "excludes": list(options.excludes),
        "replaces": list(options.replaces),
        "refresh": options.refresh,
        "refresh_only": options.refresh_only,
        "allow_empty": options.allow_empty,
    }


def _approval_document(approval: Approval) -> dict[str, Any]:
    return {
        "action": approval.action.value,
        "id": approval.id,
        "blast_radius": int(approval.blast_radius),
        "gpus_peak": dict(approval.gpus_peak),
        "paths": dict(approval.paths),
        "leaves": dict(approval.leaves),
        "steps": list(approval.steps),
        "revision": approval.revision,
        "unverified": approval.unverified,
    }


def unseal(data: bytes, digest: Digest | None = None) -> SavedPlan:
    """Return the saved plan; raises ConfigurationError when the file is something else, or was changed.

    Without a digest the seal is not checked: enough to show the plan, not to apply it.
    """
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _not_a_plan(f"It is not JSON ({error}).") from None
    if not isinstance(body, dict) or body.get("format") != FILE_FORMAT:
        raise _not_a_plan(f"Its format is {body.get('format')!r}." if isinstance(body, dict) else "It holds no object.")
    found = body.pop("seal", "")
    if digest is not None and (not digest.known or digest(canonical(body)) != found):
        raise ConfigurationError.of(
            "Plan file not trusted",
            "Its seal does not fit: it was changed after it was saved, or saved with another key.",
            "Plan again with --out, on a machine that has the same WLINFRA_STATE_KEY.",
        )
    try:
        return _parsed(body)
    except (KeyError, TypeError, ValueError) as error:
        raise _not_a_plan(f"A part of it is missing or wrong ({type(error).__name__}: {error}).") from None


def _parsed(body: Mapping[str, Any]) -> SavedPlan:
    return SavedPlan(
        stack=body["stack"],
        environment=body["environment"],
        options=_parsed_options(body["options"]),
        tool_version=body["tool_version"],
        program_digest=body["program_digest"],
        settings_digest=body["settings_digest"],
        lineage=body["lineage"],
        approvals={key: _parsed_approval(value) for key, value in body["approvals"].items()},
        outputs=tuple(body["outputs"]),
        text=body["text"],
        document=body["document"],
        program=body["program"],
    )


def _parsed_options(value: Mapping[str, Any]) -> PlanOptions:
    return PlanOptions(
        destroy=value["destroy"],
        targets=tuple(value["targets"]),
        excludes=tuple(value["excludes"]),
        replaces=tuple(value["replaces"]),
        refresh=value["refresh"],
        refresh_only=value["refresh_only"],
        allow_empty=value["allow_empty"],
    )


def _parsed_approval(value: Mapping[str, Any]) -> Approval:
    return Approval(
        action=Action(value["action"]),
        id=value["id"],
        blast_radius=BlastRadius(value["blast_radius"]),
        gpus_peak=value["gpus_peak"],
        paths=value["paths"],
        leaves=value["leaves"],
        steps=tuple(value["steps"]),
        revision=value["revision"],
        unverified=value["unverified"],
    )


def _not_a_plan(detail: str) -> ConfigurationError:
    return ConfigurationError(
        Diagnostic(
            summary="Not a plan file",
            detail=detail,
            fix="Make one with\n    wlinfra plan -e ENVIRONMENT --out plan.json",
        )
    )


def refuse_unapproved(saved: SavedPlan, now: Plan, digest: Digest) -> None:
    """Raise StalePlanError, with every difference, when the plan of now goes beyond the saved one."""
    problems = [*_other_circumstances(saved, now)] or [*_beyond_approval(saved, now, digest)]
    if problems:
        raise StalePlanError(*problems)


def _other_circumstances(saved: SavedPlan, now: Plan) -> Iterator[Diagnostic]:
    pairs = (
        ("program", saved.program_digest, now.program_digest),
        ("settings", saved.settings_digest, now.settings_digest),
        ("wlinfra version", saved.tool_version, now.tool_version),
        ("state", saved.lineage, now.lineage),
    )
    for what, before, after in pairs:
        if before and before != after:
            shown = f" (saved with {before}, now {after})" if what == "wlinfra version" else ""
            yield Diagnostic(
                summary="Saved plan is stale",
                detail=f"The {what} changed since the plan was saved{shown}, so nobody has approved what it would do now.",
                fix=f"Plan again and have that approved:\n    wlinfra plan -e {saved.environment} --out plan.json",
            )


def _beyond_approval(saved: SavedPlan, now: Plan, digest: Digest) -> Iterator[Diagnostic]:
    for change in now.effective:
        approved = saved.approvals.get(_key(change))
        reasons = uncovered(approved, change, digest)
        if approved is not None and approved.revision != change.revision:
            reasons.insert(0, "the live object was changed after the plan was saved")
        if reasons:
            yield _stale(saved, change, reasons)
    for output in now.outputs:
        if output.differs and output.name not in saved.outputs and not now.effective:
            yield Diagnostic(
                summary="Saved plan is stale",
                detail=f"The output {output.name!r} would change, which was not in the saved plan.",
                fix=f"Plan again:\n    wlinfra plan -e {saved.environment} --out plan.json",
            )


def _stale(saved: SavedPlan, change: Change, reasons: list[str]) -> Diagnostic:
    lines = [f"What would be done to {change.address} now is not what was approved: {'; '.join(reasons)}."]
    seen = _seen_live(saved, change)
    for item in change.attributes:
        path = format_path(item.path)
        if item.sensitive:
            lines.append(f"    {path}: live (sensitive value), wanted (sensitive value)")
        elif path not in seen or seen[path] != item.live:
            before = f"was {_short(seen[path])} when planned, " if path in seen else ""
            lines.append(f"    {path}: {before}live {_short(item.live)}, wanted {_short(item.planned)}")
    if len(lines) == 1:
        lines.append(
            "    Every declared attribute is as it was; something moved that the calls send back or rely on, "
            "such as a value nobody declares, or a version that was rolled to."
        )
    return Diagnostic(
        summary="Saved plan is stale",
        detail="\n".join(lines),
        fix=f"Nothing was called. Look at what changed and plan again:\n    wlinfra plan -e {saved.environment} --out plan.json",
        address=change.address,
        location=change.location,
    )


def _seen_live(saved: SavedPlan, change: Change) -> dict[str, Any]:
    """Return the live values that the saved plan showed beside what it would change, by path."""
    return {
        item["attribute"]: item["live"]["value"]
        for row in saved.document.get("changes", ())
        if row["address"] == str(change.address)
        for item in row["attributes"]
        if isinstance(item.get("live"), dict) and "value" in item["live"]
    }


def _short(value: object) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
