"""What events say of an object: the only place where the cluster tells why a pod is not made, or does not get ready.

The judges ask when nothing else says a reason. An account that may not list events gets none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wlinfra_kubernetes.documents import Key
from wlinfra_kubernetes.failures import ClusterError

from .model import Look

__all__ = ["latest_warning"]

_AGAIN: Final = (2.0, 15.0)
"""Seconds until the events of the same object are listed again: when they said nothing, and when they did."""


def latest_warning(look: Look, namespace: str, uid: str) -> str:
    """Return reason and message of the newest warning about the object with that uid; empty for none."""
    now, told = look.platform.now(), look.platform.warnings
    asked, said = told.get(uid, (float("-inf"), ""))
    if now - asked < _AGAIN[bool(said)]:
        return said
    fields = f"involvedObject.uid={uid},type=Warning"
    try:
        events = look.platform.client.list(Key("v1", "Event", namespace, ""), fields=fields)
    except ClusterError:
        events = []
    newest = max(events, key=_time, default=None)
    said = f"{newest.get('reason')}: {newest.get('message')}" if newest is not None else ""
    told[uid] = (now, said)
    return said


def _time(event: Mapping[str, Any]) -> str:
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return max(str(text)[:19] for text in (*times, event["metadata"].get("creationTimestamp")) if text)
