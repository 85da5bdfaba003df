"""What the journal notes on objects of the calls of Pulumi's engine, beside what their provider remembers.

``call`` is the number of the last call that changed them, ``answered`` says that the engine has the answer of their create.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from wlinfra.state.model import ObjectState

__all__ = ["answered", "called", "calls", "is_answered"]

_CALL: Final = "call"
_ANSWERED: Final = "answered"


def calls(objects: Iterable[ObjectState]) -> int:
    """Return the number of the last call that is marked on the objects."""
    marks = (item.memory.get(_CALL, 0) for item in objects)
    return max((mark for mark in marks if isinstance(mark, int)), default=0)


def called(item: ObjectState, call: int) -> ObjectState:
    """Return the object of a call to update it, so that its create is answered."""
    return replace(item, memory={**item.memory, _CALL: call, _ANSWERED: True})


def answered(item: ObjectState) -> ObjectState:
    """Return the object with the note that the engine has the answer of its create."""
    return replace(item, memory={**item.memory, _ANSWERED: True})


def is_answered(objects: Iterable[ObjectState]) -> bool:
    """True when the engine has the answer of the create of one of them."""
    return any(_ANSWERED in item.memory for item in objects)
