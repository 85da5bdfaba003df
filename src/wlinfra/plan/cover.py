"""Is what would be done now covered by what was approved?

An approval is plain data, so a saved plan can contain it. Opaque ids may become known without asking again; no
action, blast radius, target, path or value may go beyond what was approved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, BlastRadius, GpuCount
from wlinfra.diff.model import SENSITIVE
from wlinfra.plan.revision import canonical
from wlinfra.state.key import Digest
from wlinfra.state.model import SecretDigest
from wlinfra.values import UNKNOWN, Json, Ref, Secret, Template, format_path

__all__ = ["ANOTHER_VALUE", "OPEN", "ObjectApproval", "approval_of", "uncovered"]

ANOTHER_VALUE = "gets another value"
"""The reason shown for a path whose new value is not the approved one."""

OPEN = "open"
"""Stands for a value that is known only after the apply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectApproval:
    """What someone agreed to for one object."""

    action: Action
    id: str | None
    blast_radius: BlastRadius
    gpus_peak: Mapping[str, int | None]
    paths: Mapping[str, str]
    """Every path that may change, with the keyed digest of its new value or `OPEN`."""
    leaves: Mapping[str, str]
    """For an object that is created: every value of it, likewise."""
    steps: tuple[str, ...]
    revision: str
    unverified: bool


def approval_of(change: Change, digest: Digest) -> ObjectApproval:
    """Return the approval that someone gives who agrees to the change."""
    making = change.action in (Action.CREATE, Action.REPLACE)
    return ObjectApproval(
        action=change.action,
        id=change.deposed_id or change.id,
        blast_radius=change.blast_radius,
        gpus_peak={count.type: count.high for count in _sorted(change.impact.gpus_peak)},
        paths=_paths(change, digest),
        leaves=dict(_leaves(dict(change.values), "", digest)) if making else {},
        steps=tuple(step.operation for step in change.steps),
        revision=change.revision,
        unverified=change.decision.unverified,
    )


def _paths(change: Change, digest: Digest) -> dict[str, str]:
    """Return every path that may change; where a tree is new, every leaf of it."""
    found: dict[str, str] = {}
    for item in change.attributes:
        path = format_path(item.path)
        found |= {path: "sensitive"} if item.sensitive else dict(_leaves(item.planned, path, digest))
    return found


def _sorted(counts: tuple[GpuCount, ...]) -> list[GpuCount]:
    return sorted(counts, key=lambda count: count.type)


def _mark(value: Json, digest: Digest) -> str:
    """Return the digest of a leaf, or `OPEN`; a sensitive one shows no value, so only its path is approved here."""
    if value is UNKNOWN or isinstance(value, Ref | Template):
        return OPEN
    if value is SENSITIVE:
        return "sensitive"
    text = (
        b"secret"
        if isinstance(value, Secret)
        else canonical(value if not isinstance(value, SecretDigest) else value.digest)
    )
    return digest(text)[:16] if digest.known else OPEN


def _leaves(value: Json, path: str, digest: Digest) -> Iterator[tuple[str, str]]:
    match value:
        case dict() if value:
            for key, item in value.items():
                yield from _leaves(item, f"{path}.{key}" if path else str(key), digest)
        case list() | tuple() if value:
            for index, item in enumerate(value):
                yield from _leaves(item, f"{path}[{index}]", digest)
        case _:
            yield path, _mark(value, digest)


def uncovered(approved: ObjectApproval | None, now: Change, digest: Digest) -> list[str]:
    """Return why the change goes beyond the approval, in words; empty when it is covered."""
    if now.is_empty:
        return []
    if approved is None:
        return [f"{now.action.value} was not approved for this object"]
    current = approval_of(now, digest)
    names = {format_path(item.path): item.name for item in now.attributes}
    return [
        *_beyond_action(approved, current),
        *_beyond_reach(approved, current),
        *_beyond_values(approved, current, names),
    ]


def _beyond_action(approved: ObjectApproval, current: ObjectApproval) -> Iterator[str]:
    if approved.action is current.action:
        return
    before, after = approved.action.strength, current.action.strength
    if before is None or after is None:
        yield f"{current.action.value} instead of {approved.action.value}"
    elif after > before:
        yield f"{current.action.value} is stronger than the approved {approved.action.value}"


def _beyond_reach(approved: ObjectApproval, current: ObjectApproval) -> Iterator[str]:
    if current.id != approved.id and not (approved.action is Action.CREATE and approved.unverified):
        yield f"the target is {current.id or 'a new object'} instead of {approved.id or 'a new object'}"
    if current.blast_radius > approved.blast_radius:
        yield f"the blast radius grows from {approved.blast_radius.words} to {current.blast_radius.words}"
    for gpu, high in current.gpus_peak.items():
        limit = approved.gpus_peak.get(gpu, 0)
        if limit is not None and (high is None or high > limit):
            yield f"{'an unknown number of' if high is None else high} {gpu} GPUs at the peak instead of {limit}"


def _beyond_values(approved: ObjectApproval, current: ObjectApproval, names: Mapping[str, str]) -> Iterator[str]:
    expected, found = (approved.leaves, current.leaves) if current.leaves else (approved.paths, current.paths)
    under_open = tuple(path for path, mark in expected.items() if mark == OPEN)
    for path, mark in found.items():
        if any(path == known or path.startswith((f"{known}.", f"{known}[")) for known in under_open):
            continue
        if path not in expected:
            yield f"{names.get(path, path)} changes too"
        elif expected[path] != mark:
            yield f"{names.get(path, path)} {ANOTHER_VALUE}"
