"""What a live artifact or workload would be declared as: the inverse of `expand`.

The result declares what the platform shows, with the long form of a runtime; expanding it gives the live values again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wlinfra.resources.artifact import Artifact
from wlinfra.resources.base import Resource
from wlinfra.resources.workload import Workload

from .attributes.artifact import ARTIFACT_ROWS
from .attributes.workload import WORKLOAD_ROWS
from .compared.shapes import artifact_values, workload_values
from .platform import ARTIFACT_KIND

__all__ = ["declared", "declared_attributes"]


def declared(kind: str, document: Mapping[str, Any], *, name: str) -> Resource:
    """Return the resource that declares a live document; raises DeclarationError for what no program can declare."""
    model: type[Resource] = Artifact if kind == ARTIFACT_KIND else Workload
    attributes = declared_attributes(kind, document)
    if attributes.get("platform_name") == name:
        del attributes["platform_name"]
    return model(name, **attributes)


def declared_attributes(kind: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of that resource, by their declared names, without secrets' values."""
    if kind == ARTIFACT_KIND:
        return ARTIFACT_ROWS.declared(artifact_values(document))
    return WORKLOAD_ROWS.declared(workload_values(document))
