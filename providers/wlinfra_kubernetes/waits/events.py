"""What events say of an object: the only place where the cluster tells why a pod is not made, or does not get ready.

The judges ask when nothing else says a reason. An account that may not list events gets none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wlinfra_kubernetes.cluster.failures import ClusterError
from wlinfra_manifests.document import Key

from .model import Look

__all__ = ["latest_warning"]


def latest_warning(look: Look, namespace: str, uid: str) -> str:
    """Return reason and message of the newest warning about the object with that uid; empty for none."""
    try:
        events = look.list(Key("v1", "Event", namespace, ""), fields="type=Warning")
    except ClusterError:
        return ""
    own = [event for event in events if (event.get("involvedObject") or {}).get("uid") == uid]
    newest = max(own, key=_time, default=None)
    return f"{newest.get('reason')}: {newest.get('message')}" if newest is not None else ""


def _time(event: Mapping[str, Any]) -> str:
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return max(str(text)[:19] for text in (*times, event["metadata"].get("creationTimestamp")) if text)
