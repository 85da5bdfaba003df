"""Is every wanted bundle one that the platform has?

`plan_workload` asks before it plans a call with bundles. Without a list from the platform nothing is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wlinfra.errors import ProviderError
from wlinfra.provider import Decision, PlanRequest
from wlinfra.resources.mistakes import nearest

from ..platform import Platform
from .refusal import refusal

__all__ = ["verify_bundles"]


def verify_bundles(
    platform: Platform, request: PlanRequest, change: Decision, live: Mapping[str, Any] | None = None
) -> None:
    """Raise ProviderError for a bundle that neither the platform lists, nor the options size, nor the live runtime names."""
    runtime = change.values.get("runtime")
    present = {*_bundles(live or {})}
    new = [bundle for bundle in _bundles(runtime if isinstance(runtime, Mapping) else {}) if bundle not in present]
    if not new or not platform.offers_bundles:
        return
    known = platform.bundles()
    for bundle in new:
        if bundle not in known:
            guess = nearest(bundle, known)
            raise refusal(
                request,
                "Unknown resource bundle",
                f"The platform lists no bundle {bundle}; it has {', '.join(sorted(known))}.",
                (f"Did you mean {guess}? " if guess else "")
                + "If it is there without being listed, name its size in the option bundles={...}.",
                kind=ProviderError,
            )


def _bundles(runtime: Mapping[str, Any]) -> Iterator[str]:
    """Yield the bundles whose name is known by now."""
    for group in runtime.get("containerGroups") or ():
        yield from (bundle for bundle in group.get("resourceBundles") or () if isinstance(bundle, str))
