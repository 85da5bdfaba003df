"""How the recipient of a shared role is written as one key, such as ``user:name:ann@example.com``."""

from __future__ import annotations

__all__ = ["recipient_of", "role_key"]


def role_key(recipient_type: str, *, id: str | None = None, username: str | None = None) -> str:  # noqa: A002 - the field's word
    """Return what identifies a recipient."""
    return f"{recipient_type}:id:{id}" if id else f"{recipient_type}:name:{username}"


def recipient_of(key: str) -> dict[str, str]:
    """Return the recipient that a key stands for, as `wl.SharedRole` is declared."""
    kind, how, who = key.split(":", 2)
    return {"recipient": kind, "id" if how == "id" else "username": who}
