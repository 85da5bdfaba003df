"""Is what an apply would do now what a saved plan approved?

`cli.apply_saved` asks before any call: `refuse_unapproved` compares a fresh plan with the saved one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wlinfra.changes.change import Change
from wlinfra.errors import Diagnostic, StalePlanError
from wlinfra.plan.cover import ANOTHER_VALUE, uncovered
from wlinfra.plan.file import SavedPlan, approval_key
from wlinfra.plan.model import Plan
from wlinfra.state.key import Digest
from wlinfra.values import Path

__all__ = ["refuse_unapproved"]


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
            before = f"was {_short(seen[path])} when planned, " if path in seen else ""
            lines.append(f"    {item.name}: {before}live {_short(item.live)}, wanted {_short(item.planned)}")
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


def _short(value: object) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
