"""Who we are on a cluster: the field manager, and the labels and annotations that prove what is ours.

One manager for each stack and environment, so that two stacks conflict instead of overwriting each other. The labels
are those of an ApplySet, so that kubectl understands them; the inventory is its parent.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wlinfra_manifests.document import Key

__all__ = [
    "ADDITIONAL_NAMESPACES",
    "ADDRESS",
    "APPLIED",
    "APPLYSET_ID",
    "BUNDLE",
    "GROUP_KINDS",
    "HANDOVER",
    "KEEP",
    "LINEAGE",
    "PART_OF",
    "STACK",
    "TOOLING",
    "Identity",
    "is_mark",
    "shown_manager",
    "shown_owner",
]

PART_OF: Final = "applyset.kubernetes.io/part-of"
APPLYSET_ID: Final = "applyset.kubernetes.io/id"
GROUP_KINDS: Final = "applyset.kubernetes.io/contains-group-kinds"
ADDITIONAL_NAMESPACES: Final = "applyset.kubernetes.io/additional-namespaces"
TOOLING: Final = "applyset.kubernetes.io/tooling"
STACK: Final = "wlinfra.dev/stack"
ADDRESS: Final = "wlinfra.dev/address"
APPLIED: Final = "wlinfra.dev/applied-hash"
BUNDLE: Final = "wlinfra.dev/resolved-bundle"
KEEP: Final = "wlinfra.dev/keep"
LINEAGE: Final = "wlinfra.dev/lineage"

HANDOVER: Final = "wlinfra-handover"
"""The field manager that keeps replicas until an autoscaler writes them."""

_MARKS: Final = {
    "labels": frozenset({PART_OF, APPLYSET_ID}),
    "annotations": frozenset({STACK, ADDRESS, APPLIED, BUNDLE, GROUP_KINDS, ADDITIONAL_NAMESPACES, LINEAGE, TOOLING}),
}
_PREFIX: Final = "wlinfra-"
_LONGEST_MANAGER: Final = 128
_LONGEST_NAME: Final = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One stack in one environment."""

    stack: str
    environment: str
    namespace: str
    """Where the inventory lives."""

    @property
    def manager(self) -> str:
        """The field manager."""
        return _manager(self.stack, self.environment)

    @property
    def name(self) -> str:
        """As users are shown it: ``stack/environment``."""
        return f"{self.stack}/{self.environment}"

    @property
    def inventory(self) -> Key:
        """The parent of the ApplySet."""
        text = re.sub(r"[^a-z0-9-]+", "-", f"wlinfra-{self.stack}-{self.environment}".lower()).strip("-")
        if len(text) > _LONGEST_NAME or text != f"wlinfra-{self.stack}-{self.environment}":
            mark = hashlib.sha256(self.name.encode()).hexdigest()[:8]
            text = f"{text[: _LONGEST_NAME - 9].rstrip('-')}-{mark}"
        return Key("v1", "ConfigMap", self.namespace, text)

    @property
    def applyset(self) -> str:
        """The ApplySet's id, as its specification derives it from the parent."""
        key = self.inventory
        digest = hashlib.sha256(f"{key.name}.{key.namespace}.{key.kind}.{key.group}".encode()).digest()
        return f"applyset-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}-v1"

    def marked(self, manifest: Mapping[str, Any], address: str) -> dict[str, Any]:
        """Return the manifest with our label and annotations."""
        meta = dict(manifest.get("metadata") or {})
        meta["labels"] = {**(meta.get("labels") or {}), PART_OF: self.applyset}
        meta["annotations"] = {**(meta.get("annotations") or {}), STACK: self.name, ADDRESS: address}
        return {**manifest, "metadata": meta}

    def owns(self, document: Mapping[str, Any]) -> bool:
        """Return whether the object has our label, or is our inventory."""
        labels = (document.get("metadata") or {}).get("labels") or {}
        return self.applyset in (labels.get(PART_OF), labels.get(APPLYSET_ID))

    def other_owner(self, document: Mapping[str, Any]) -> str:
        """Return the stack whose label the object has, when that is another one; empty otherwise."""
        meta = document.get("metadata") or {}
        label = (meta.get("labels") or {}).get(PART_OF)
        if not label or label == self.applyset:
            return ""
        return str((meta.get("annotations") or {}).get(STACK) or label)


def _manager(stack: str, environment: str) -> str:
    return f"{_PREFIX}{stack}-{environment}"[:_LONGEST_MANAGER]


def is_mark(path: Sequence[Any]) -> bool:
    """Return whether the path is one of the labels and annotations that say whose an object is."""
    return len(path) == 3 and path[0] == "metadata" and path[2] in _MARKS.get(str(path[1]), ())


def shown_owner(owner: str, document: Mapping[str, Any]) -> str:
    """Return what `Identity.other_owner` found as users are shown it, with the time of its last apply."""
    stack, _, environment = owner.rpartition("/")
    if not stack:
        return f"the stack with the label {owner}"
    entries = (document.get("metadata") or {}).get("managedFields") or ()
    times = [
        str(item["time"])
        for item in entries
        if item.get("manager") == _manager(stack, environment) and item.get("time")
    ]
    since = f", which applied it last at {max(times)}" if times else ""
    return f"stack {stack}, environment {environment}{since}"


def shown_manager(manager: str, document: Mapping[str, Any]) -> str:
    """Return a field manager as users are shown it: for one of wlinfra's, the stack and the environment it encodes.

    Names may have dashes themselves; the annotation of the object then shows where the stack's name ends.
    """
    if manager == HANDOVER:
        return f"{manager}, which keeps it for an autoscaler"
    if not manager.startswith(_PREFIX):
        return manager
    annotations = (document.get("metadata") or {}).get("annotations") or {}
    stack, _, environment = str(annotations.get(STACK) or "").rpartition("/")
    if manager != _manager(stack, environment):
        stack, _, environment = manager.removeprefix(_PREFIX).partition("-")
        if not environment or "-" in environment:
            return f"another stack of wlinfra (field manager {manager})"
    return f"stack {stack}, environment {environment} (field manager {manager})"
