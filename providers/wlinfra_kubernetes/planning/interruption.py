"""What a change of a live object does to what it runs: whether something serves all the time.

`plan` hands every planned change through `with_interruption`, whether the cluster judged it or not. The strategy that
counts is the one after the change, for it is applied together with the pods it is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from wlinfra.provider import Action, AttributeChange, BlastRadius, Decision, Effect, PlatformObject
from wlinfra.values import Json
from wlinfra_manifests.document import Key

from .impact import QUARTER, part_of, running_of

__all__ = ["with_idling", "with_interruption"]

_CHANGING: Final = frozenset({Action.UPDATE, Action.ROLL, Action.IMPORT})
_GOVERNING: Final = frozenset({"replicas", "strategy", "updateStrategy", "paused"})
"""The fields of a spec that say how many pods there are, and how they make way for others."""
_SCALED_OBJECT: Final = "keda.sh/v1alpha1/ScaledObject"
_NEVER_ZERO: Final = frozenset({"cpu", "memory"})
"""Triggers that need a pod to measure, so that KEDA does not go to zero by them alone."""


def with_interruption(desired: PlatformObject, change: Decision, document: Mapping[str, Any]) -> Decision:
    """Return the change with downtime where all that runs ends, and without a roll where no pod is replaced by it."""
    if change.action not in _CHANGING or not change.steps or not document:
        return change
    kind, running = Key.parse(desired.kind, desired.name).kind, running_of(document)
    spec = _governing(document, change.attributes)
    if running and spec.get("replicas") == 0:
        return _with_downtime(change, "all its pods end, and none comes after them")
    if change.blast_radius is not BlastRadius.ROLLING:
        return change
    if why := _held(kind, spec):
        return _unrolled(change, f"its pods stay as they are: {why}")
    pods = _pods(kind, document, spec)
    if running and pods and (why := _gap(kind, spec, pods)):
        return _with_downtime(change, f"its old pods end before new ones are ready: {why}")
    return change


def with_idling(desired: PlatformObject, change: Decision) -> Decision:
    """Return the change of a ScaledObject with when it may end all pods for want of load, where it may.

    Defaults are KEDA's: at least no replica, 300 seconds, and none before the first time.
    """
    if desired.kind != _SCALED_OBJECT or not change.steps or change.action is Action.DELETE:
        return change
    spec = _map(change.values.get("spec"))
    triggers = spec.get("triggers")
    kinds = {_map(item).get("type") for item in triggers} if isinstance(triggers, list | tuple) else set()
    if kinds <= _NEVER_ZERO or (spec.get("minReplicaCount", 0) != 0 and spec.get("idleReplicaCount") != 0):
        return change
    first = spec.get("initialCooldownPeriod", 0)
    earliest = f"{first} seconds after it is made at the earliest" if first else "even right after it is made"
    note = f"it may scale to zero after {spec.get('cooldownPeriod', 300)} seconds without load, {earliest}"
    return replace(change, notes=(*change.notes, note))


def _with_downtime(change: Decision, note: str) -> Decision:
    return replace(change, blast_radius=BlastRadius.DOWNTIME, notes=(*change.notes, note))


def _unrolled(change: Decision, note: str) -> Decision:
    attributes = tuple(
        replace(item, effect=Effect.IN_PLACE) if item.effect is Effect.ROLLS else item for item in change.attributes
    )
    action = Action.UPDATE if change.action is Action.ROLL else change.action
    notes = (*change.notes, note)
    return replace(change, action=action, blast_radius=BlastRadius.NONE, attributes=attributes, notes=notes)


def _governing(document: Mapping[str, Any], attributes: tuple[AttributeChange, ...]) -> dict[str, Json]:
    """Return what is live of the fields that govern pods, with what the change makes of them."""
    found: dict[str, Any] = {name: value for name, value in _map(document.get("spec")).items() if name in _GOVERNING}
    for item in attributes:
        if len(item.path) > 1 and item.path[0] == "spec" and item.path[1] in _GOVERNING:
            found = _with_value(found, item.path[1:], item.planned)
    return found


def _with_value(tree: Mapping[str, Any], path: tuple[Any, ...], value: Json) -> dict[str, Any]:
    name, *rest = path
    inner = _with_value(_map(tree.get(name)), tuple(rest), value) if rest else value
    return {**tree, name: inner}


def _held(kind: str, spec: Mapping[str, Any]) -> str:
    """Return why no pod is replaced, empty where pods are."""
    if kind == "Deployment":
        return "the Deployment is paused" if spec.get("paused") is True else ""
    strategy = _map(spec.get("updateStrategy"))
    if strategy.get("type") == "OnDelete":
        return "updateStrategy OnDelete changes a pod only when it is deleted"
    partition = _map(strategy.get("rollingUpdate")).get("partition")
    replicas = spec.get("replicas")
    if kind == "StatefulSet" and isinstance(partition, int) and isinstance(replicas, int) and partition >= replicas > 0:
        return f"the partition {partition} of its updateStrategy leaves all {replicas} out"
    return ""


def _pods(kind: str, document: Mapping[str, Any], spec: Mapping[str, Any]) -> int:
    """Return how many pods there are to be; a DaemonSet has them on as many nodes as the cluster says."""
    if kind == "DaemonSet":
        return int(_map(document.get("status")).get("desiredNumberScheduled") or 0)
    replicas = spec.get("replicas")
    return replicas if isinstance(replicas, int) else 1


def _gap(kind: str, spec: Mapping[str, Any], pods: int) -> str:
    """Return why there is a time without any pod, empty where there is none; other kinds do not tell."""
    match kind:
        case "Deployment":
            return _gap_of_deployment(_map(spec.get("strategy")), pods)
        case "StatefulSet" | "DaemonSet":
            update = _map(_map(spec.get("updateStrategy")).get("rollingUpdate"))
            if kind == "DaemonSet" and part_of(update.get("maxSurge", 0), pods, up=True):
                return ""
            if kind == "StatefulSet" and update.get("partition"):
                return ""  # the pods below the partition go on
            most = max(1, part_of(update.get("maxUnavailable", 1), pods, up=True))
            return f"each is replaced in place, {most} at a time of {pods}" if most >= pods else ""
        case _:
            return ""


def _gap_of_deployment(strategy: Mapping[str, Any], pods: int) -> str:
    if strategy.get("type") == "Recreate":
        return "strategy Recreate"
    rolling = _map(strategy.get("rollingUpdate"))
    surge = part_of(rolling.get("maxSurge", QUARTER), pods, up=True)
    missing = part_of(rolling.get("maxUnavailable", QUARTER), pods, up=False)
    if not surge and not missing:
        missing = 1  # as the cluster takes it: something has to give way
    return f"maxSurge {surge}, and {missing} of {pods} may be missing" if missing >= pods else ""


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
