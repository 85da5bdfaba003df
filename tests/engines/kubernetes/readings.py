"""What the fake metric servers answer, as tests set it; shared by the threads of the fakes' process."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Literal, assert_never

__all__ = ["Kind", "Reading", "Readings"]

Kind = Literal["resource", "pods", "object", "external", "prometheus"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value: of a resource (`cpu`, `memory`) or metric, in a namespace, for what ``of`` names.

    ``of`` is the start of pod names for `resource` and `pods`, an object's name for `object`; for `prometheus`
    ``fragments`` are the texts that a query has to contain.
    """

    kind: Kind
    value: str
    metric: str = ""
    namespace: str = ""
    of: str = ""
    fragments: tuple[str, ...] = field(default=())

    @classmethod
    def parse(cls, body: dict[str, Any]) -> Reading:
        """Return the reading that a test sent as JSON."""
        return cls(**{**body, "fragments": tuple(body.get("fragments", ()))})


class Readings:
    """The readings there are; the one set last is asked first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readings: list[Reading] = []

    def set(self, reading: Reading) -> None:
        """Put a reading before all others, in place of one for the same thing."""
        with self._lock:
            kept = [one for one in self._readings if _subject(one) != _subject(reading)]
            self._readings = [reading, *kept]

    def get(self, kind: Kind, metric: str, namespace: str, name: str) -> str | None:
        """Return the value for a pod, an object or a namespace, or None when no test has set one."""
        with self._lock:
            readings = list(self._readings)
        for one in readings:
            if (one.kind, one.metric, one.namespace) == (kind, metric, namespace) and _covers(one, name):
                return one.value
        return None

    def query(self, text: str) -> str | None:
        """Return the value of the Prometheus query, or None when no reading's fragments are all in it."""
        with self._lock:
            readings = list(self._readings)
        found = (one for one in readings if one.kind == "prometheus" and all(part in text for part in one.fragments))
        first = next(found, None)
        return None if first is None else first.value


def _subject(one: Reading) -> tuple[object, ...]:
    return one.kind, one.metric, one.namespace, one.of, one.fragments


def _covers(one: Reading, name: str) -> bool:
    match one.kind:
        case "resource" | "pods":
            return name.startswith(one.of)
        case "object":
            return name == one.of
        case "external":
            return True
        case "prometheus":
            return False
    assert_never(one.kind)
