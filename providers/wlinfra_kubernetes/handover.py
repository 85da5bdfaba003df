"""Who scales a workload now: autoscalers that exist and name it as their target.

`plan_existing` asks before it takes replicas back that an autoscaler set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from .documents import Key
from .platform import Platform

__all__ = ["autoscalers_of"]

_KINDS: Final = (("autoscaling/v2", "HorizontalPodAutoscaler"), ("keda.sh/v1alpha1", "ScaledObject"))


def autoscalers_of(platform: Platform, target: Key) -> Iterator[Mapping[str, Any]]:
    """Yield every autoscaler in the target's namespace that names it; one that belongs to another of them is left out."""
    for api, kind in _KINDS:
        for item in platform.client.list(Key(api, kind, target.namespace, "")):
            named = (item.get("spec") or {}).get("scaleTargetRef") or {}
            owned = (item.get("metadata") or {}).get("ownerReferences") or ()
            if named.get("name") == target.name and named.get("kind", "Deployment") == target.kind and not owned:
                yield item
