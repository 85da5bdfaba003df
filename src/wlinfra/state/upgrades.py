"""The format's versions, and how what an earlier one wrote is read.

Called while a snapshot or a journal is read. Each step turns the documents of one version into those of the next,
so that a state of any earlier version is read by all of them in a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wlinfra.errors import StateError

__all__ = ["FORMAT_VERSION", "check_version", "upgrade_record", "upgrade_state"]

FORMAT_VERSION = 2

_Document = dict[str, Any]


def check_version(version: int, tool: str) -> None:
    """Raise StateError when a newer tool wrote the file; ``tool`` is the version of wlinfra that did."""
    if version <= FORMAT_VERSION:
        return
    raise StateError.of(
        "State is from newer version",
        f"wlinfra {tool} wrote this state in format {version}; this version reads formats up to {FORMAT_VERSION}. "
        "Nothing was written.",
        f"Install that version or a later one:\n  pip install 'wlinfra>={tool}'",
    )


def upgrade_state(document: _Document, version: int) -> _Document:
    """Return the snapshot's document as the current version writes it."""
    for upgrade in _STATES[version - 1 :]:
        document = upgrade(document)
    return document


def upgrade_record(document: _Document, version: int) -> _Document:
    """Return a journal record's document as the current version writes it."""
    for upgrade in _RECORDS[version - 1 :]:
        document = upgrade(document)
    return document


def _state_1_to_2(document: _Document) -> _Document:
    # Version 1 listed the objects, and did not tell which of them hold marks.
    objects = {item["address"]: _object_1_to_2(item) for item in document["objects"]}
    return {"key_fingerprint": "", **document, "objects": objects, "marked": list(objects)}


def _record_1_to_2(document: _Document) -> _Document:
    return {**document, "put": [_object_1_to_2(item) for item in document["put"]]} if "put" in document else document


def _object_1_to_2(document: Mapping[str, Any]) -> _Document:
    # Version 1 had two flags for the health, and only the ids of deposed objects.
    upgraded = {key: value for key, value in document.items() if key not in ("ready", "tainted")}
    if document.get("tainted"):
        upgraded["health"] = "tainted"
    elif not document.get("ready", True):
        upgraded["health"] = "unready"
    upgraded["deposed"] = [{"id": old} for old in document.get("deposed", ())]
    return upgraded


_STATES: tuple[Callable[[_Document], _Document], ...] = (_state_1_to_2,)
_RECORDS: tuple[Callable[[_Document], _Document], ...] = (_record_1_to_2,)
