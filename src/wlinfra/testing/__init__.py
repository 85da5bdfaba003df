"""What tests of stacks and of providers use: an in-memory provider and the suite that every provider passes."""

from __future__ import annotations

from wlinfra.testing.memory import MemoryCall, MemoryConnection, MemoryProvider, lost_reply, refuse
from wlinfra.testing.world import MemoryObject, MemoryWorld

__all__ = ["MemoryCall", "MemoryConnection", "MemoryObject", "MemoryProvider", "MemoryWorld", "lost_reply", "refuse"]
