"""What of an object its kind, its name and its stack decide, so that a plan need not spell it out for people.

`expand` notes it on every object; machine formats and files show all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wlinfra.values import Path
from wlinfra_manifests.labels import GROUP, WORKLOAD

from .identity import is_mark

__all__ = ["evident_in"]

_HEAD: Final[frozenset[Path]] = frozenset({("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")})
_LABELS: Final = frozenset(
    {
        "app.kubernetes.io/managed-by",
        "app.kubernetes.io/name",
        "app.kubernetes.io/part-of",
        "wlinfra.dev/artifact",
        "wlinfra.dev/artifact-status",
        "wlinfra.dev/artifact-version",
        GROUP,
        WORKLOAD,
    }
)


def evident_in(manifest: Mapping[str, Any], *, rendered: bool) -> frozenset[Path]:
    """Return the evident paths; labels and annotations of workloads only where the manifest was ``rendered``."""
    meta = manifest["metadata"]
    listed = [("metadata", place, name) for place in ("labels", "annotations") for name in meta.get(place) or ()]
    return _HEAD.union(path for path in listed if is_mark(path) or (rendered and path[2] in _LABELS))
