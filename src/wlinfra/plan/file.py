"""The saved plan: an approval on disk, bound to the program, the settings and the live revisions it saw.

`seal` makes the bytes, `unseal` reads them; `plan.approved` compares a fresh plan with them. The file also contains
the plan as it was shown (text) and as data (document), to be read without the program.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, ClassVar

import orjson
from pydantic import TypeAdapter, ValidationError

from wlinfra.changes.change import Change
from wlinfra.errors import ConfigurationError, Diagnostic
from wlinfra.plan.cover import ObjectApproval, approval_of
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.plan.revision import canonical
from wlinfra.state.key import Digest

__all__ = ["FILE_FORMAT", "Origin", "SavedPlan", "approval_key", "is_plan_file", "seal", "unseal"]

FILE_FORMAT = "wlinfra.plan/1"
_OPTIONS = {item.name for item in fields(PlanOptions)} - {"new_place"}  # not in files of early versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a plan comes from, so that it can be applied from any folder: no path in it is absolute."""

    program: str = ""
    """The program relative to the folder the plan was made in; empty where it lies outside."""
    place: str = ""
    """The program relative to the plan file; empty where neither folder contains the other."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The program's files relative to its folder, the program first, with a digest of each."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings given outside the program, without secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan(Origin):
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


def seal(plan: Plan, digest: Digest, *, text: str, document: Mapping[str, Any], origin: Origin) -> bytes:
    """Return the bytes of a plan file; raises ConfigurationError without a digest key."""
    if not digest.known:
        raise ConfigurationError.of(
            "No key to seal plan",
            "A saved plan is bound to what it saw by a key, and this machine has none.",
            "Set WLINFRA_STATE_KEY to the team's key, or let wlinfra make one by a first apply.",
        )
    saved = SavedPlan(
        stack=plan.stack,
        environment=plan.environment,
        options=plan.options,
        tool_version=plan.tool_version,
        program=origin.program,
        place=origin.place,
        files=dict(origin.files),
        settings=dict(origin.settings),
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
            fix="Create one with\n    wlinfra plan --out plan.json",
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
