"""The calls of each change as data; `plan` puts them into it, `run` makes them.

Names are deterministic, so that an apply may be repeated; a delete names the uid, so that it can hit nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from wlinfra.provider import Action, Gate, Goal, ObjectState, PlatformObject, Repeat, Step
from wlinfra.values import Json
from wlinfra_kubernetes.documents.fieldpath import FieldPath, shown
from wlinfra_kubernetes.private import private_of
from wlinfra_manifests.document import Key, guessed_plural

__all__ = [
    "APPLIES",
    "EVIDENCE",
    "apply_steps",
    "claim_step",
    "delete_step",
    "emptying_step",
    "goal_of",
    "gone_goal",
    "hand_over_step",
    "replace_steps",
]

Item: TypeAlias = PlatformObject | ObjectState
"""What a call is about: the object wanted, or the record of one that goes."""
APPLIES: Final = frozenset({"apply", "force_apply"})
"""The operations that send the whole declaration."""
EVIDENCE: Final = "applied"
"""What a step's lookup calls the digest that the object has once the step is done, and did not have before."""
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


def _path(key: Key) -> str:
    root = "apis" if key.group else "api"
    where = f"/namespaces/{key.namespace}" if key.namespace else ""
    return f"/{root}/{key.api}{where}/{guessed_plural(key.kind)}/{key.name}"


def _lookup(item: Item) -> dict[str, Any]:
    return {"name": item.name, "address": str(item.address)}


def apply_steps(
    item: Item,
    target: str | None,
    body: Json,
    *,
    makes: bool,
    force: bool = False,
    outputs: Mapping[str, str] | None = None,
) -> Sequence[Step]:
    """Return the one call that applies the body; ``makes`` where it gives the object its identity."""
    key = Key.parse(item.kind, item.name)
    summary = f"create {key.kind}" if makes else f"apply {key.kind}"
    return [
        Step(
            operation="force_apply" if force else "apply",
            verb="PATCH",
            path=_path(key),
            summary=summary,
            target=None if makes else target,
            payload=body,
            makes=makes,
            repeat=Repeat.SAFE,
            lookup={**_lookup(item), **({"outputs": dict(outputs)} if outputs else {}), "kind": item.kind},
        )
    ]


def emptying_step(item: Item, target: str | None, body: Json) -> Step:
    """Return the call in front of an apply that takes away what was in maps that are declared empty now."""
    (step,) = apply_steps(item, target, body, makes=False)
    return replace(step, operation="empty", summary=f"empty maps of {Key.parse(item.kind, item.name).kind}")


def hand_over_step(item: Item, target: str | None, replicas: int) -> Step:
    """Return the call that keeps the number of replicas while its field passes to an autoscaler."""
    key = Key.parse(item.kind, item.name)
    body = {
        "apiVersion": key.api,
        "kind": key.kind,
        "metadata": {"name": key.name, "namespace": key.namespace},
        "spec": {"replicas": replicas},
    }
    return Step(
        operation="hand_over",
        verb="PATCH",
        path=_path(key),
        summary=f"keep {replicas} replicas for the autoscaler",
        target=target,
        payload=body,
        repeat=Repeat.SAFE,
        lookup={**_lookup(item), "kind": item.kind},
    )


def claim_step(item: Item, target: str | None, claims: Sequence[FieldPath]) -> Step:
    """Return the call that makes fields ours with the values they have, so that the next apply can leave them out.

    Its body is made of what is live when it runs, so that no value, which may be a secret, stands in the plan.
    """
    key = Key.parse(item.kind, item.name)
    return Step(
        operation="claim",
        verb="PATCH",
        path=_path(key),
        summary=f"claim {', '.join(map(shown, claims))}, which goes with the next call",
        target=target,
        repeat=Repeat.SAFE,
        lookup={**_lookup(item), "kind": item.kind, "claims": [list(claim) for claim in claims]},
    )


def delete_step(item: Item, target: str | None, claims: Sequence[str] = (), replaced: Sequence[str] = ()) -> Step:
    """Return the call that ends the object.

    ``claims`` are volume claims that go with it: nothing is deleted while a pod mounts one that is not about to end.
    ``replaced`` are those it makes way for: it stays while a pod of others holds one, for that would be in vain.
    """
    key = Key.parse(item.kind, item.name)
    details = {"name": item.name, "claims": list(claims), **({"replaced": list(replaced)} if replaced else {})}
    unused = Gate(goal="unused", describe="free of pods" if claims else "its volumes can go", details=details)
    return Step(
        operation="delete",
        verb="DELETE",
        path=_path(key),
        summary=f"delete {key.kind}",
        target=target,
        removes=True,
        repeat=Repeat.SAFE,
        lookup={**_lookup(item), "kind": item.kind},
        gate=unused if claims or replaced else None,
    )


def replace_steps(
    item: Item, target: str | None, body: Json, end: Step, *, outputs: Mapping[str, str] | None = None
) -> Sequence[Step]:
    """Return the calls that delete the object, ``end`` first, wait until its name is free and make it again."""
    gate = Gate(goal="name-free", describe="the old object is gone", details={"name": item.name, "uid": target})
    (make,) = apply_steps(item, target, body, makes=True, outputs=outputs)
    lookup = {**make.lookup, "old": target}
    return [end, replace(make, gate=gate, lookup=lookup)]
