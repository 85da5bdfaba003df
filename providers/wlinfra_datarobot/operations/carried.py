"""Does the answer to a call that changes something carry what was sent?

Asked after each call. A proxy can answer 200 for the platform, and a platform can accept what it does not do: an
answer that does not show it leaves the outcome unknown, so that the engine looks before anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from wlinfra.http.failures import ApiError, Call, FailureKind
from wlinfra.provider import OPAQUE, Attribute
from wlinfra.values import Json, Secret, map_leaves

from ..compared.schema import NO_ROLE, SPEC
from ..waits.rollout import agrees

__all__ = ["confirm", "confirm_gone", "confirm_roles"]

_EMPTY: Final = (None, "")


def confirm(
    method: str,
    path: str,
    sent: Mapping[str, Json],
    answer: Mapping[str, Any] | None,
    look: Callable[[], Mapping[str, Any]] = dict,
) -> Mapping[str, Any]:
    """Return the answer, or what ``look`` reads where there is none; raises ApiError when it lacks something sent."""
    found = answer if answer is not None else look()
    missing = [name for name, value in sent.items() if not _has(name, value, found)]
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        raise _unknown(method, path, f"The answer does not carry what was sent as {names}.")
    return found


def confirm_gone(path: str, look: Callable[[], object]) -> None:
    """Raise ApiError when what was deleted can still be read."""
    try:
        look()
    except ApiError as error:
        if error.kind is FailureKind.NOT_FOUND:
            return
        raise
    raise _unknown("DELETE", path, "It was answered with success, and what was deleted is still there.")


def confirm_roles(path: str, grants: Sequence[Mapping[str, str]], live: Sequence[Mapping[str, Any]]) -> None:
    """Raise ApiError when a role that was given is not there, or one that was taken still is."""
    held = {(role["shareRecipientType"], who): role["role"] for role in live for who in (role["id"], role.get("name"))}
    for grant in grants:
        who = (grant["shareRecipientType"], grant.get("id") or grant.get("username"))
        if held.get(who, NO_ROLE) != grant["role"]:
            raise _unknown("PATCH", path, "It was answered with success, and the roles are not as they were sent.")


def _has(name: str, value: Json, found: Mapping[str, Any]) -> bool:
    live = found.get(name)
    if value in _EMPTY and live in _EMPTY:
        return True
    schema: Attribute = SPEC if name == "spec" else OPAQUE
    return agrees(schema, map_leaves(value, _plain), live)


def _plain(leaf: Any) -> Any:
    return leaf.reveal() if isinstance(leaf, Secret) else leaf


def _unknown(method: str, path: str, detail: str) -> ApiError:
    return ApiError(Call(method=method, path=path, platform="DataRobot"), FailureKind.UNKNOWN, detail)
