"""Names of Pulumi as names of the core: legal ones stay, others get a digest, so that two never become one."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from wlinfra.resources.declaring import NAME
from wlinfra.values import Address

__all__ = ["address_name", "legal", "old_half"]

_LONGEST: Final = 60


def legal(name: str) -> str:
    """Return the name, or one that the core takes and that no other name becomes.

    >>> legal("prod"), legal("acme/chat")
    ('prod', 'acme-chat-c7bee5eb')
    """
    if NAME.fullmatch(name) and len(name) <= _LONGEST:
        return name
    return _marked(name, name)


def _marked(name: str, whole: str) -> str:
    head = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:_LONGEST]
    return f"{head or 'x'}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def address_name(urn: str, name: str) -> str:
    """Return what the resource is called in addresses; its name where that alone tells it from all others of its type."""
    parts = urn.split("::", 3)
    chain = parts[2] if len(parts) == 4 else ""
    return _marked(name, f"{chain}::{name}") if "$" in chain else legal(name)


def old_half(address: Address, identity: str) -> Address:
    """Return where the object is kept that another one has replaced and that Pulumi has not deleted yet."""
    mark = hashlib.sha256(identity.encode()).hexdigest()[:8]
    return Address(f"replaced-{mark}.{address}")
