"""Type tokens of Pulumi and the classes of resources they stand for."""

from __future__ import annotations

import importlib
from typing import Final

from wlinfra.provider.registry import load_provider
from wlinfra.pulumi.contract import BridgeError, Refusal
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.base import Resource
from wlinfra.resources.workload import Workload

__all__ = ["model_of", "name_attribute"]

_INDEX: Final[dict[str, type[Resource]]] = {"Artifact": Artifact, "Workload": Workload}


def model_of(token: str, platform: str) -> type[Resource]:
    """Return the class; raises BridgeError for a token of nothing, or of another platform."""
    parts = token.split(":")
    if len(parts) == 3 and parts[0] == "wlinfra":
        _, module, name = parts
        if module == "index" and name in _INDEX:
            return _INDEX[name]
        if module == platform and (found := _own(platform, name)) is not None:
            return found
        if module not in ("index", platform):
            raise BridgeError(
                Refusal.INVALID,
                f"{token} is of the platform {module}, and this provider is configured for {platform}. "
                f"Give the resource a provider with platform={module!r}.",
            )
    raise BridgeError(Refusal.INVALID, f"There is no resource type {token}; there are {', '.join(_INDEX)}.")


def _own(platform: str, name: str) -> type[Resource] | None:
    """Return a resource class that the platform's provider offers beside its connection."""
    package = type(load_provider(platform)).__module__.partition(".")[0]
    found = getattr(importlib.import_module(package), name, None)
    return found if isinstance(found, type) and issubclass(found, Resource) and not found.lookup else None


def name_attribute(model: type[Resource]) -> str:
    """Return what the platform's id of such a resource is called among its outputs.

    >>> name_attribute(Workload)
    'workloadId'
    """
    return f"{model.type}Id"
