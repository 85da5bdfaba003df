"""Objects that the platform proves this stack made, and that neither the program nor the state knows.

Called by `plan.planner`: they join the recorded objects, so that what is not declared is deleted, even when the
state that knew it is lost.
"""

from __future__ import annotations

from collections.abc import Mapping

from wlinfra.changes.model import PlatformObject
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.lifecycles import Lifecycles
from wlinfra.provider.base import Wanted
from wlinfra.provider.optional import KnowsOwners, Stray
from wlinfra.resources.lifecycle import Lifecycle
from wlinfra.state.model import ObjectState, State
from wlinfra.state.records import Subject
from wlinfra.state.records import stray as stray_record
from wlinfra.values import Address

__all__ = ["find_strays"]


def find_strays(inputs: Inputs, objects: Mapping[Address, PlatformObject], state: State) -> tuple[ObjectState, ...]:
    """Return a record for every stray, at an address that nothing else has; raises ProviderError."""
    found: dict[Address, ObjectState] = {}
    lifecycles = Lifecycles.of(inputs.declared)
    for name, connection in inputs.connections.items():
        if not isinstance(connection, KnowsOwners):
            continue
        known = [_declared(item) for item in objects.values() if item.provider == name and not item.virtual]
        known += [_recorded(record) for record in state.objects.values() if record.provider == name]
        for stray in connection.strays(known):
            address = stray.address
            if address in objects or address in state.objects or address in found:
                address = Address(f"{address}.{stray.name}" if address.part else f"{address}/{stray.name}")
            found[address] = stray_record(_subject(lifecycles.find(stray.address), stray, address, name), stray.id)
    return tuple(found.values())


def _subject(lifecycle: Lifecycle, stray: Stray, address: Address, provider: str) -> Subject:
    """Return the record of a stray: the declaration of its resource, where there still is one, applies to it too."""
    return Subject(
        address=address,
        provider=provider,
        kind=stray.kind,
        name=stray.name,
        protect=lifecycle.protect,
        retain=lifecycle.retain,
    )


def _declared(item: PlatformObject) -> Wanted:
    return Wanted(address=item.address, kind=item.kind, name=item.name, desired=item)


def _recorded(record: ObjectState) -> Wanted:
    return Wanted(address=record.address, kind=record.kind, name=record.name, id=record.id, prior=record)
