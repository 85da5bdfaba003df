"""Shared roles of a workload: only those a declaration names are ours, everybody else keeps theirs.

`expand` makes the keys, `read` finds the live roles for them, `plan_workload` makes the calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wlinfra.provider import ObjectState, PlatformObject

from ..attributes.recipients import role_key
from ..client.sharing import MOST_GRANTS
from .schema import NO_ROLE

__all__ = ["declared_roles", "grant_calls", "role_values"]


def declared_roles(desired: PlatformObject | None, prior: ObjectState | None) -> frozenset[str]:
    """Return the recipients that the program names or named at the last apply."""
    wanted = desired.values.get("sharedRoles") if desired else None
    applied = prior.values.get("sharedRoles") if prior else None
    return frozenset(wanted or {}) | frozenset(applied or {})


def role_values(roles: Sequence[Mapping[str, Any]], names: Iterable[str]) -> dict[str, str]:
    """Return the live roles of the named recipients."""
    live = {key: role["role"] for role in roles for key in _keys(role)}
    return {name: live[name] for name in sorted(names) if name in live}


def grant_calls(roles: Sequence[Mapping[str, Any]], wanted: Mapping[str, str]) -> list[list[dict[str, str]]]:
    """Return the complete list of roles after the change, in calls of at most a hundred.

    The platform's texts disagree on whether a call replaces the list or edits it; the merged full list, with
    ``NO_ROLE`` for what is revoked, means the same under both readings. Changed roles come first.
    """
    changed = [
        _grant(name, role) for name, role in sorted(wanted.items()) if role != NO_ROLE or role_values(roles, [name])
    ]
    kept = [
        {"shareRecipientType": role["shareRecipientType"], "id": role["id"], "role": role["role"]}
        for role in roles
        if not any(key in wanted for key in _keys(role))
    ]
    grants = changed + kept
    return [grants[start : start + MOST_GRANTS] for start in range(0, len(grants), MOST_GRANTS)]


def _keys(role: Mapping[str, Any]) -> tuple[str, str]:
    kind = role["shareRecipientType"]
    return (role_key(kind, id=role["id"]), role_key(kind, username=role.get("name") or "?"))


def _grant(name: str, role: str) -> dict[str, str]:
    kind, how, who = name.split(":", 2)
    return {"shareRecipientType": kind, "id" if how == "id" else "username": who, "role": role}
