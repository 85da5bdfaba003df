"""Type tokens of Pulumi and the classes of resources they stand for."""

from __future__ import annotations

from functools import cache

from wlinfra.pulumi.contract import BridgeError, Refusal
from wlinfra.pulumi.schema.names import PACKAGE, models_by_token
from wlinfra.resources.base import Resource

__all__ = ["model_of", "models"]

_INDEX = f"{PACKAGE}:index:"


@cache
def models() -> dict[str, type[Resource]]:
    """Return every class by its token."""
    return dict(models_by_token())


def model_of(token: str, platform: str) -> type[Resource]:
    """Return the class; raises BridgeError for a token of nothing, or of another platform."""
    found = models().get(token)
    if found is None:
        known = ", ".join(sorted(models()))
        raise BridgeError(Refusal.INVALID, f"There is no resource type {token}; there are {known}.")
    of = token.split(":")[1]
    if not token.startswith(_INDEX) and of != platform:
        raise BridgeError(
            Refusal.INVALID,
            f"{token} is of the platform {of}, and this provider is configured for {platform}. "
            f"Give the resource a provider with the platform {of}.",
        )
    return found
