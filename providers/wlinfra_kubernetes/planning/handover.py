"""Who scales a workload now: autoscalers that exist and name it as their target.

`plan_existing` asks before it takes replicas back, before it drops them, and to say whom a conflict about them is with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from wlinfra_kubernetes.cluster.failures import ClusterError, Failure
from wlinfra_kubernetes.platform import Platform
from wlinfra_manifests.document import Key

__all__ = ["Scaler", "scalers_of"]

_KINDS: Final = (("autoscaling/v2", "HorizontalPodAutoscaler"), ("keda.sh/v1alpha1", "ScaledObject"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaler:
    """One autoscaler of a workload."""

    kind: str
    name: str
    document: Mapping[str, Any] = field(repr=False)
    scaled_at: str = ""
    """When it scaled last; empty when it never did, or does not tell."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def last_shown(self) -> str:
        """The same with the time when it scaled last."""
        return f"{self}, last scaled at {self.scaled_at}" if self.scaled_at else str(self)


def scalers_of(platform: Platform, target: Key) -> list[Scaler] | None:
    """Return every autoscaler in the target's namespace that names it; None when the account may not list them.

    One that belongs to another, as KEDA's does to a ScaledObject, is left out, and its owner has its last time.
    """
    found: list[Scaler] = []
    times: dict[str, str] = {}
    for api, kind in _KINDS:
        try:
            items = platform.client.list(Key(api, kind, target.namespace, ""))
        except ClusterError as error:
            if error.failure is Failure.FORBIDDEN:
                return None
            raise
        for item in items:
            scaled_at = str((item.get("status") or {}).get("lastScaleTime") or "")
            owners = (item.get("metadata") or {}).get("ownerReferences") or ()
            times.update({str(owner["uid"]): scaled_at for owner in owners})
            if not owners and _targets(item, target):
                meta = item["metadata"]
                at = scaled_at or times.get(str(meta["uid"]), "")
                found.append(Scaler(kind=kind, name=str(meta["name"]), document=item, scaled_at=at))
    return found


def _targets(item: Mapping[str, Any], target: Key) -> bool:
    named = (item.get("spec") or {}).get("scaleTargetRef") or {}
    return bool(named.get("name") == target.name and named.get("kind", "Deployment") == target.kind)
