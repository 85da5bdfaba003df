"""The optional part of the contract for connections whose objects are manifests.

`wlinfra render` finds it by `isinstance`, so that the core has no word about any platform.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from wlinfra.manifests.model import RenderedObject
from wlinfra.resources.base import Resource
from wlinfra.values import Address

__all__ = ["Rendering"]


@runtime_checkable
class Rendering(Protocol):
    """A connection that can write down what it would apply, without its platform."""

    def manifests(self, resource: Resource, dependencies: Mapping[Address, Resource]) -> Sequence[RenderedObject]:
        """Return the objects of the resource, none for what lives in the state alone; pure.

        Called only for resources that `Connection.check` finds no error in.
        """
        ...
