"""The calls that change a workload, as steps, and the wait for it; `plan_workload` chooses and orders them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wlinfra.provider import Decision, Gate, Goal, Live, PlanRequest, Step
from wlinfra.values import Json, Ref

from ..attributes.dialects import Dialect
from ..compared.roles import grant_calls
from ..compared.shapes import sent_runtime
from ..operations.workloads import (
    CREATE_WORKLOAD,
    DELETE_WORKLOAD,
    START_WORKLOAD,
    STOP_WORKLOAD,
    UPDATE_ROLES,
)

__all__ = [
    "ERRORED",
    "RUNNING",
    "STOPPED",
    "TIMEOUT",
    "create_step",
    "delete_step",
    "failing",
    "power_step",
    "ready",
    "role_steps",
    "roll_lookup",
]

TIMEOUT = 1800.0
"""Seconds for a workload to run or to be gone, unless its lifecycle names another."""
STOPPED, RUNNING, ERRORED = "stopped", "running", "errored"
"""The power states that a workload is shown with."""


def create_step(values: Mapping[str, Json], dialect: Dialect, lookup: Mapping[str, Any]) -> Step:
    """Return the step that makes a workload."""
    payload = {
        name: values[name]
        for name in ("name", "description", "importance", "artifactId")
        if values.get(name) is not None
    }
    if values.get("runtime") is not None:
        payload["runtime"] = sent_runtime(values["runtime"], dialect)
    return CREATE_WORKLOAD.step("make the workload", payload=payload, lookup=lookup)


def role_steps(target: str | Ref, roles: Sequence[Mapping[str, Any]], wanted: Mapping[str, str]) -> Iterator[Step]:
    """Yield the calls that give and take roles, at most a hundred in each."""
    for grants in grant_calls(roles, wanted):
        yield UPDATE_ROLES.step(f"set {len(grants)} shared roles", target, payload={"roles": grants})


def roll_lookup(live: Live, target: Mapping[str, Json], *, rerolls: bool) -> dict[str, Any]:
    """Return what shows later whether a roll happened: what ran before, and what must run."""
    replacement = live.document.get("replacement") or {}
    return {
        **target,
        "proton": live.document.get("protonId"),
        "candidates": sorted(replacement.get("candidateProtonIds") or ()),
        "rerolls": rerolls,
    }


def power_step(target: str | Ref, power: str, gate: Gate | None = None) -> Step:
    """Return the step that starts or stops a workload."""
    if power == "stopped":
        return STOP_WORKLOAD.step("stop it", target, gate=gate)
    return START_WORKLOAD.step("start it", target, gate=gate)


def delete_step(target: str) -> Step:
    """Return the step that deletes a workload for good."""
    return DELETE_WORKLOAD.step("delete the workload", target)


def failing(draft: Decision) -> dict[str, Json]:
    """Return what is live when the start that the change asks for fails: this stack's own failure, and no drift."""
    return {} if draft.values.get("power") == STOPPED else {"power": ERRORED}


def ready(request: PlanRequest, draft: Decision, phase: str, **details: Any) -> Goal:
    """Return the wait for the workload to run, or to be stopped where that is declared."""
    power = draft.values.get("power", RUNNING)
    return Goal(
        describe=power,
        details={"power": power, **details},
        timeout=request.timeouts.get(phase, TIMEOUT),
    )
