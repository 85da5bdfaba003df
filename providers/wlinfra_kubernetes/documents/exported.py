"""What an object from `kubectl get -o yaml` holds that only the cluster sets, and that cannot be declared.

`declared.manifest_files` leaves it out, so that such a file can be managed as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["without_what_the_cluster_sets"]

_METADATA: Final = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
_ANNOTATIONS: Final = (
    "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/last-applied-configuration",
)


def without_what_the_cluster_sets(manifest: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Return the object as someone may declare it, and the names of what was left out."""
    left_out: list[str] = []
    kept = dict(manifest)
    if isinstance(kept.get("status"), Mapping):
        del kept["status"]
        left_out.append("status")
    metadata = manifest.get("metadata")
    if isinstance(metadata, Mapping):
        left_out += [f"metadata.{name}" for name in _METADATA if metadata.get(name) is not None]
        meta = {name: value for name, value in metadata.items() if name not in _METADATA or value is None}
        annotations = meta.get("annotations")
        if left_out and isinstance(annotations, Mapping):  # else a user wrote them into a file of their own
            left_out += [f"metadata.annotations[{name}]" for name in _ANNOTATIONS if name in annotations]
            meta["annotations"] = {name: text for name, text in annotations.items() if name not in _ANNOTATIONS}
            if not meta["annotations"]:
                del meta["annotations"]
        kept["metadata"] = meta
    return kept, tuple(left_out)
