"""All that is planned together: what a provider looks at to share something scarce out among its objects."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, cast
from weakref import WeakKeyDictionary

from wlinfra.changes.model import PlatformObject
from wlinfra.values import Address

if TYPE_CHECKING:
    from wlinfra.provider.base import Reading

__all__ = ["OncePerPlan", "Others"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Others:
    """The wanted objects of one connection that one plan is about, in the order of their declaration."""

    objects: tuple[tuple[PlatformObject, Reading], ...] = ()
    """Each as the program wants it, references open, and as it was read."""
    ending: Mapping[str, Address] = field(default_factory=dict)
    """The addresses of the objects that end in this plan by id, deposed ones among them, retained ones not."""
    partial: bool = False
    """The stack has more objects: another plan may change or end what is not among these before this one is applied."""

    def __iter__(self) -> Iterator[tuple[PlatformObject, Reading]]:
        return iter(self.objects)


@dataclass(frozen=True, slots=True)
class _Found:
    lock: threading.RLock = field(default_factory=threading.RLock)
    values: list[object] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class OncePerPlan:
    """What a provider works out once for all that is planned together; it is dropped with the plan."""

    _found: WeakKeyDictionary[Others, dict[str, _Found]] = field(default_factory=WeakKeyDictionary, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def of(self, others: Others, name: str, work: Callable[[], T]) -> T:
        """Return what the work gives: done by whichever object asks first, so that no order of planning matters."""
        with self._lock:
            found = self._found.setdefault(others, {}).setdefault(name, _Found())
        with found.lock:
            if not found.values:
                found.values.append(work())
            return cast("T", found.values[0])
