"""Reads the objects in YAML files as kubectl would, and says of each where it stands.

`resources.manifests_from` calls `read_objects`. Everything that is wrong in all files is reported together, with file
and line and never with a value, for files hold secrets too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from wlinfra.errors import DeclarationError, Diagnostic, Location

from ..documents.exported import without_what_the_cluster_sets
from .yaml_forms import Loader

__all__ = ["FileObject", "read_objects"]

_SUFFIXES: Final = (".yaml", ".yml")
_QUOTED: Final = re.compile(r""" (?:'[^<'][^']+'|"[^"]{2,}")""")
"""What the parser repeats from the file: a password that begins with * or ! is an alias or a tag to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileObject:
    """One object and where it stands."""

    manifest: Mapping[str, Any]
    """Without what only the cluster sets."""
    left_out: tuple[str, ...] = ()
    """What that was."""
    location: Location
    place: str
    """For people, such as ``document 2`` or ``document 1, item 3``."""

    def __str__(self) -> str:
        return f"{self.location} ({self.place})"


def read_objects(root: Path) -> Sequence[FileObject]:
    """Return every object of a file, or of all YAML files in and below a folder; raises DeclarationError."""
    reading = _Reading()
    if not root.exists():
        reading.wrong(Location(str(root), 1), "there is no such file or folder", "Correct the path.")
    files = sorted(file for file in root.rglob("*") if file.suffix in _SUFFIXES) if root.is_dir() else [root]
    if not files:
        reading.wrong(
            Location(str(root), 1), "the folder holds no file that ends in .yaml or .yml", "Correct the path."
        )
    for file in files if root.exists() else ():
        for item in reading.objects(file):
            reading.take(item)
    if reading.problems:
        raise DeclarationError(*reading.problems)
    return reading.found


class _Reading:
    """What was found so far, and what is wrong with it."""

    def __init__(self) -> None:
        self.found: list[FileObject] = []
        self.problems: list[Diagnostic] = []
        self._first: dict[tuple[str, ...], FileObject] = {}

    def wrong(self, location: Location, why: str, fix: str) -> None:
        """Note one mistake."""
        detail = f"{location}: {why}."
        self.problems.append(
            Diagnostic(summary="Manifest file cannot be used", detail=detail, fix=fix, location=location)
        )

    def objects(self, file: Path) -> Iterator[FileObject]:
        """Yield what a file holds, the items of lists one by one."""
        try:
            loader = Loader(file.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            self.wrong(Location(str(file), 1), f"it cannot be read: {why}", "Correct the path or the file.")
            return
        except yaml.YAMLError as error:
            self._misspelt(file, error)
            return
        try:
            index = 0
            while loader.check_node() and (node := loader.get_node()) is not None:
                index += 1
                location = Location(str(file), node.start_mark.line + 1)
                yield from self._flattened(loader.construct_document(node), location, f"document {index}")
        except yaml.YAMLError as error:
            self._misspelt(file, error)
        except RecursionError:
            self.wrong(Location(str(file), 1), "it is nested deeper than anything can read", "Give it fewer levels.")
        finally:
            loader.dispose()

    def _misspelt(self, file: Path, error: yaml.YAMLError) -> None:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        said = _QUOTED.sub("", getattr(error, "problem", None) or "a character that YAML does not allow")
        self.wrong(Location(str(file), line), f"it is not YAML: {said}", "Correct the file there.")

    def _flattened(self, document: Any, location: Location, place: str) -> Iterator[FileObject]:
        if document is None:  # nothing but comments between two separators
            return
        if not isinstance(document, Mapping):
            said = f"{place} is a {type(document).__name__}, not an object"
            self.wrong(location, said, "Write apiVersion, kind and metadata, each on a line of its own.")
        elif str(document.get("kind") or "").endswith("List") and "items" in document:
            for index, item in enumerate(document["items"] or (), 1):
                yield from self._flattened(item, location, f"{place}, item {index}")
        else:
            manifest, left_out = without_what_the_cluster_sets(document)
            yield FileObject(manifest=manifest, left_out=left_out, location=location, place=place)

    def take(self, item: FileObject) -> None:
        """Note an object, or why it cannot be one."""
        meta = item.manifest.get("metadata")
        meta = meta if isinstance(meta, Mapping) else {}
        missing = [name for name in ("apiVersion", "kind") if not isinstance(item.manifest.get(name), str)]
        if meta.get("generateName") and not meta.get("name"):
            why = f"{item.place} has generateName, which would make a new object with each apply"
            self.wrong(item.location, why, "Give it a name of its own: metadata.name.")
        elif missing or not isinstance(meta.get("name"), str):
            names = ", ".join([*missing, *([] if isinstance(meta.get("name"), str) else ["metadata.name"])])
            self.wrong(item.location, f"{item.place} has no {names}", "Every object has them, as texts.")
        else:
            self._take_once(item, meta)

    def _take_once(self, item: FileObject, meta: Mapping[str, Any]) -> None:
        group = item.manifest["apiVersion"].rpartition("/")[0]  # versions of a group are views of one object
        key = (group, item.manifest["kind"], str(meta.get("namespace") or ""), meta["name"])
        first = self._first.setdefault(key, item)
        if first is not item:
            why = f"{item.place} is the {key[1]} {key[3]} again, which stands at {first} already"
            self.wrong(item.location, why, "Remove one of them, or give it another name or namespace.")
            return
        self.found.append(item)
