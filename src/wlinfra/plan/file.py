"""The saved plan: an approval on disk, bound to the program, the settings and the live revisions it saw.

`seal` makes the bytes, `unseal` reads them; `plan.approved` compares a fresh plan with them. The file also carries what
was shown to the person (text) and the machine-readable plan (document), so that it can be read without the program.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, BlastRadius
from wlinfra.errors import ConfigurationError, Diagnostic
from wlinfra.plan.cover import ObjectApproval, approval_of
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.plan.revision import canonical
from wlinfra.state.key import Digest

__all__ = ["FILE_FORMAT", "Origin", "SavedPlan", "approval_key", "is_plan_file", "seal", "unseal"]

FILE_FORMAT = "wlinfra.plan/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a plan comes from, so that it can be applied from any folder: no path in it is absolute."""

    program: str = ""
    """The program relative to the folder the plan was made in; empty where it lies outside."""
    place: str = ""
    """The program relative to the plan file; empty where neither folder holds the other."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The program's files relative to its folder, the program first, with a digest of each."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What was said of settings beside the program, without secrets."""


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
    approvals: Mapping[str, ObjectApproval]
    outputs: tuple[str, ...]
    text: str
    document: Mapping[str, Any]
    origin: Origin


def approval_key(change: Change) -> str:
    """Return under which name a plan file holds the approval of a change."""
    return f"{change.address}@{change.deposed_id}" if change.deposed_id else str(change.address)


def is_plan_file(data: bytes) -> bool:
    """True when the bytes say of themselves that they are a plan of ours, changed or not."""
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return isinstance(body, dict) and str(body.get("format", "")).startswith("wlinfra.plan/")


def seal(plan: Plan, digest: Digest, *, text: str, document: Mapping[str, Any], origin: Origin) -> bytes:
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
        "options": asdict(plan.options),
        "tool_version": plan.tool_version,
        "program": origin.program,
        "place": origin.place,
        "files": dict(origin.files),
        "settings": dict(origin.settings),
        "program_digest": plan.program_digest,
        "settings_digest": plan.settings_digest,
        "lineage": plan.lineage,
        "approvals": {
            approval_key(change): _approval_document(approval_of(change, digest)) for change in plan.effective
        },
        "outputs": [output.name for output in plan.outputs if output.differs],
        "text": text,
        "document": dict(document),
    }
    return (
        orjson.dumps({"seal": digest(canonical(body)), **body}, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
        + b"\n"
    )


def _approval_document(approval: ObjectApproval) -> dict[str, Any]:
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


# ---------------------------------------------------------------- reading


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class _Options(_Part):
    destroy: bool
    targets: list[str]
    excludes: list[str]
    replaces: list[str]
    refresh: bool
    refresh_only: bool
    allow_empty: bool
    new_place: bool = False


class _Approval(_Part):
    action: Annotated[Action, Field(strict=False)]
    id: str | None
    blast_radius: Annotated[BlastRadius, Field(strict=False)]
    gpus_peak: dict[str, int | None]
    paths: dict[str, str]
    leaves: dict[str, str]
    steps: list[str]
    revision: str
    unverified: bool


class _File(_Part):
    stack: str
    environment: str
    options: _Options
    tool_version: str
    program: str
    place: str = ""
    files: dict[str, str] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)
    program_digest: str
    settings_digest: str
    lineage: str
    approvals: dict[str, _Approval]
    outputs: list[str]
    text: str
    document: dict[str, Any]


def unseal(data: bytes, digest: Digest | None = None) -> SavedPlan:
    """Return the saved plan; raises ConfigurationError when the file is something else, or was changed.

    Without a digest the seal is not checked: enough to look at the plan, not to believe it or to apply it.
    """
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _not_a_plan(f"It is not JSON ({error}).") from None
    if not isinstance(body, dict) or body.get("format") != FILE_FORMAT:
        raise _not_a_plan(f"Its format is {body.get('format')!r}." if isinstance(body, dict) else "It holds no object.")
    found = body.pop("seal", "")
    if digest is not None and not _fits(found, body, digest):
        raise _not_trusted(digest)
    try:
        return _parsed(_File.model_validate(body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = ".".join(map(str, first["loc"]))
        raise _not_a_plan(f"Its part {path} is missing or wrong ({first['msg']}).") from None


def _fits(found: object, body: Mapping[str, Any], digest: Digest) -> bool:
    if not digest.known or not isinstance(found, str):
        return False
    try:
        return hmac.compare_digest(digest(canonical(dict(body))).encode(), found.encode())
    except TypeError:  # nested deeper, or with larger numbers, than anything that was ever sealed
        return False


def _parsed(file: _File) -> SavedPlan:
    return SavedPlan(
        stack=file.stack,
        environment=file.environment,
        options=_parsed_options(file.options),
        tool_version=file.tool_version,
        program_digest=file.program_digest,
        settings_digest=file.settings_digest,
        lineage=file.lineage,
        approvals={key: _parsed_approval(value) for key, value in file.approvals.items()},
        outputs=tuple(file.outputs),
        text=file.text,
        document=file.document,
        origin=Origin(program=file.program, place=file.place, files=file.files, settings=file.settings),
    )


def _parsed_options(value: _Options) -> PlanOptions:
    return PlanOptions(
        destroy=value.destroy,
        targets=tuple(value.targets),
        excludes=tuple(value.excludes),
        replaces=tuple(value.replaces),
        refresh=value.refresh,
        refresh_only=value.refresh_only,
        allow_empty=value.allow_empty,
        new_place=value.new_place,
    )


def _parsed_approval(value: _Approval) -> ObjectApproval:
    return ObjectApproval(
        action=value.action,
        id=value.id,
        blast_radius=value.blast_radius,
        gpus_peak=value.gpus_peak,
        paths=value.paths,
        leaves=value.leaves,
        steps=tuple(value.steps),
        revision=value.revision,
        unverified=value.unverified,
    )


def _not_a_plan(detail: str) -> ConfigurationError:
    return ConfigurationError(
        Diagnostic(
            summary="Not a plan file",
            detail=detail,
            fix="Make one with\n    wlinfra plan --out plan.json",
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
        "Plan again with --out, on a machine that has the same WLINFRA_STATE_KEY.",
    )
