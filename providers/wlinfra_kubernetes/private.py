"""What is noted of an object when it is expanded, for the planning of this provider alone.

`expand` writes it into `PlatformObject.private`; whoever plans, reads or lists rights asks `private_of`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wlinfra.errors import Location
from wlinfra.provider import PlatformObject
from wlinfra.values import Address, Json

__all__ = ["NeededBy", "Offer", "Private", "Read", "private_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the plan chooses from for a Deployment or NIMService that names bundles."""

    order: Sequence[str]
    """The bundles, the preferred one first."""
    options: Mapping[str, Mapping[str, Json]]
    """The values with each bundle; may hold references."""
    devices: Mapping[str, Sequence[Json]]
    """Class, expression and count of the devices that a pod claims; empty where it claims none."""
    notes: Mapping[str, Sequence[str]]
    """Of the rendering, those that do not hold for all bundles."""


@dataclass(frozen=True, slots=True)
class Read:
    """A Secret or ConfigMap that pods read at their start."""

    address: Address
    contents: Mapping[str, Json]
    """Its data; may hold references."""


@dataclass(frozen=True, slots=True)
class NeededBy:
    """A resource that has objects in the namespace of the inventory."""

    address: Address
    location: Location | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Private:
    """How an object is planned, beside its values."""

    template: str = ""
    """A digest of what is declared, without references and secrets."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """The outputs the declaration names by path."""
    replicas: tuple[int, int] | None = None
    """The fewest and the most of a workload's group; None where the values tell."""
    replicas_left_out: bool = False
    """The program does not declare the number, so that the rendered one is a default."""
    autoscaled: bool = False
    """An autoscaler of this stack has its replicas."""
    offer: Offer | None = None
    reads: tuple[Read, ...] = ()
    """What its pods read at their start, and roll with."""
    readers: tuple[Address, ...] = ()
    """Of a Secret or ConfigMap: the objects whose pods read it and do not roll with it."""
    former_name: str = ""
    """The name that earlier versions gave it."""
    comes_after: tuple[tuple[str, str], ...] = ()
    """Kind and name of what has to be gone before the cluster can judge it."""
    inventory: bool = False
    needed_by: tuple[NeededBy, ...] = ()
    """Of an inventory: whom the absence of its namespace hurts."""
    workload: bool = False
    """A lookup of a workload of another stack, by its labels."""
    group: str = ""
    """The group that such a lookup names; empty for the only one."""


_NOTHING = Private()


def private_of(item: PlatformObject | None) -> Private:
    """Return what was noted of the object."""
    return item.private if item is not None and isinstance(item.private, Private) else _NOTHING
