"""All that is planned together: what a provider looks at to share something scarce out among its objects."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, cast

from wlinfra.changes.model import PlatformObject
from wlinfra.values import Address

if TYPE_CHECKING:
    from wlinfra.provider.base import Reading

__all__ = ["Others"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Others:
    """The wanted objects of one connection that one plan is about, in the order of their declaration."""

    look: Callable[[], Iterable[tuple[PlatformObject, Reading]]] = tuple
    """Returns each as the program wants it, references open, and as it was read; called with the first question."""
    ending: Mapping[str, Address] = field(default_factory=dict)
    """The addresses of the objects that end in this plan by id, deposed ones among them, retained ones not."""
    _locks: dict[str, threading.RLock] = field(default_factory=dict, init=False, repr=False)
    _found: dict[str, object] = field(default_factory=dict, init=False, repr=False)

    def __iter__(self) -> Iterator[tuple[PlatformObject, Reading]]:
        return iter(self.once("objects", lambda: tuple(self.look())))

    def once(self, name: str, work: Callable[[], T]) -> T:
        """Return what the work gives: done by whichever object asks first, so that no order of planning matters."""
        with self._locks.setdefault(name, threading.RLock()):
            if name not in self._found:
                self._found[name] = work()
            return cast("T", self._found[name])
