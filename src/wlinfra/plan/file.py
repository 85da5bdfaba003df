"""The saved plan: an approval on disk, bound to the program, the settings and the live revisions it saw.

`seal` creates the bytes, `unseal` reads them, and `refuse_unapproved` compares a fresh plan with them before any call.
The file also carries what was shown to the person (text) and the machine-readable plan (document), so that it can be
read without the program.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, ClassVar

import orjson
from pydantic import TypeAdapter, ValidationError

from wlinfra.changes.change import Change
from wlinfra.errors import ConfigurationError, Diagnostic, StalePlanError
from wlinfra.plan.cover import ANOTHER_VALUE, ObjectApproval, approval_of, uncovered
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.plan.revision import canonical, short
from wlinfra.remedies import Advice
from wlinfra.remedies import plan as replan
from wlinfra.state.key import Digest
from wlinfra.values import Path

__all__ = [
    "FILE_FORMAT",
    "PlanSource",
    "SavedPlan",
    "approval_key",
    "is_plan_file",
    "refuse_unapproved",
    "seal",
    "unseal",
]

FILE_FORMAT = "wlinfra.plan/1"
_OPTIONS = {item.name for item in fields(PlanOptions)} - {"new_place"}  # not in files of early versions


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSource:
    """Where a plan comes from. No path in it is absolute, so the plan can be applied from any folder."""

    program: str = ""
    """The program relative to the folder in which the plan was made; empty if it is outside."""
    place: str = ""
    """The program relative to the plan file; empty where neither folder contains the other."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The program's files relative to its folder, the program first, with a digest of each."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings given outside the program, without secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan(PlanSource):
    """The contents of a plan file, as they are written and read."""

    __pydantic_config__: ClassVar = {"strict": True}

    stack: str
    environment: str
    options: PlanOptions
    tool_version: str
    program_digest: str
    settings_digest: str
    lineage: str
    approvals: Mapping[str, ObjectApproval]
    outputs: tuple[str, ...]
    text: str
    document: Mapping[str, Any]


def approval_key(change: Change) -> str:
    """Return the key of a change's approval in a plan file."""
    return f"{change.address}@{change.deposed_id}" if change.deposed_id else str(change.address)


def is_plan_file(data: bytes) -> bool:
    """True when the bytes claim to be a plan of ours, changed or not."""
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return isinstance(body, dict) and str(body.get("format", "")).startswith("wlinfra.plan/")


def seal(plan: Plan, digest: Digest, *, text: str, document: Mapping[str, Any], source: PlanSource) -> bytes:
    """Return the bytes of a plan file; raises ConfigurationError without a digest key."""
    if not digest.known:
        raise ConfigurationError.of(
            "No key to seal plan",
            "A saved plan is bound to what it saw by a key, and this machine has none.",
            "Set WLINFRA_STATE_KEY to the team's key, or let wlinfra create one with a first apply.",
        )
    saved = SavedPlan(
        stack=plan.stack,
        environment=plan.environment,
        options=plan.options,
        tool_version=plan.tool_version,
        program=source.program,
        place=source.place,
        files=dict(source.files),
        settings=dict(source.settings),
        program_digest=plan.program_digest,
        settings_digest=plan.settings_digest,
        lineage=plan.lineage,
        approvals={approval_key(change): approval_of(change, digest) for change in plan.effective},
        outputs=tuple(output.name for output in plan.outputs if output.differs),
        text=text,
        document=dict(document),
    )
    body = {"format": FILE_FORMAT, **orjson.loads(orjson.dumps(saved))}
    sealed = {"seal": digest(canonical(body)), **body}
    return orjson.dumps(sealed, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


@cache
def _reader() -> TypeAdapter[SavedPlan]:
    return TypeAdapter(SavedPlan)


def unseal(data: bytes, digest: Digest | None = None) -> SavedPlan:
    """Return the saved plan; raises ConfigurationError when the file is something else, or was changed.

    Without a digest the seal is not checked: enough to look at the plan, not to believe it or to apply it.
    """
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _not_a_plan(f"It is not JSON ({error}).") from None
    if not isinstance(body, dict) or body.get("format") != FILE_FORMAT:
        raise _not_a_plan(
            f"Its format is {body.get('format')!r}." if isinstance(body, dict) else "It is not an object."
        )
    found = body.pop("seal", "")
    if digest is not None and not _fits(found, body, digest):
        raise _not_trusted(digest)
    try:
        saved = _reader().validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = ".".join(map(str, first["loc"]))
        raise _not_a_plan(f"Its part {path} is missing or wrong ({first['msg']}).") from None
    if missing := _OPTIONS - body["options"].keys():
        raise _not_a_plan(f"Its options do not name {min(missing)}.")
    return saved


def _fits(found: object, body: Mapping[str, Any], digest: Digest) -> bool:
    if not digest.known or not isinstance(found, str):
        return False
    try:
        return hmac.compare_digest(digest(canonical(dict(body))).encode(), found.encode())
    except TypeError:  # nested deeper, or with larger numbers, than anything that was ever sealed
        return False


def _not_a_plan(detail: str) -> ConfigurationError:
    return ConfigurationError(
        Diagnostic(
            summary="Not a plan file",
            detail=detail,
            fix=Advice("Create one:", replan(out="plan.json")),
        )
    )


def _not_trusted(digest: Digest) -> ConfigurationError:
    why = (
        "Its seal does not fit: it was changed after it was saved, or saved with another key."
        if digest.known
        else "There is no key here that its seal could be checked with."
    )
    return ConfigurationError.of(
        "Plan file not trusted",
        f"{why} Nothing that it names was loaded or run.",
        Advice("Save it again, on a machine that has the same WLINFRA_STATE_KEY:", replan(out="plan.json")),
    )


def refuse_unapproved(saved: SavedPlan, now: Plan, digest: Digest, *, again: str) -> None:
    """Raise StalePlanError, with every difference, when the plan of now goes beyond the saved one.

    ``again`` is the command that makes the plan again.
    """
    problems = [*_other_circumstances(saved, now, again)] or [*_beyond_approval(saved, now, digest, again)]
    if problems:
        raise StalePlanError(*problems)


def _other_circumstances(saved: SavedPlan, now: Plan, again: str) -> Iterator[Diagnostic]:
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
                detail=f"The {what} changed since the plan was saved{shown}, so no one has approved what it would do now.",
                fix=f"Plan again and have that approved:\n    {again}",
            )


def _beyond_approval(saved: SavedPlan, now: Plan, digest: Digest, again: str) -> Iterator[Diagnostic]:
    for change in now.effective:
        approved = saved.approvals.get(approval_key(change))
        reasons = uncovered(approved, change, digest)
        if approved is not None and approved.revision != change.revision:
            reasons.insert(0, "the live object was changed after the plan was saved")
        if reasons:
            yield _stale(saved, change, reasons, again)
    for output in now.outputs:
        if output.differs and output.name not in saved.outputs and not now.effective:
            yield Diagnostic(
                summary="Saved plan is stale",
                detail=f"The output {output.name!r} would change, which was not in the saved plan.",
                fix=f"Plan again:\n    {again}",
            )


def _stale(saved: SavedPlan, change: Change, reasons: list[str], again: str) -> Diagnostic:
    lines = [f"What would be done to {change.address} now is not what was approved: {'; '.join(reasons)}."]
    if any(reason.endswith(ANOTHER_VALUE) for reason in reasons):
        lines.append(
            "    Neither the program nor its settings changed, so that what it declares follows from something else, "
            "such as a random value, the time, or a file or variable that it reads."
        )
    seen = _seen_live(saved, change)
    for item in change.attributes:
        path = item.path
        if item.sensitive:
            lines.append(f"    {item.name}: live (sensitive value), wanted (sensitive value)")
        elif path not in seen or seen[path] != item.live:
            before = f"was {short(seen[path])} when planned, " if path in seen else ""
            lines.append(f"    {item.name}: {before}live {short(item.live)}, wanted {short(item.planned)}")
    if len(lines) == 1:
        lines.append(
            "    Every declared attribute is as it was; something moved that the calls send back or rely on, "
            "such as a value that is not declared, or a version that was rolled to."
        )
    return Diagnostic(
        summary="Saved plan is stale",
        detail="\n".join(lines),
        fix=f"Nothing was called. Look at what changed and plan again:\n    {again}",
        address=change.address,
        location=change.location,
    )


def _seen_live(saved: SavedPlan, change: Change) -> dict[Path, Any]:
    """Return the live values that the saved plan showed in addition to what it would change, by path."""
    found: dict[Path, Any] = {}
    rows = saved.document.get("changes")
    for row in rows if isinstance(rows, list) else ():
        attributes = row.get("attributes") if isinstance(row, dict) and row.get("address") == change.address else None
        for item in attributes if isinstance(attributes, list) else ():
            live, path = (item.get("live"), item.get("path")) if isinstance(item, dict) else (None, None)
            if isinstance(live, dict) and "value" in live and isinstance(path, list):
                found[tuple(path)] = live["value"]
    return found
