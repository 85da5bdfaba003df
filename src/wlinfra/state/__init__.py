"""What is recorded between runs: the model, the store, its lock and the digest key.

The names are loaded on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wlinfra.state.clock import Clock, SystemClock
    from wlinfra.state.key import Digest, KeySource, data_home, load_key
    from wlinfra.state.lock import Lease, LockInfo, LockRequest
    from wlinfra.state.model import Deposed, Health, HistoryEntry, Intent, ObjectState, SecretDigest, State
    from wlinfra.state.move import forget_objects, move_objects
    from wlinfra.state.repair import RepairReport
    from wlinfra.state.store import LocalStateStore, StateSession, StateStore

__all__ = [
    "Clock",
    "Deposed",
    "Digest",
    "Health",
    "HistoryEntry",
    "Intent",
    "KeySource",
    "Lease",
    "LocalStateStore",
    "LockInfo",
    "LockRequest",
    "ObjectState",
    "RepairReport",
    "SecretDigest",
    "State",
    "StateSession",
    "StateStore",
    "SystemClock",
    "data_home",
    "forget_objects",
    "load_key",
    "move_objects",
]

_HOMES = {
    "clock": ("Clock", "SystemClock"),
    "key": ("Digest", "KeySource", "data_home", "load_key"),
    "lock": ("Lease", "LockInfo", "LockRequest"),
    "model": ("Deposed", "Health", "HistoryEntry", "Intent", "ObjectState", "SecretDigest", "State"),
    "move": ("forget_objects", "move_objects"),
    "repair": ("RepairReport",),
    "store": ("LocalStateStore", "StateSession", "StateStore"),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
