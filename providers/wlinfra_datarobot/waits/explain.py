"""Says in the platform's own words why a workload is not there yet, or why it failed.

`poll` calls it: with few requests while waiting, with more once something failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from wlinfra.http.failures import ApiError, FailureKind

from ..platform import Platform
from .statuses import is_known

__all__ = ["active_record", "failure_reasons", "replacement_record", "status_words", "waiting_reason"]

_LAST_EVENTS = 3
_MOST_CONDITIONS = 4


def status_words(status: str) -> str:
    """Return a status for people; one that no table lists is named as new.

    >>> status_words("running"), status_words("levitating")
    ('running', 'levitating (a status wlinfra does not know)')
    """
    return status if is_known(status) else f"{status} (a status wlinfra does not know)"


def waiting_reason(platform: Platform, workload: Mapping[str, Any], *, ask: bool) -> str:
    """Return what the platform waits for; with ``ask`` its status report of the newest proton is read too."""
    replacement = workload.get("replacement") or {}
    words = status_words(workload.get("status") or "unknown")
    if replacement:
        words = f"replacement {status_words(replacement.get('status') or 'unknown')}, workload {words}"
    if not ask:
        return words
    candidates = replacement.get("candidateProtonIds") or [workload.get("protonId")]
    said = list(_proton_words(platform, workload["id"], [proton for proton in candidates if proton]))
    return "; ".join([words, *said])


def failure_reasons(platform: Platform, workload: Mapping[str, Any], record: Mapping[str, Any] | None = None) -> str:
    """Return all the platform says of a failure: message, status reports, conditions, last events.

    ``record`` is the replacement that failed, when one did; whether traffic had switched already is said too.
    """
    record = record or {}
    parts = [str(record["message"])] if record.get("message") else []
    if record:
        if record.get("switchedAt"):
            parts.append("traffic had switched to the new version")
        elif workload.get("status") == "running":
            parts.append("the old version still serves")
        elif workload.get("status") == "errored":
            parts.append("the old version does not run either")
    protons = [*(record.get("candidateProtonIds") or ()), *([workload["protonId"]] if workload.get("protonId") else ())]
    parts += _proton_words(platform, workload["id"], list(dict.fromkeys(protons))[:2])
    parts += _event_words(platform, workload["id"])
    return "; ".join(dict.fromkeys(parts)) or "the platform gives no reason"


def replacement_record(platform: Platform, workload_id: str, proton: str | None) -> Mapping[str, Any] | None:
    """Return the newest replacement in the history that began from this proton, None when there is none."""
    try:
        records: list[Mapping[str, Any]] = [dict(record) for record in platform.client.activity.history(workload_id)]
    except ApiError:
        return None
    own = [record for record in records if proton in (record.get("previousProtonIds") or ())]
    return max(own, key=lambda record: str(record.get("createdAt") or ""), default=None)


def active_record(platform: Platform, workload_id: str) -> Mapping[str, Any] | None:
    """Return the large record of the replacement a workload shows, None when the platform has none any more."""
    try:
        return dict(platform.client.replacement.get(workload_id))
    except ApiError as error:
        if error.kind is FailureKind.NOT_FOUND:
            return None
        raise


def _proton_words(platform: Platform, workload_id: str, protons: Iterable[str]) -> Iterator[str]:
    for proton in protons:
        try:
            details = platform.client.protons.status_details(workload_id, proton)
        except ApiError:
            continue
        if details is None:
            continue
        summary = (details.get("overallStatus") or {}).get("summary")
        if summary:
            yield summary
        yield from islice(_condition_words(details), _MOST_CONDITIONS)


def _condition_words(details: Mapping[str, Any]) -> Iterator[str]:
    for replica in details.get("replicas") or ():
        for condition in replica.get("conditions") or ():
            said = condition.get("message") or condition.get("reason")
            if condition.get("value") is False and said:
                yield f"replica {replica['name']}: {condition['type']} is false: {said}"
        for container in replica.get("containers") or ():
            yield from _container_words(container)


def _container_words(container: Mapping[str, Any]) -> Iterator[str]:
    """Yield why a container does not run, how its last run ended, and how often it was restarted."""
    name, last = container["name"], container.get("lastState") or {}
    why = ": ".join(word for word in (container.get("reason"), container.get("message")) if word)
    if why and container.get("status") == "waiting":
        yield f"container {name} is waiting: {why}"
    if last.get("exitCode") is not None:
        said = f" ({last['reason']})" if last.get("reason") else ""
        yield f"the last run of container {name} ended with exit code {last['exitCode']}{said}"
    if container.get("restartCount"):
        yield f"container {name} restarted {container['restartCount']} times"


def _event_words(platform: Platform, workload_id: str) -> Iterator[str]:
    try:
        events = platform.client.activity.events(workload_id).first()["data"]
    except ApiError:
        return
    for event in sorted(events, key=lambda event: str(event.get("timestamp") or ""))[-_LAST_EVENTS:]:
        said = (event.get("details") or {}).get("message")
        yield f"event {event.get('eventType')}" + (f": {said}" if said else "")
