"""What is declared elsewhere, as the providers see it: changes of which nothing happens.

`plan.objects` gives them to the provider of whatever refers to them, so that no provider distinguishes a dependency of the
same plan from one of another plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, ActionReason, Decision, PlatformObject
from wlinfra.plan.incomplete import expand_one, is_incomplete
from wlinfra.plan.inputs import Inputs
from wlinfra.provider.base import Connection
from wlinfra.resources.base import Resource
from wlinfra.values import Json, find_refs

__all__ = ["external_changes"]


def external_changes(inputs: Inputs, item: PlatformObject) -> Iterator[Change]:
    """Yield a change without effect for each object of the externals that the wanted object refers to."""
    externals = inputs.declared.externals
    if not externals:
        return
    for address in dict.fromkeys(ref.address for ref in (*find_refs(dict(item.values)), *item.refers)):
        if address not in externals:
            continue
        external = externals[address]
        outputs = dict(external.outputs)
        for part in _expanded(inputs.connections[item.provider], external.resource):
            yield Change(subject=part, decision=_unchanged(part, outputs))


def _expanded(connection: Connection, resource: Resource) -> Sequence[PlatformObject]:
    """Return its objects; it is checked where it is declared."""
    declared = {resource.address: resource}
    if is_incomplete(resource):
        return expand_one(connection, resource, declared).objects
    return tuple(connection.expand(resource, declared))


def _unchanged(part: PlatformObject, outputs: dict[str, Json]) -> Decision:
    identity = outputs.get("id")
    return Decision(
        action=Action.NO_OP,
        reason=ActionReason.UNCHANGED,
        id=identity if isinstance(identity, str) else None,
        outputs=outputs,
        values=part.values,
    )
