"""A user's program as code: where its modules come from, and what becomes of whatever it raises.

`stack.program` runs it inside `Program.running` and `guarding`.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from wlinfra.errors import DeclarationError, Diagnostic, Location
from wlinfra.resources.declaring import chain, locate
from wlinfra.resources.mistakes import nearest

__all__ = ["Program", "file_digest", "guarding"]


@dataclass(slots=True)
class Program:
    """A user's file, and the modules it imported from its own folder.

    Those modules are in `sys.modules` only while the program runs, so that two programs may both have a ``common``.
    """

    path: Path
    modules: dict[str, ModuleType] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The folder its modules are imported from."""
        return self.path.resolve().parent

    @contextmanager
    def running(self) -> Iterator[None]:
        """Make the folder and its modules importable."""
        folder = str(self.folder)
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        sys.modules.update(self.modules)
        before = set(sys.modules)
        try:
            with _staying():
                yield
        finally:
            if folder in sys.path:
                sys.path.remove(folder)
            new = {
                name: module for name, module in sys.modules.items() if name not in before and self._owns(name, module)
            }
            self.modules.update(new)
            for name in self.modules:
                sys.modules.pop(name, None)

    def _paths(self) -> tuple[Path, ...]:
        files = {Path(str(module.__file__)) for module in self.modules.values() if getattr(module, "__file__", None)}
        return (self.path.resolve(), *sorted(files))

    def files(self) -> dict[str, str]:
        """Return the file and what it imported from its folder, relative to that, each with a digest."""
        return {path.relative_to(self.folder).as_posix(): file_digest(path) for path in self._paths()}

    def digest(self) -> str:
        """Return a digest of the file and of what it imported from its folder."""
        digest = hashlib.sha256()
        for path in self._paths():
            content = path.read_bytes()
            digest.update(f"{path.relative_to(self.folder)}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()

    def _owns(self, name: str, module: ModuleType) -> bool:
        """True when the module was found directly in the program's folder, not in a tree of something else below it."""
        file = getattr(module, "__file__", None)
        if not file or not Path(file).is_relative_to(self.folder):
            return False
        top = name.partition(".")[0]
        return Path(file).relative_to(self.folder).parts[0] in (top, f"{top}.py")


@contextmanager
def _staying() -> Iterator[None]:
    """Make an end of the process by the program an exit that can be reported; its own children may end as they like."""
    leave, own = os._exit, os.getpid()

    def report(status: int) -> NoReturn:
        if os.getpid() != own:
            leave(status)
        raise SystemExit(status)

    os._exit = report
    try:
        yield
    finally:
        os._exit = leave


def file_digest(path: Path) -> str:
    """Return the digest of one file of a program; raises OSError."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def guarding(folder: Path | None, diagnostics: list[Diagnostic]) -> Iterator[None]:
    """Turn whatever the user's code raises into a diagnostic with its file and line, and the calls that led there."""
    try:
        yield
    except DeclarationError as error:
        place, calls = _places(error, folder)
        diagnostics.extend(
            replace(item, called_from=calls) if item.location == place and not item.called_from else item
            for item in error.diagnostics
        )
    except (SystemExit, Exception) as error:  # noqa: BLE001 - a program may raise anything
        place, calls = _places(error, folder)
        if isinstance(error, SyntaxError):
            place = locate((str(error.filename), error.lineno or 1)) if error.filename else None
        summary, detail, fix = _explained(error)
        diagnostics.append(
            Diagnostic(summary=summary, detail=detail, fix=fix, location=place, called_from=calls),
        )


def _explained(error: BaseException) -> tuple[str, str, str]:
    """Return what went wrong, why, and how to fix it."""
    match error:
        case SyntaxError():
            return "Program is not Python", f"{error.msg}.", "Correct this line."
        case SystemExit():
            detail = "The program called exit while it was loaded."
            return "Program ended itself", detail, "Take the call out, or raise an error that explains what is wrong."
        case ModuleNotFoundError():
            detail = f"The program imports {error.name}, which is neither installed nor next to it."
            return "Module not found", detail, f"Install it, or check the spelling of {error.name}."
        case _:
            last = traceback.format_exception_only(error)[-1].strip()
            return "Program failed", f"The program raised {last}", _meant(error) or "Correct this line."


def _meant(error: BaseException) -> str:
    """Return the name that the program most likely meant by one that is not there; empty where none is near."""
    known: Iterable[str] = ()
    if isinstance(error, AttributeError) and error.name is not None:
        known = [name for name in dir(error.obj) if not name.startswith("_")]
    elif isinstance(error, NameError) and error.name is not None and error.__traceback__ is not None:
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        known = [*frame.f_locals, *frame.f_globals, *dir(builtins)]
    guess = nearest(getattr(error, "name", None) or "", known)
    return f"Did you mean {guess}?" if guess else ""


def _places(error: BaseException, folder: Path | None) -> tuple[Location | None, tuple[Location, ...]]:
    """Return the innermost line of the user's own code, and the calls of it that led there, innermost first."""
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    own = [place for where in reversed(frames) if _is_own(where[0], folder) and (place := locate(where)) is not None]
    return (own[0] if own else None), chain(own)


def _is_own(file: str, folder: Path | None) -> bool:
    if folder is None:
        return "wlinfra" not in Path(file).parts
    return Path(file).resolve().is_relative_to(folder) and "site-packages" not in Path(file).parts
