"""Which object of a resource answers for an output: all of them have an id, and one is meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from wlinfra.changes.model import PlatformObject
from wlinfra.values import Address, Json

__all__ = ["Exporters"]


@dataclass(frozen=True, slots=True)
class Exporters:
    """The object that answers for each output of each resource."""

    found: Mapping[tuple[Address, str], Address] = field(default_factory=dict)
    """By resource and attribute."""

    @classmethod
    def of(cls, objects: Iterable[PlatformObject]) -> Exporters:
        """Return those among the wanted objects; of several, the last."""
        return cls({(item.address.resource, name): item.address for item in objects for name in item.outputs})

    def answers(self, address: Address, name: str) -> bool:
        """Return whether the object answers for the output of its resource; what is not wanted any more does."""
        return self.found.get((address.resource, name), address) == address

    def exported(self, address: Address, outputs: Mapping[str, Json]) -> Iterator[tuple[tuple[Address, str], Json]]:
        """Yield the outputs for which the object answers, by resource and attribute."""
        for name, value in outputs.items():
            if self.answers(address, name):
                yield (address.resource, name), value

    def outputs_of(self, resource: Address) -> list[str]:
        """Return the outputs of a resource, sorted."""
        return sorted(name for owner, name in self.found if owner == resource)
