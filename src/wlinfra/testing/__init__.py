"""What tests of stacks and of providers use: an in-memory provider and the suite that every provider passes.

`ProviderContract` is imported from `wlinfra.testing.contract`, since it needs pytest; the rest does not.
"""

from __future__ import annotations

from wlinfra.testing.driver import Driver, intent_of, steps_of
from wlinfra.testing.memory import MemoryCall, MemoryConnection, MemoryProvider, lost_reply, refuse
from wlinfra.testing.values import plain_values
from wlinfra.testing.world import MemoryObject, MemoryWorld

__all__ = [
    "Driver",
    "MemoryCall",
    "MemoryConnection",
    "MemoryObject",
    "MemoryProvider",
    "MemoryWorld",
    "intent_of",
    "lost_reply",
    "plain_values",
    "refuse",
    "steps_of",
]
