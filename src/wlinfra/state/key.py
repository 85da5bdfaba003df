"""The keyed digest: how secrets and live objects are compared without being stored.

The key stands apart from the state, so that a leaked state tells nothing about a secret.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

__all__ = ["Digest"]


@dataclass(frozen=True, slots=True)
class Digest:
    """Digests text under the state's key; without a key nothing can be compared."""

    key: bytes | None = None

    def __post_init__(self) -> None:
        if self.key is not None and len(self.key) < 16:
            raise ValueError("a digest key has at least 16 bytes")

    def __repr__(self) -> str:
        return f"Digest(known={self.known})"

    @property
    def known(self) -> bool:
        """True when there is a key."""
        return self.key is not None

    def __call__(self, text: str | bytes) -> str:
        """Return the hexadecimal digest; raises ValueError without a key."""
        if self.key is None:
            raise ValueError("there is no key to digest with")
        data = text.encode() if isinstance(text, str) else text
        return hmac.new(self.key, data, hashlib.sha256).hexdigest()[:40]
