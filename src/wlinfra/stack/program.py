"""Loads a user's program and runs its code where every mistake gets a file and a line.

The command line calls `load_stack`; `stack.declaration` runs the function of the stack inside `Program.running`.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

from wlinfra.errors import DeclarationError, Diagnostic, Location
from wlinfra.resources.declaring import declaring, locate
from wlinfra.stack.context import Surroundings, surrounded
from wlinfra.stack.stack import Stack

__all__ = ["DEFAULT_FILE", "Program", "guarding", "load_stack"]

DEFAULT_FILE = "infra.py"
_numbers = count(1)


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

    def digest(self) -> str:
        """Return a digest of the file and of what it imported from its folder."""
        files = {Path(str(module.__file__)) for module in self.modules.values() if getattr(module, "__file__", None)}
        digest = hashlib.sha256()
        for path in (self.path.resolve(), *sorted(files)):
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


def load_stack(path: Path, *, environ: Mapping[str, str] | None = None) -> Stack[Any]:
    """Return the one stack a program defines; a folder stands for the ``infra.py`` in it.

    ``environ`` is where secrets are looked up, by default the process's own variables. Raises DeclarationError with
    the user's file and line for a program that is missing, cannot be run, or defines no stack or several.
    """
    file = path / DEFAULT_FILE if path.is_dir() else path
    if not file.is_file():
        raise DeclarationError.of(
            "Program not found", f"There is no file {file}.", "Name the program: wlinfra plan path/to/infra.py."
        )
    program = Program(file)
    name = f"_wlinfra_program_{next(_numbers)}"
    # A finder of its own, because the file may have any suffix and the module must not collide with another program's.
    spec = importlib.util.spec_from_loader(name, loader=None, origin=str(file))
    if spec is None:
        raise DeclarationError.of("Program not found", f"{file} cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(file)
    sys.modules[name] = module
    with declaring() as session:
        with (
            surrounded(Surroundings(folder=program.folder, environ=environ)),
            program.running(),
            guarding(program.folder, session.diagnostics),
        ):
            code = compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
            exec(code, module.__dict__)  # noqa: S102 - running the user's program is what this is for
        DeclarationError.raise_for(session.diagnostics)
    stack = _only_stack(module, file)
    stack.program = program
    return stack


def _only_stack(module: ModuleType, file: Path) -> Stack[Any]:
    stacks = list({id(value): value for value in vars(module).values() if isinstance(value, Stack)}.values())
    if len(stacks) == 1:
        return stacks[0]
    if not stacks:
        raise DeclarationError.of(
            "No stack",
            f"{file} defines no stack.",
            'Add stack = wl.Stack("name") at the top level.',
            location=Location(str(file), 1),
        )
    lines = ", ".join(f"{stack.name} ({stack.location})" for stack in stacks)
    raise DeclarationError.of(
        "Several stacks",
        f"{file} defines {len(stacks)} stacks: {lines}.",
        "Keep one stack in each program.",
        location=stacks[1].location,
    )


@contextmanager
def guarding(folder: Path | None, diagnostics: list[Diagnostic]) -> Iterator[None]:
    """Turn whatever the user's code raises into a diagnostic with its file and line."""
    try:
        yield
    except DeclarationError as error:
        diagnostics.extend(error.diagnostics)
    except SyntaxError as error:
        line = error.lineno or 1
        place = locate((str(error.filename), line)) if error.filename else None
        diagnostics.append(
            Diagnostic(
                summary="Program is not Python", detail=f"{error.msg}.", fix="Correct this line.", location=place
            )
        )
    except SystemExit as error:
        diagnostics.append(
            Diagnostic(
                summary="Program ended itself",
                detail="The program called exit while it was loaded.",
                fix="Take the call out, or raise an error that says what is wrong.",
                location=_place(error, folder),
            )
        )
    except ModuleNotFoundError as error:
        diagnostics.append(
            Diagnostic(
                summary="Module not found",
                detail=f"The program imports {error.name}, which is neither installed nor beside it.",
                fix=f"Install it, or check the spelling of {error.name}.",
                location=_place(error, folder),
            )
        )
    except Exception as error:  # noqa: BLE001 - a program may raise anything
        last = traceback.format_exception_only(error)[-1].strip()
        diagnostics.append(
            Diagnostic(
                summary="Program failed",
                detail=f"The program raised {last}",
                fix="Correct this line.",
                location=_place(error, folder),
            )
        )


def _place(error: BaseException, folder: Path | None) -> Location | None:
    """Return the innermost line of the user's own code."""
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    own = [(file, line) for file, line in frames if _is_own(file, folder)]
    return locate(own[-1]) if own else None


def _is_own(file: str, folder: Path | None) -> bool:
    if folder is None:
        return "wlinfra" not in Path(file).parts
    return Path(file).resolve().is_relative_to(folder) and "site-packages" not in Path(file).parts
