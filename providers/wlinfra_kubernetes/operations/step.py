"""What all calls have in common: each is about one object, which its step names by kind, name and address.

Names are deterministic, so that an apply may be repeated; a delete names the uid, so that it can hit nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, TypeAlias

from wlinfra.provider import Gate, ObjectState, Operation, PlatformObject, Repeat, Sent, Step
from wlinfra.values import Json
from wlinfra_kubernetes.platform import Platform
from wlinfra_manifests.document import Key, guessed_plural

__all__ = ["PATH", "Item", "applying", "key_of_call", "pinned", "step_of"]

Item: TypeAlias = PlatformObject | ObjectState
"""What a call is about: the object wanted, or the record of one that goes."""
PATH: Final = "{object}"
"""The path of every call."""
applying: Final = partial(Operation, verb="PATCH", path=PATH, repeat=Repeat.SAFE)
"""A call that applies fields, so that a second one equals the first."""


def step_of(
    operation: Operation[Platform],
    item: Item,
    summary: str,
    target: str | None,
    *,
    payload: Json = None,
    gate: Gate | None = None,
    **lookup: Any,
) -> Step:
    """Return the call about an object as a step; ``{kind}`` in the summary is the object's kind."""
    key = Key.parse(item.kind, item.name)
    root = "apis" if key.group else "api"
    where = f"/namespaces/{key.namespace}" if key.namespace else ""
    return operation.step(
        summary.replace("{kind}", key.kind),
        None if operation.makes else target,
        payload=payload,
        lookup={"name": item.name, "address": str(item.address), **lookup, "kind": item.kind},
        gate=gate,
        named={"object": f"/{root}/{key.api}{where}/{guessed_plural(key.kind)}/{key.name}"},
    )


def key_of_call(sent: Sent) -> Key:
    """Return which object a call is about."""
    return Key.parse(str(sent.lookup["kind"]), str(sent.lookup["name"]))


def pinned(body: Mapping[str, Any], **pins: Any) -> dict[str, Any]:
    """Return a body that the server takes for an object with that uid, or in that version, alone."""
    return {**body, "metadata": {**body["metadata"], **pins}}
