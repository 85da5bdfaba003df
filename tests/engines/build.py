"""Finds the programs of an engine, or builds them once into a cache; the clusters' starters and the pytest plugin call it.

A program is taken from its environment variable; else all of an engine come from PATH, if every one is there in a
version that fits; else they are built as tools of the engine's ``go.mod`` files and kept for every later run.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Carried", "EngineMissingError", "Inputs", "Program", "cache_folder", "find", "is_built", "module_folder"]


class EngineMissingError(Exception):
    """A program is neither named, nor on PATH, nor can it be built; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One executable of an engine; ``oldest`` is the first (major, minor) accepted from PATH."""

    name: str
    built_as: str
    variable: str
    oldest: tuple[int, int]
    version: tuple[str, ...] = ("--version",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A script that a module of the first ``go.mod`` carries, by its path there; it is copied beside the programs."""

    module: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Programs built together from the ``go.mod`` of a folder and of others; ``from_path`` false never looks at PATH."""

    name: str
    folder: Path
    programs: tuple[Program, ...]
    linker_flags: str = ""
    tags: str = ""
    others: tuple[Path, ...] = ()
    carried: tuple[Carried, ...] = ()
    from_path: bool = True

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders whose ``go.mod`` has tools, the first one's first."""
        return (self.folder, *self.others)


def find(engine: Inputs) -> Mapping[str, Path]:
    """Return the executable of each program by name; builds what is missing, which takes minutes once.

    Raises:
        EngineMissingError: A variable names no executable, or Go is missing, or the build failed.
    """
    named = {program.name: path for program in engine.programs if (path := _named(program)) is not None}
    missing = [program for program in engine.programs if program.name not in named]
    if not missing:
        return named
    on_path = {
        program.name: path for program in missing if engine.from_path and (path := _on_path(program)) is not None
    }
    if len(on_path) == len(missing):
        return {**named, **on_path}
    built = _built(engine)
    return {**{program.name: built / program.name for program in missing}, **named}


def is_built(engine: Inputs) -> bool:
    """Say whether `find` would answer without building anything."""
    named = all(_named(program) is not None for program in engine.programs)
    return named or (cache_folder() / f"{engine.name}-{_key(engine)}").exists()


def cache_folder() -> Path:
    """Return the folder that keeps what was built: ``$WLINFRA_ENGINES``, else one in the user's cache directory."""
    if chosen := os.environ.get("WLINFRA_ENGINES"):
        return Path(chosen).expanduser().resolve()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "wlinfra" / "engines"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wlinfra" / "engines"


def module_folder(engine: Inputs, module: str) -> Path:
    """Return the folder of a module that the engine's first ``go.mod`` requires, downloaded if need be."""
    go = _go(engine)
    _run([go, "mod", "download", module], engine.folder, {})
    found = _run([go, "list", "-m", "-f", "{{.Dir}}", module], engine.folder, {}).strip()
    if not found:
        raise EngineMissingError(f"the module {module} of {engine.folder / 'go.mod'} has no folder after its download")
    return Path(found)


def _named(program: Program) -> Path | None:
    value = os.environ.get(program.variable)
    if not value:
        return None
    path = Path(value).expanduser().resolve()
    if not os.access(path, os.X_OK):
        raise EngineMissingError(
            f"{program.variable} is {value!r}, which is no executable file: correct it or unset it"
        )
    return path


def _on_path(program: Program) -> Path | None:
    """Return the program on PATH when its version fits; one that cannot say its version does not."""
    found = shutil.which(program.name)
    if found is None:
        return None
    try:
        said = subprocess.run([found, *program.version], capture_output=True, text=True, timeout=60, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"(\d+)\.(\d+)\.\d+", said)
    if match is None or (int(match[1]), int(match[2])) < program.oldest:
        return None
    return Path(found)


def _built(engine: Inputs) -> Path:
    """Return the cache's folder with the engine's programs, which one process fills while others wait."""
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"{engine.name}-{_key(engine)}"
    if folder.exists():
        return folder
    with _locked(cache / f"{engine.name}.lock"):
        if not folder.exists():
            _build(engine, folder)
    return folder


def _key(engine: Inputs) -> str:
    digest = hashlib.sha256()
    for folder in engine.folders:
        for file in (folder / "go.mod", folder / "go.sum", *sorted(folder.glob("*.go"))):
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    further = [part for part in (engine.tags, *(one.path for one in engine.carried)) if part]
    digest.update("\n".join([engine.linker_flags, platform.system(), platform.machine(), *further]).encode())
    return digest.hexdigest()[:16]


def _build(engine: Inputs, folder: Path) -> None:
    go = _go(engine)
    print(f"building {engine.name} into {folder}: minutes, once", file=sys.stderr, flush=True)
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    tags = ["-tags", engine.tags] if engine.tags else []
    install = [go, "install", "-trimpath", *tags, "-ldflags", f"-s -w {engine.linker_flags}".strip(), "tool"]
    for source in engine.folders:
        _run(install, source, {"CGO_ENABLED": "0", "GOBIN": str(partial)})
    for script in engine.carried:
        copy = partial / Path(script.path).name
        shutil.copyfile(module_folder(engine, script.module) / script.path, copy)
        copy.chmod(0o755)
    for program in engine.programs:
        if program.built_as != program.name:
            (partial / program.built_as).rename(partial / program.name)
    partial.rename(folder)


def _go(engine: Inputs) -> str:
    found = shutil.which("go")
    if found is None:
        variables = ", ".join(program.variable for program in engine.programs)
        raise EngineMissingError(
            f"{engine.name} is not there and cannot be built, because the Go toolchain is not on PATH: "
            f"install Go 1.26 or later, or name the programs by {variables}"
        )
    return found


def _run(command: list[str], folder: Path, extra: Mapping[str, str]) -> str:
    """Run a command of the Go toolchain in a folder of an engine, apart from any workspace, and return what it said."""
    environment = {**os.environ, "GOWORK": "off", **extra}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join(done.stderr.splitlines()[-15:])
        raise EngineMissingError(f"`{' '.join(command)}` in {folder} ended with {done.returncode}:\n{tail}")
    return done.stdout


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
