"""When everything else is ready: services, volumes, autoscalers, routes, definitions, and unknown kinds.

`poll` calls these.
"""

from __future__ import annotations

from typing import Any, Final

from wlinfra.provider import Status
from wlinfra_kubernetes.cluster.failures import ClusterError
from wlinfra_manifests.document import Key

from .model import Look, age, condition, failed, is_observed, waits

__all__ = ["autoscaler", "claim", "definition", "generic", "route", "scaled_object", "service"]

_FIRST_SYNC: Final = 15.0
"""Seconds until an autoscaler's first round; before it has conditions, nothing is wrong."""
_UNSCALABLE: Final = frozenset({"InvalidSelector", "InvalidMetricSourceType"})


def service(look: Look) -> Status:
    """Judge a Service: it has an address, outside too where it asks for one, and something behind it."""
    kind = look.spec.get("type", "ClusterIP")
    if kind == "ExternalName":
        return look.ready()
    if not look.spec.get("clusterIP"):
        return waits("it has no address yet")
    if kind == "LoadBalancer" and not (look.status.get("loadBalancer") or {}).get("ingress"):
        return waits("the load balancer has no address yet")
    return look.ready()


def claim(look: Look) -> Status:
    """Judge a volume claim: bound, or waiting for its first pod."""
    phase = look.status.get("phase")
    if phase == "Lost":
        return failed(look, "the volume it was bound to is lost")
    if phase == "Bound":
        wanted = ((look.spec.get("resources") or {}).get("requests") or {}).get("storage")
        resizing = condition(look.status, "Resizing") or condition(look.status, "FileSystemResizePending")
        return waits(f"it is being resized to {wanted}") if resizing.get("status") == "True" else look.ready()
    if not _binds_at_once(look):
        return look.ready()
    return waits("no volume is bound to it yet")


def _binds_at_once(look: Look) -> bool:
    """True when the storage class makes the volume before a pod asks for it; unknown classes count as the other."""
    name = look.spec.get("storageClassName")
    if not name:
        return False
    try:
        found = look.platform.client.get(Key("storage.k8s.io/v1", "StorageClass", "", str(name)))
    except ClusterError:
        return False
    return found is not None and found.get("volumeBindingMode", "Immediate") == "Immediate"


def autoscaler(look: Look) -> Status:
    """Judge a HorizontalPodAutoscaler: it can scale its target; metrics may still be missing."""
    able, active = condition(look.status, "AbleToScale"), condition(look.status, "ScalingActive")
    if active.get("status") == "False" and active.get("reason") in _UNSCALABLE:
        return failed(look, f"{active.get('reason')}: {active.get('message')}")
    if able.get("status") == "False" and able.get("reason") == "FailedGetScale":
        young = age(look.meta.get("creationTimestamp"), look.platform.now()) < _FIRST_SYNC
        said = f"{able.get('reason')}: {able.get('message')}"
        return waits(said) if young else failed(look, said)
    if able.get("status") == "True":
        return look.ready()
    return waits("the autoscaler has not looked at it yet")


def scaled_object(look: Look) -> Status:
    """Judge a ScaledObject: KEDA accepted it and made its autoscaler; it need not be active."""
    ready = condition(look.status, "Ready")
    if ready.get("status") == "True" and look.status.get("hpaName"):
        return look.ready()
    if ready.get("status") == "False":
        said = f"{ready.get('reason')}: {ready.get('message')}"
        young = age(look.meta.get("creationTimestamp"), look.platform.now()) < _FIRST_SYNC
        return waits(said) if young else failed(look, said)
    return waits("KEDA has not looked at it yet")


def route(look: Look) -> Status:
    """Judge an InterceptorRoute by its condition for the current version."""
    ready = condition(look.status, "Ready")
    seen = ready.get("observedGeneration") in (None, look.meta.get("generation"))
    if ready.get("status") == "True" and seen:
        return look.ready()
    return waits(str(ready.get("message") or "the HTTP add-on has not looked at it yet"))


def definition(look: Look) -> Status:
    """Judge a CustomResourceDefinition: its kinds are served."""
    if condition(look.status, "Established").get("status") == "True":
        return look.ready()
    names = condition(look.status, "NamesAccepted")
    if names.get("status") == "False":
        return failed(look, str(names.get("message")))
    return waits("it is not established yet")


def generic(look: Look) -> Status:
    """Judge any other kind by its Ready condition where it has one."""
    conditions: Any = look.status.get("conditions") or ()
    ready = condition(look.status, "Ready")
    if not is_observed(look):
        return waits("its controller has not seen it yet")
    if not conditions or not ready or ready.get("status") == "True":
        return look.ready()
    return waits(str(ready.get("message") or ready.get("reason") or "it is not ready yet"))
