"""Asks the cluster whether it would take an object again, before anything is deleted for that.

`replacement` calls it. What is tried is the apply that would follow the deletion: its verb, its field manager and all
its fields, under a name that is free. Only what the live object itself holds, such as its node ports, is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from wlinfra_kubernetes.cluster.failures import ClusterError, Failure, fits_when_one_goes
from wlinfra_manifests.document import wire

from .context import ObjectContext
from .refusals import lacking

__all__ = ["Verdict", "tried_as_new"]

_LONGEST: Final = 50
"""Characters of the object's name in the name that is tried; the names of what controllers make are longer."""
_NEW: Final = "1"
"""A version that no object has, so that the apply makes one or nothing."""
_HELD: Final = ("clusterIP", "clusterIPs", "healthCheckNodePort")
"""What a Service holds, and sets free when it goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the cluster says to the object as a new one; it takes it where there is no refusal."""

    doubt: str = ""
    """What it would not judge."""
    refusal: ClusterError | None = None
    by_name: bool = False
    """The refusal may be about another object of the same content, which the real one is not."""


def tried_as_new(context: ObjectContext) -> Verdict:
    """Return whether the cluster would take the object when the live one is gone; raises ClusterError if not reached."""
    key = replace(context.key, name=f"{context.key.name[:_LONGEST].rstrip('-.')}-wlprobe")
    body = _freed(wire(context.body), context.document)
    body = {**body, "metadata": {**body["metadata"], "name": key.name, "resourceVersion": _NEW}}
    try:
        context.hear(context.platform.client.apply(key, body, dry_run=True))
    except ClusterError as error:
        return _verdict(error)
    return Verdict()


def _verdict(error: ClusterError) -> Verdict:
    match error.failure:
        case Failure.FORBIDDEN:
            return Verdict(doubt=f"whether the cluster accepts it as a new object was {lacking(error)}")
        case Failure.STALE:
            return Verdict(
                doubt="whether the cluster accepts it as a new object was not tried, because the name to try is taken"
            )
        case Failure.DENIED if fits_when_one_goes(error):
            return Verdict(doubt=f"it has to fit when the old one is gone: {error.message}")
        case Failure.DENIED:
            return Verdict(refusal=error, by_name="exceeded quota" not in error.message)
        case Failure.INVALID:
            about_name = (
                cause.field == "metadata.name" or cause.reason == "FieldValueDuplicate" for cause in error.causes
            )
            return Verdict(refusal=error, by_name=bool(error.causes) and all(about_name))
        case _:
            raise error


def _freed(body: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body without the addresses and ports of a Service that the live object holds itself."""
    spec, held = body.get("spec"), live.get("spec") or {}
    if (body.get("apiVersion"), body.get("kind")) != ("v1", "Service") or not isinstance(spec, Mapping):
        return dict(body)
    spec = {
        name: value
        for name, value in spec.items()
        if name not in _HELD or value != held.get(name) or value in ("None", ["None"])
    }
    own = {port.get("nodePort") for port in held.get("ports") or ()} - {None}
    if isinstance(ports := spec.get("ports"), list):
        spec["ports"] = [
            {name: value for name, value in port.items() if name != "nodePort" or value not in own} for port in ports
        ]
    return {**body, "spec": spec}
