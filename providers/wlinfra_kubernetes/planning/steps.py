"""The calls of each change as data; `plan` puts them into it, `run` makes them.

Names are deterministic, so that an apply may be repeated; a delete names the uid, so that it can hit nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from wlinfra.changes.model import Action, Change, Gate, Goal, Repeat, Step
from wlinfra.values import Json
from wlinfra_kubernetes.documents.document import Key, guessed_plural
from wlinfra_kubernetes.documents.fieldpath import FieldPath, shown

__all__ = [
    "APPLIES",
    "EVIDENCE",
    "apply_steps",
    "claim_step",
    "delete_step",
    "emptying_step",
    "goal_of",
    "hand_over_step",
    "replace_steps",
]

APPLIES: Final = frozenset({"apply", "force_apply"})
"""The operations that send the whole declaration."""
EVIDENCE: Final = "applied"
"""What a step's lookup calls the digest that the object bears once the step is done, and did not bear before."""
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


def goal_of(change: Change, policy: Mapping[str, Any]) -> Goal | None:
    """Return what is awaited after a create or an update; None for kinds that are there at once."""
    if change.action is Action.DELETE:
        return Goal(
            goal="gone",
            describe="gone",
            details={"name": change.name},
            timeout=change.lifecycle.timeouts.get("delete", _TIMEOUT),
            holds_dependents=False,
        )
    key = Key.parse(change.kind, change.name)
    if change.kind not in _AWAITED and not policy.get("outputs"):
        return None
    phase = "create" if change.action in (Action.CREATE, Action.REPLACE) else "update"
    timeout = change.lifecycle.timeouts.get(phase, _TIMEOUTS.get(key.kind, _TIMEOUT))
    details = {"name": change.name, **({"outputs": policy["outputs"]} if "outputs" in policy else {})}
    # Objects of a cluster may refer to what is not ready, or not even there: controllers try again. Only a kind that
    # is not served yet, and a value that is not known yet, hold others up.
    holds = key.kind == "CustomResourceDefinition" or bool(policy.get("outputs"))
    return Goal(goal="ready", describe="ready", details=details, timeout=timeout, holds_dependents=holds)


def _path(key: Key) -> str:
    root = "apis" if key.group else "api"
    where = f"/namespaces/{key.namespace}" if key.namespace else ""
    return f"/{root}/{key.api}{where}/{guessed_plural(key.kind)}/{key.name}"


def _lookup(change: Change) -> dict[str, Any]:
    return {"name": change.name, "address": str(change.address)}


def apply_steps(
    change: Change, body: Json, *, makes: bool, force: bool = False, outputs: Mapping[str, str] | None = None
) -> Sequence[Step]:
    """Return the one call that applies the body; ``makes`` where it gives the object its identity."""
    key = Key.parse(change.kind, change.name)
    summary = f"create {key.kind}" if makes else f"apply {key.kind}"
    return [
        Step(
            operation="force_apply" if force else "apply",
            verb="PATCH",
            path=_path(key),
            summary=summary,
            target=None if makes else change.id,
            payload=body,
            makes=makes,
            repeat=Repeat.SAFE,
            lookup={**_lookup(change), **({"outputs": dict(outputs)} if outputs else {}), "kind": change.kind},
        )
    ]


def emptying_step(change: Change, body: Json) -> Step:
    """Return the call in front of an apply that takes away what was in maps that are declared empty now."""
    (step,) = apply_steps(change, body, makes=False)
    return replace(step, operation="empty", summary=f"empty maps of {Key.parse(change.kind, change.name).kind}")


def hand_over_step(change: Change, replicas: int) -> Step:
    """Return the call that keeps the number of replicas while its field passes to an autoscaler."""
    key = Key.parse(change.kind, change.name)
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
        target=change.id,
        payload=body,
        repeat=Repeat.SAFE,
        lookup={**_lookup(change), "kind": change.kind},
    )


def claim_step(change: Change, claims: Sequence[FieldPath]) -> Step:
    """Return the call that makes fields ours with the values they have, so that the next apply can leave them out.

    Its body is made of what is live when it runs, so that no value, which may be a secret, stands in the plan.
    """
    key = Key.parse(change.kind, change.name)
    return Step(
        operation="claim",
        verb="PATCH",
        path=_path(key),
        summary=f"claim {', '.join(map(shown, claims))}, which goes with the next call",
        target=change.id,
        repeat=Repeat.SAFE,
        lookup={**_lookup(change), "kind": change.kind, "claims": [list(claim) for claim in claims]},
    )


def delete_step(change: Change, claims: Sequence[str] = (), replaced: Sequence[str] = ()) -> Step:
    """Return the call that ends the object.

    ``claims`` are volume claims that go with it: nothing is deleted while a pod mounts one that is not about to end.
    ``replaced`` are those it makes way for: it stays while a pod of others holds one, for that would be in vain.
    """
    key = Key.parse(change.kind, change.name)
    details = {"name": change.name, "claims": list(claims), **({"replaced": list(replaced)} if replaced else {})}
    unused = Gate(goal="unused", describe="free of pods" if claims else "its volumes can go", details=details)
    return Step(
        operation="delete",
        verb="DELETE",
        path=_path(key),
        summary=f"delete {key.kind}",
        target=change.id,
        removes=True,
        repeat=Repeat.SAFE,
        lookup={**_lookup(change), "kind": change.kind},
        gate=unused if claims or replaced else None,
    )


def replace_steps(change: Change, body: Json, end: Step, *, outputs: Mapping[str, str] | None = None) -> Sequence[Step]:
    """Return the calls that delete the object, ``end`` first, wait until its name is free and make it anew."""
    gate = Gate(goal="name-free", describe="the old object is gone", details={"name": change.name, "uid": change.id})
    (make,) = apply_steps(change, body, makes=True, outputs=outputs)
    lookup = {**make.lookup, "old": change.id}
    return [end, replace(make, gate=gate, lookup=lookup)]
