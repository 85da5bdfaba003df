"""What is well-shaped in a document and still cannot be: null where the platform has no null, a locked artifact of nothing.

`calls` asks for every single document where it enters, `fetch` for the rows of a list that are about our own objects:
a row of another user's breaks no list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from .wire import Workload
from .wire_artifacts import Artifact

__all__ = ["implausible", "implausible_artifact", "implausible_workload"]

_NEVER_NULL: Final = ("name", "status", "importance", "runtime")
"""Keys of a workload that may be absent, and are never null by the published reference."""


def implausible(document: Any, shape: Any) -> str:
    """Return what cannot be in a document of this shape, for users; empty when all can."""
    check = _CHECKS.get(shape)
    return check(document) if check is not None else ""


def implausible_workload(document: Mapping[str, Any]) -> str:
    """Return what cannot be in a workload.

    >>> implausible_workload({"id": "x", "status": None})
    '`status` is null, which no workload has.'
    """
    for name in _NEVER_NULL:
        if name in document and document[name] is None:
            return f"`{name}` is null, which no workload has."
    runs, shown = document.get("artifactId"), (document.get("artifact") or {}).get("id")
    if runs is not None and shown is not None and runs != shown:
        return "`artifactId` and `artifact.id` name two artifacts."
    return ""


def implausible_artifact(document: Mapping[str, Any]) -> str:
    """Return what cannot be in an artifact: a locked one has containers, unless it is made of a template."""
    if "spec" not in document:
        return ""
    spec = document["spec"]
    if spec is None:
        return "`spec` is null, which no artifact has."
    is_of_containers = not spec.get("templateId") and "nim" not in (spec.get("type"), document.get("type"))
    if document.get("status") != "locked" or not is_of_containers:
        return ""
    groups = spec.get("containerGroups") or ()
    if groups and all(group.get("containers") for group in groups):
        return ""
    return "`spec.containerGroups` holds no container, which no locked artifact is made of."


_CHECKS: Final[Mapping[Any, Callable[[Mapping[str, Any]], str]]] = {
    Workload: implausible_workload,
    Artifact: implausible_artifact,
}
