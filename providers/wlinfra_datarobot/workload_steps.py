"""The calls that change a workload, as steps; `plan_workload` chooses and orders them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wlinfra.provider import Gate, Live, Repeat, Step
from wlinfra.values import Json, Ref

from .dialects import Dialect
from .roles import grant_calls
from .schema import NO_ROLE
from .shapes import sent_runtime

__all__ = [
    "create_step",
    "delete_step",
    "metadata_step",
    "power_step",
    "replace_step",
    "revoked",
    "role_steps",
    "roll_lookup",
    "settings_step",
]

_METADATA = {"name": "", "description": "", "importance": "low"}


def create_step(values: Mapping[str, Json], dialect: Dialect, lookup: Mapping[str, Any]) -> Step:
    """Return the step that makes a workload."""
    payload = {
        name: values[name]
        for name in ("name", "description", "importance", "artifactId")
        if values.get(name) is not None
    }
    if values.get("runtime") is not None:
        payload["runtime"] = sent_runtime(values["runtime"], dialect)
    return Step(
        operation="create_workload",
        verb="POST",
        path="/workloads",
        summary="make the workload",
        payload=payload,
        makes=True,
        lookup=lookup,
    )


def metadata_step(target: str, values: Mapping[str, Json], changed: Sequence[str]) -> Step:
    """Return the step that changes name, description or importance."""
    return Step(
        operation="update_workload",
        verb="PATCH",
        path="/workloads/{id}",
        summary=f"change {', '.join(changed)}",
        target=target,
        payload={name: values.get(name, _METADATA[name]) for name in changed},
        repeat=Repeat.SAFE,
    )


def role_steps(target: str | Ref, roles: Sequence[Mapping[str, Any]], wanted: Mapping[str, str]) -> Iterator[Step]:
    """Yield the calls that give and take roles, at most a hundred in each."""
    for grants in grant_calls(roles, wanted):
        yield Step(
            operation="update_roles",
            verb="PATCH",
            path="/workloads/{id}/sharedRoles",
            summary=f"set {len(grants)} shared roles",
            target=target,
            payload={"roles": grants},
            repeat=Repeat.SAFE,
        )


def revoked(applied: Mapping[str, Any] | None, wanted: Mapping[str, str]) -> dict[str, str]:
    """Return the roles that were given by this stack and are no longer wanted, as revocations."""
    return {name: NO_ROLE for name in applied or {} if name not in wanted}


def roll_lookup(live: Live, target: Mapping[str, Json], *, rerolls: bool) -> dict[str, Any]:
    """Return what tells later whether a roll happened: what ran before, and what shall run."""
    replacement = live.document.get("replacement") or {}
    return {
        **target,
        "proton": live.document.get("protonId"),
        "candidates": sorted(replacement.get("candidateProtonIds") or ()),
        "rerolls": rerolls,
    }


def replace_step(target: str, payload: Mapping[str, Json], lookup: Mapping[str, Any], gate: Gate | None) -> Step:
    """Return the step that rolls a workload to another artifact."""
    return Step(
        operation="replace_workload",
        verb="POST",
        path="/workloads/{id}/replacement",
        summary="roll to the artifact",
        target=target,
        payload=dict(payload),
        lookup=lookup,
        gate=gate,
    )


def settings_step(
    live: Live, runtime: Mapping[str, Json], dialect: Dialect, lookup: Mapping[str, Any], gate: Gate | None
) -> Step:
    """Return the step that rolls a workload with another runtime, or with its draft as it is now."""
    return Step(
        operation="update_settings",
        verb="PATCH",
        path="/workloads/{id}/settings",
        summary="roll the running artifact",
        target=live.id,
        payload={"runtime": sent_runtime(runtime, dialect)},
        lookup={"artifact_id": live.values.get("artifactId"), **lookup},
        gate=gate,
    )


def power_step(target: str | Ref, power: str, gate: Gate | None = None) -> Step:
    """Return the step that starts or stops a workload."""
    verb = "stop" if power == "stopped" else "start"
    return Step(
        operation=f"{verb}_workload",
        verb="POST",
        path=f"/workloads/{{id}}/{verb}",
        summary=f"{verb} it",
        target=target,
        # Stopping twice is harmless; a second start is refused unless the workload is stopped again.
        repeat=Repeat.SAFE if verb == "stop" else Repeat.LOOK_FIRST,
        gate=gate,
    )


def delete_step(target: str) -> Step:
    """Return the step that deletes a workload for good."""
    return Step(
        operation="delete_workload",
        verb="DELETE",
        path="/workloads/{id}",
        summary="delete the workload",
        target=target,
        removes=True,
        repeat=Repeat.SAFE,
    )
