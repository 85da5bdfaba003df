"""The calls about single fields, in front of the apply that needs them: keep replicas, claim, empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from wlinfra.provider import Done, Operation, Refused, Sent, Step, StepResult
from wlinfra.values import Json
from wlinfra_kubernetes.cluster.failures import ClusterError, Failure, while_stale
from wlinfra_kubernetes.documents.fieldpath import FieldPath, find, owned_part, shown, with_value
from wlinfra_kubernetes.ownership.identity import HANDOVER
from wlinfra_kubernetes.platform import Platform
from wlinfra_manifests.document import Key, managed_by, wire

from .objects import APPLY
from .step import Item, applying, key_of_call, step_of

__all__ = ["CLAIM", "EMPTY", "HAND_OVER", "claim_step", "emptying_step", "hand_over_step"]


def emptying_step(item: Item, target: str | None, body: Json) -> Step:
    """Return the call in front of an apply that takes away what was in maps that are declared empty now."""
    return step_of(EMPTY, item, "empty maps of {kind}", target, payload=body)


# ---------------------------------------------------------------- replicas


def hand_over_step(item: Item, target: str | None, replicas: int) -> Step:
    """Return the call that keeps the number of replicas while its field passes to an autoscaler."""
    key = Key.parse(item.kind, item.name)
    body: Json = {
        "apiVersion": key.api,
        "kind": key.kind,
        "metadata": {"name": key.name, "namespace": key.namespace},
        "spec": {"replicas": replicas},
    }
    return step_of(HAND_OVER, item, f"keep {replicas} replicas for the autoscaler", target, payload=body)


def _hand_over(platform: Platform, sent: Sent) -> Done:
    platform.client.apply(key_of_call(sent), wire(sent.payload), manager=HANDOVER)
    return Done()


# ---------------------------------------------------------------- claims


def claim_step(item: Item, target: str | None, claims: Sequence[FieldPath]) -> Step:
    """Return the call that makes fields ours with the values they have, so that the next apply can leave them out.

    Its body is made of what is live when it runs, so that no value, which may be a secret, stands in the plan.
    """
    summary = f"claim {', '.join(map(shown, claims))}, which goes with the next call"
    return step_of(CLAIM, item, summary, target, claims=[list(claim) for claim in claims])


def _claim(platform: Platform, sent: Sent) -> StepResult:
    """Make fields ours with the values they have; where they are gone nothing is claimed."""
    key, manager = key_of_call(sent), platform.identity.manager
    claims = [tuple(path) for path in sent.lookup["claims"]]

    def claim() -> StepResult:
        live = platform.client.get(key)
        if live is None or live["metadata"]["uid"] != sent.target:
            return Refused(error=ClusterError(Failure.STALE, f"{key} is gone, or another one.").diagnostic)
        platform.client.apply(key, _claim_of(live, manager, claims))
        return Done()

    return while_stale(claim)


def _claim_of(live: Mapping[str, Any], manager: str, claims: Sequence[FieldPath]) -> dict[str, Any]:
    """Return the body that changes no value, and makes the claims ours beside what is ours already."""
    document: Json = dict(live)
    body = owned_part(document, managed_by(live, manager))
    for path in claims:
        if (value := find(document, path)) is not None:
            body = with_value(body, path, value)
    meta = live["metadata"]
    pins = {name: meta[name] for name in ("name", "namespace", "uid", "resourceVersion") if meta.get(name)}
    found: dict[str, Any] = dict(body) if isinstance(body, Mapping) else {}
    found["metadata"] = {**(found.get("metadata") or {}), **pins}
    return {**found, "apiVersion": live["apiVersion"], "kind": live["kind"]}


EMPTY: Final[Operation[Platform]] = applying(name="empty", call=APPLY.call)
HAND_OVER: Final[Operation[Platform]] = applying(name="hand_over", call=_hand_over)
CLAIM: Final[Operation[Platform]] = applying(name="claim", call=_claim)
