"""The platform behind the in-memory provider: objects with ids, in memory or in one file.

`testing.memory` asks it. A world in a file outlives its process, so a test may kill the process at any call.
"""

from __future__ import annotations

import fcntl
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from wlinfra.values import Json, Secret, map_leaves

__all__ = ["MemoryObject", "MemoryWorld", "NameTaken"]

_SECRET = "$secret"  # noqa: S105 - the marker, not a secret


class NameTaken(Exception):  # noqa: N818 - an answer of the platform, not a fault
    """The world keeps names unique and has one of this name."""


@dataclass(slots=True, kw_only=True)
class MemoryObject:
    """One object of the world; secrets stand in it as ``{"$secret": text}``."""

    id: str
    kind: str
    name: str
    values: dict[str, Json]
    ready_at: float = 0.0


@dataclass(slots=True, kw_only=True)
class _Contents:
    objects: dict[str, MemoryObject] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    names: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    made: int = 0


class MemoryWorld:
    """The objects a platform has; safe for several threads, and with a file for several processes."""

    def __init__(self, file: Path | None = None, *, unique_names: bool = False) -> None:
        self.unique_names = unique_names
        self._file = file
        self._lock = threading.Lock()
        self._contents = _Contents()

    @property
    def objects(self) -> dict[str, MemoryObject]:
        """All objects by id."""
        with self._open() as contents:
            return dict(contents.objects)

    @property
    def log(self) -> list[str]:
        """Every change so far, such as ``create obj-1``."""
        with self._open() as contents:
            return list(contents.log)

    def get(self, id: str) -> MemoryObject | None:  # noqa: A002 - the contract's word
        """Return the object with this id."""
        with self._open() as contents:
            return contents.objects.get(id)

    def find(self, kind: str, name: str) -> list[str]:
        """Return the ids of all objects of this kind and name, oldest first."""
        with self._open() as contents:
            return list(contents.names.get((kind, name), ()))

    def create(self, kind: str, name: str, values: Mapping[str, Json], *, ready_at: float = 0.0) -> MemoryObject:
        """Add an object; raises NameTaken where names are unique."""
        with self._open(writing=True) as contents:
            if self.unique_names and contents.names.get((kind, name)):
                raise NameTaken(name)
            contents.made += 1
            made = MemoryObject(
                id=f"obj-{contents.made}", kind=kind, name=name, values=_stored(values), ready_at=ready_at
            )
            contents.objects[made.id] = made
            contents.names[(kind, name)].append(made.id)
            contents.log.append(f"create {made.id}")
            return made

    def update(self, id: str, values: Mapping[str, Json], *, ready_at: float = 0.0) -> bool:  # noqa: A002
        """Set attributes, remove those that are None; False when there is no such object."""
        with self._open(writing=True) as contents:
            found = contents.objects.get(id)
            if found is None:
                return False
            merged = {**found.values, **_stored(values)}
            found.values = {name: value for name, value in merged.items() if value is not None}
            found.ready_at = ready_at
            contents.log.append(f"update {id}")
            return True

    def delete(self, id: str) -> bool:  # noqa: A002
        """Remove an object; False when there is no such object."""
        with self._open(writing=True) as contents:
            found = contents.objects.pop(id, None)
            if found is None:
                return False
            contents.names[(found.kind, found.name)].remove(id)
            contents.log.append(f"delete {id}")
            return True

    @contextmanager
    def _open(self, *, writing: bool = False) -> Iterator[_Contents]:
        with self._lock:
            if self._file is None:
                yield self._contents
                return
            with self._file.with_suffix(".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                contents = self._load(self._file)
                yield contents
                if writing:
                    self._save(self._file, contents)

    @staticmethod
    def _load(file: Path) -> _Contents:
        if not file.exists():
            return _Contents()
        document = orjson.loads(file.read_bytes())
        contents = _Contents(log=document["log"], made=document["made"])
        for item in document["objects"]:
            contents.objects[item["id"]] = MemoryObject(**item)
            contents.names[(item["kind"], item["name"])].append(item["id"])
        return contents

    @staticmethod
    def _save(file: Path, contents: _Contents) -> None:
        document = {"objects": list(contents.objects.values()), "log": contents.log, "made": contents.made}
        draft = file.with_suffix(".new")
        draft.write_bytes(orjson.dumps(document))
        draft.replace(file)


def _stored(values: Mapping[str, Json]) -> dict[str, Json]:
    def reveal(leaf: Any) -> Any:
        return {_SECRET: leaf.reveal()} if isinstance(leaf, Secret) else leaf

    stored: dict[str, Json] = map_leaves(dict(values), reveal)
    return stored


def returned(values: Json) -> Json:
    """Return stored values as a platform that hides secrets in its answers would."""
    if isinstance(values, dict):
        if values.keys() == {_SECRET}:
            return Secret(lambda: str(values[_SECRET]), describe="a stored secret")
        return {name: returned(item) for name, item in values.items()}
    if isinstance(values, list):
        return [returned(item) for item in values]
    return values
