"""What is under way while a program declares: where mistakes are gathered and which scope is open.

The models of `resources` report here; `stack.program` opens a `Gathering` around the user's function and reads it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import Any, Generic, TypeVar

from wlinfra.errors import DeclarationError, Diagnostic, Location, Severity
from wlinfra.values import format_path

__all__ = [
    "NAME",
    "Gathering",
    "Problem",
    "caller",
    "callers",
    "chain",
    "current_gathering",
    "current_scope",
    "declaring",
    "locate",
    "report",
    "require",
    "require_dict",
    "scope",
    "standing_at",
]

Made = TypeVar("Made")
"""What a program creates: resources, which stand above this module."""

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*", re.ASCII)
"""What a resource or a scope may be called: addresses contain it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One broken rule of a model: `path` is relative to the model."""

    summary: str
    detail: str
    fix: str = ""
    path: tuple[str | int, ...] = ()

    def within(self, *path: str | int) -> Problem:
        """Return the problem of the part at this path, for the whole."""
        return replace(self, path=(*path, *self.path))

    def diagnostic(
        self,
        owner: str,
        *,
        address: str | None = None,
        location: Location | None = None,
        severity: Severity = Severity.ERROR,
    ) -> Diagnostic:
        """Return the diagnostic for users; ``owner`` is the name of the model in it."""
        return Diagnostic(
            severity=severity,
            summary=self.summary,
            detail=self.detail,
            fix=self.fix,
            address=address,
            path=f"{owner}.{format_path(self.path)}" if self.path else owner,
            location=location,
        )


@dataclass(slots=True)
class Gathering(Generic[Made]):
    """Everything gathered while one program declares one environment."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    resources: list[Made] = field(default_factory=list)
    """Every resource created, in order, whether it is yielded or not."""
    odd: dict[int, Location] = field(default_factory=dict)
    """Where the program yields what is no declaration, by the place among all it yields."""


_gathering: ContextVar[Gathering[Any] | None] = ContextVar("wlinfra_gathering", default=None)
_scope: ContextVar[tuple[str, ...]] = ContextVar("wlinfra_scope", default=())


def current_gathering() -> Gathering[Any] | None:
    """Return what gathers mistakes, if a program is being run."""
    return _gathering.get()


def current_scope() -> tuple[str, ...]:
    """Return the names of the open scopes, outermost first."""
    return _scope.get()


@contextmanager
def declaring() -> Iterator[Gathering[Any]]:
    """Gather mistakes and resources instead of raising at the first mistake."""
    gathering: Gathering[Any] = Gathering()
    gathering_token, scope_token = _gathering.set(gathering), _scope.set(())
    try:
        yield gathering
    finally:
        _scope.reset(scope_token)
        _gathering.reset(gathering_token)


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Prefix the address of every resource created inside: ``workload.chat`` becomes ``payments.workload.chat``.

    A module is a function that yields resources inside a scope; scopes nest. Raises DeclarationError for a name
    that cannot stand in an address.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise DeclarationError.of(
            "Bad scope name",
            "A scope's name is part of addresses, so it takes letters, digits, hyphens and underscores only.",
            'Write it as wl.scope("payments").',
            location=locate(caller()),
        )
    token = _scope.set((*_scope.get(), name))
    try:
        yield
    finally:
        _scope.reset(token)


def require(value: object, kinds: type | tuple[type, ...], what: str, takes: str, fix: str) -> None:
    """Raise DeclarationError, with the caller's line, unless the value is of one of the kinds; it is never repeated.

    ``what`` names the argument and its call, ``takes`` what it takes, ``fix`` shows the call as it is right.
    """
    if not isinstance(value, kinds):
        given = (
            "None"
            if value is None
            else f"the class {value.__name__}"
            if isinstance(value, type)
            else type(value).__name__
        )
        raise DeclarationError.of("Wrong type", f"{what} takes {takes}, not {given}.", fix, location=locate(caller()))


def require_dict(value: object, what: str, fix: str) -> None:
    """Raise DeclarationError, with the caller's line, unless the value is None or a dict with strings as keys."""
    require({} if value is None else value, Mapping, what, "a dict", fix)
    for key in value if isinstance(value, Mapping) else ():
        require(key, str, f"Each key of {what}", "a string", fix)


def report(diagnostics: list[Diagnostic]) -> None:
    """Gather the diagnostics, or raise them at once when no program is being run."""
    gathering = _gathering.get()
    if gathering is None:
        raise DeclarationError(*diagnostics)
    gathering.diagnostics.extend(diagnostics)


_NOT_THE_USERS = ("wlinfra.", "wlinfra_", "pydantic.", "contextlib")
_START = "wlinfra.stack.program"
"""The module that runs programs: what called it is not the program."""


_standing: ContextVar[tuple[str, int] | None] = ContextVar("wlinfra_standing", default=None)


@contextmanager
def standing_at(file: str, line: int) -> Iterator[None]:
    """Take this place for the declaration of what is created inside, such as an object that a file describes."""
    token = _standing.set((file, line))
    try:
        yield
    finally:
        _standing.reset(token)


def caller() -> tuple[str, int] | None:
    """Return file and line of the innermost frame that is neither ours nor pydantic's."""
    place = _standing.get()
    if place is not None:
        return place
    frame = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if not module.startswith(_NOT_THE_USERS) and module != "wlinfra":
            return frame.f_code.co_filename, frame.f_lineno
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return None


def callers() -> tuple[Location, ...]:
    """Return the calls of the program that led to its innermost frame, innermost first; none when no program is run."""
    found: list[Location] = []
    frame: FrameType | None = sys._getframe(1) if _gathering.get() is not None else None
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module == _START:
            return chain(found) if _standing.get() is None else chain([Location("", 0), *found])
        if not module.startswith(_NOT_THE_USERS) and module != "wlinfra":
            found += filter(None, [locate((frame.f_code.co_filename, frame.f_lineno))])
        frame = frame.f_back
    return ()


def chain(frames: Sequence[Location]) -> tuple[Location, ...]:
    """Return the calls behind the first of the frames, each once in a row: a comprehension is a frame of its own."""
    distinct = [frame for index, frame in enumerate(frames) if index == 0 or frame != frames[index - 1]]
    return tuple(distinct[1:])


def locate(where: tuple[str, int] | None) -> Location | None:
    """Return the place for messages: relative to the current folder when it lies inside."""
    if where is None:
        return None
    file, line = where
    here = os.getcwd() + os.sep  # noqa: PTH109 - a plain prefix test
    return Location(file.removeprefix(here), line)
