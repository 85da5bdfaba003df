"""Names of objects: legal, short enough, and the same for the same declaration for ever.

Every renderer takes its names from here or from `group.Group`, which calls this once.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final

from wlinfra.resources.base import Resource

__all__ = ["LONGEST", "object_name", "resource_name", "short_hash"]

LONGEST: Final = 54
"""KEDA names its autoscaler ``keda-hpa-`` plus the name, and that may have 63 characters."""

_ILLEGAL = re.compile(r"[^a-z0-9-]+")


def object_name(text: str, *, longest: int = LONGEST) -> str:
    """Return the text as a DNS label; what had to be cut or changed gets a hash, so that it stays unique.

    >>> object_name("chat"), object_name("My chat")
    ('chat', 'my-chat-c766fb5f')
    """
    name = _ILLEGAL.sub("-", text.lower()).strip("-")
    if not name or not name[0].isalpha():
        name = f"w-{name}".strip("-")
    if name == text and len(name) <= longest:
        return name
    return f"{name[: longest - 9].rstrip('-')}-{short_hash(text)}"


def resource_name(resource: Resource) -> str:
    """Return what a resource is called in its namespace, not yet made legal; scopes come first.

    A module yields the same names in every scope, and a namespace has each name only once.
    """
    scopes = resource.address.resource.split(".")[:-2]
    return resource.platform_name or resource.name_prefix + "-".join((*scopes, resource.name))


def short_hash(value: Any) -> str:
    """Return eight hexadecimal digits that stand for a text or a JSON value."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
