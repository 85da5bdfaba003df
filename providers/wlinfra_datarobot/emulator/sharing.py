"""Shared roles of workloads and artifacts."""

from __future__ import annotations

import zlib
from typing import Any

from wlinfra.emulation import Response

from .validate import body
from .workload_shapes import Grant, UpdateRoles
from .world import USER, Call, page


def list_roles(call: Call, key: str) -> Response:
    """Answer with who may do what with one object."""
    return page(call, _roles(call, key), dict)


def update_roles(call: Call, key: str) -> Response:
    """Give, change and take roles; who is not named keeps theirs."""
    wish = body(call, UpdateRoles)
    roles = {(role["shareRecipientType"], role["id"]): role for role in _roles(call, key)}
    for grant in wish.roles:
        recipient = _recipient(grant)
        if grant.role == "NO_ROLE":
            roles.pop((grant.share_recipient_type, recipient), None)
            continue
        roles[grant.share_recipient_type, recipient] = {
            "id": recipient,
            "name": grant.username or recipient,
            "shareRecipientType": grant.share_recipient_type,
            "role": grant.role,
        }
    call.tx.put("roles", key, {"roles": list(roles.values())})
    return Response(status=204)


def forget_roles(call: Call, key: str) -> None:
    """Drop the roles of an object that is deleted."""
    call.tx.delete("roles", key)


def _roles(call: Call, key: str) -> list[dict[str, Any]]:
    stored = call.tx.get("roles", key)
    if stored is not None:
        return list(stored["roles"])
    return [{"id": USER["id"], "name": USER["username"], "shareRecipientType": "user", "role": "OWNER"}]


def _recipient(grant: Grant) -> str:
    """Return the id of a recipient; a user name always stands for the same made-up id."""
    if grant.id is not None:
        return grant.id
    if grant.username == USER["username"]:
        return str(USER["id"])
    return f"{zlib.crc32((grant.username or '').encode()):08x}{'0' * 16}"
