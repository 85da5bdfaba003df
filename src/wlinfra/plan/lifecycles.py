"""What the program declares of the protection of its resources, also where it makes no object of them in this plan.

Called by `plan.planner` and `plan.strays`. A record may lack what its declaration has: one that an earlier version
found again after an interruption, or one of an object whose state was lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wlinfra.resources.lifecycle import Lifecycle
from wlinfra.stack.program import Declared
from wlinfra.state.model import ObjectState
from wlinfra.state.records import held
from wlinfra.values import Address

__all__ = ["Lifecycles"]

_NONE = Lifecycle()


@dataclass(frozen=True, slots=True)
class Lifecycles:
    """The lifecycle of every declared resource, by its address and those it had before."""

    by_resource: Mapping[Address, Lifecycle] = field(default_factory=dict)

    @classmethod
    def of(cls, declared: Declared) -> Lifecycles:
        """Return what the program declares; nothing when it was not run."""
        found: dict[Address, Lifecycle] = {}
        for resource in declared.resources:
            if not resource.lookup:
                found |= dict.fromkeys(map(Address, resource.lifecycle.aliases), resource.lifecycle)
        found |= {resource.address: resource.lifecycle for resource in declared.resources if not resource.lookup}
        return cls(found)

    def find(self, address: Address) -> Lifecycle:
        """Return the lifecycle that is declared for the resource of the object; the default where none is."""
        return self.by_resource.get(address.resource, _NONE)

    def held(self, record: ObjectState) -> ObjectState:
        """Return the record with the protection that is declared, in addition to the recorded one."""
        lifecycle = self.find(record.address)
        return held(record, protect=lifecycle.protect, retain=lifecycle.retain)
