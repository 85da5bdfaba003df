"""The optional parts of the contract for connections whose objects, or whose rights, are manifests.

`wlinfra render` finds them by `isinstance`, so that the core has no word about any platform.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from wlinfra.changes.model import PlatformObject
from wlinfra.manifests.model import RenderedObject
from wlinfra.resources.base import Resource
from wlinfra.values import Address

__all__ = ["Authorizing", "Rendering"]


@runtime_checkable
class Rendering(Protocol):
    """A connection that can write down what it would apply, without its platform."""

    def manifests(self, resource: Resource, dependencies: Mapping[Address, Resource]) -> Sequence[RenderedObject]:
        """Return the objects of the resource, none for what lives in the state alone; pure.

        Called only for resources that `Connection.check` finds no error in.
        """
        ...


@runtime_checkable
class Authorizing(Protocol):
    """A connection that can write down the rights an account needs for a stack, without its platform."""

    def rights(self, objects: Sequence[PlatformObject], *, account: str = "") -> Sequence[RenderedObject]:
        """Return what grants just enough to plan, apply and destroy these objects of this connection; pure.

        ``account`` is who gets the rights, in the platform's own spelling; empty for a placeholder to fill in. Raises
        ConfigurationError for one the platform cannot have.
        """
        ...
