"""The deletion of an object, and what is awaited after each change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from wlinfra.provider import Action, Gate, Goal, PlatformObject, Step
from wlinfra_kubernetes.operations.objects import DELETE
from wlinfra_kubernetes.operations.step import Item, step_of
from wlinfra_kubernetes.private import private_of
from wlinfra_manifests.document import Key

__all__ = ["delete_step", "goal_of", "gone_goal"]

_TIMEOUTS: Final = {"NIMService": 3600.0, "NIMCache": 3600.0, "Deployment": 1200.0, "StatefulSet": 1200.0}
_TIMEOUT: Final = 600.0
_AWAITED: Final = frozenset(
    {
        "apps/v1/Deployment",
        "apps/v1/StatefulSet",
        "apps/v1/DaemonSet",
        "v1/Service",
        "v1/PersistentVolumeClaim",
        "autoscaling/v2/HorizontalPodAutoscaler",
        "keda.sh/v1alpha1/ScaledObject",
        "http.keda.sh/v1beta1/InterceptorRoute",
        "apps.nvidia.com/v1alpha1/NIMCache",
        "apps.nvidia.com/v1alpha1/NIMService",
        "batch/v1/Job",
        "apiextensions.k8s.io/v1/CustomResourceDefinition",
    }
)


def gone_goal(name: str) -> Goal:
    """Return what is awaited after a deletion."""
    return Goal(goal="gone", describe="gone", details={"name": name}, timeout=_TIMEOUT, holds_dependents=False)


def goal_of(desired: PlatformObject, action: Action) -> Goal | None:
    """Return what is awaited after a create or an update; None for kinds that are there at once."""
    outputs = dict(private_of(desired).outputs)
    key = Key.parse(desired.kind, desired.name)
    if desired.kind not in _AWAITED and not outputs:
        return None
    phase = "create" if action in (Action.CREATE, Action.REPLACE) else "update"
    timeout = desired.lifecycle.timeouts.get(phase, _TIMEOUTS.get(key.kind, _TIMEOUT))
    details = {"name": desired.name, **({"outputs": outputs} if outputs else {})}
    # Objects of a cluster may refer to what is not ready, or not even there: controllers try again. Only a kind that
    # is not served yet, and a value that is not known yet, hold others up.
    holds = key.kind == "CustomResourceDefinition" or bool(outputs)
    return Goal(goal="ready", describe="ready", details=details, timeout=timeout, holds_dependents=holds)


def delete_step(item: Item, target: str | None, claims: Sequence[str] = (), replaced: Sequence[str] = ()) -> Step:
    """Return the call that ends the object.

    ``claims`` are volume claims that go with it: nothing is deleted while a pod mounts one that is not about to end.
    ``replaced`` are those it makes way for: it stays while a pod of others holds one, for that would be in vain.
    """
    details = {"name": item.name, "claims": list(claims), **({"replaced": list(replaced)} if replaced else {})}
    unused = Gate(goal="unused", describe="free of pods" if claims else "its volumes can go", details=details)
    return step_of(DELETE, item, "delete {kind}", target, gate=unused if claims or replaced else None)
