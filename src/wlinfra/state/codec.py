"""The recorded values as JSON and back; the ledger and the store call it.

A secret's digest is ``{"$wlinfra": "secret", "digest": ...}``. A mapping of the user's that has the key ``$wlinfra``
is wrapped as ``{"$wlinfra": "escaped", "value": ...}``. References, secrets and unknown values are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any

import orjson

from wlinfra.errors import StateError
from wlinfra.state.model import Deposed, Health, HistoryEntry, Intent, ObjectState, SecretDigest
from wlinfra.values import Address, Json

__all__ = [
    "PackedValues",
    "dump",
    "has_marks",
    "history_document",
    "intent_document",
    "load",
    "object_document",
    "parse_history",
    "parse_intent",
    "parse_object",
    "unmark",
]

_MARK = "$wlinfra"
_MARK_KEY = b'"$wlinfra":'
_INTENT_FIELDS = tuple(field.name for field in fields(Intent) if field.name != "record")
_INTENT_NEEDS = frozenset(field.name for field in fields(Intent) if field.default is field.default_factory)
_SHARED = ("address", "provider", "kind", "name", "depends_on")
"""What the record that an intent carries has in common with it; kept once."""
_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def dump(value: Any) -> bytes:
    """Return the value as JSON; raises StateError, naming no value, when part of it cannot be recorded."""
    text, digests = _dump(value)
    if text.count(_MARK_KEY) == digests:
        return text
    # Some mapping of the user's has our key: only then is the tree walked in Python.
    return _dump(_escape(value))[0]


def _dump(value: Any) -> tuple[bytes, int]:
    digests = 0
    refused = ""

    def stand_in(leaf: Any) -> Any:
        nonlocal digests, refused
        match leaf:
            case SecretDigest(digest):
                digests += 1
                return {_MARK: "secret", "digest": digest}
            case PackedValues():
                digests += leaf.text.count(_MARK_KEY)
                return orjson.Fragment(leaf.text)
            case Mapping():
                return dict(leaf)
            case _:
                refused = type(leaf).__name__
                raise TypeError

    try:
        return orjson.dumps(value, default=stand_in, option=_OPTIONS), digests
    except orjson.JSONEncodeError:
        what = f"a value of type {refused}" if refused else "a number, key or string that is not JSON"
        raise StateError.of(
            "Value cannot be recorded",
            f"Something handed {what} to the state, which keeps plain JSON and digests of secrets only.",
            "This is a bug in wlinfra or in the provider; nothing was written.",
        ) from None


def _escape(value: Any) -> Any:
    match value:
        case Mapping():
            items = {key: _escape(item) for key, item in value.items()}
            return {_MARK: "escaped", "value": items} if _MARK in items else items
        case list() | tuple():
            return [_escape(item) for item in value]
        case _:
            return value


def has_marks(text: bytes) -> bool:
    """True when the JSON made by `dump` holds digests or escaped mappings, so that it needs `unmark`."""
    return _MARK_KEY in text


def load(text: bytes) -> Any:
    """Return the value `dump` made the text of; raises ValueError when it is something else."""
    value = orjson.loads(text)
    return unmark(value) if has_marks(text) else value


class PackedValues(Mapping[str, Json]):
    """Recorded values as their JSON, which takes a fifth of the memory; parsed when someone looks at them.

    Most of a state is compared once and never looked at again. What is given out is not to be changed.
    """

    __slots__ = ("text",)

    def __init__(self, values: Mapping[str, Json]) -> None:
        self.text = bytes(memoryview(dump(values)))  # a copy, because the original keeps a buffer twice as large

    def __getitem__(self, name: str) -> Json:
        return _unpack(self.text)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_unpack(self.text))

    def __len__(self) -> int:
        return len(_unpack(self.text))

    def __repr__(self) -> str:
        return repr(_unpack(self.text))


# One look takes several accesses, one for each name; the objects are looked at one after another.
@lru_cache(maxsize=8)
def _unpack(text: bytes) -> dict[str, Json]:
    values: dict[str, Json] = load(text)
    return values


def unmark(value: Any) -> Any:
    """Return parsed JSON with digests and escaped mappings turned back."""
    match value:
        case {"$wlinfra": "secret", "digest": str(digest)}:
            return SecretDigest(digest)
        case {"$wlinfra": "escaped", "value": dict(items)}:
            return {key: unmark(item) for key, item in items.items()}
        case {"$wlinfra": _}:
            raise ValueError("a mark of an unknown kind")
        case dict():
            return {key: unmark(item) for key, item in value.items()}
        case list():
            return [unmark(item) for item in value]
        case _:
            return value


def object_document(item: ObjectState) -> dict[str, Any]:
    """Return the object as a mapping for `dump`; what has its default is left out."""
    document: dict[str, Any] = {"address": item.address, "provider": item.provider, "kind": item.kind}
    if item.id is not None:
        document["id"] = item.id
    optional = {
        "name": item.name,
        "values": item.values,
        "outputs": item.outputs,
        "depends_on": item.depends_on,
        "memory": item.memory,
        "facts": item.facts,
        "running": item.running,
        "deposed": [{"id": old.id, "depends_on": old.depends_on} for old in item.deposed],
        "health": "" if item.health is Health.READY else item.health.value,
        "awaiting": item.awaiting,
        "protect": item.protect,
        "retain": item.retain,
        "imported": not item.created,
        "virtual": item.virtual,
    }
    document.update((key, value) for key, value in optional.items() if value)
    return document


def parse_object(document: Mapping[str, Any]) -> ObjectState:
    """Return the object; raises KeyError, TypeError or ValueError when the mapping is something else."""
    get = document.get
    return ObjectState(
        address=Address(document["address"]),
        provider=document["provider"],
        kind=document["kind"],
        id=get("id"),
        name=get("name", ""),
        values=PackedValues(values) if (values := get("values")) else {},
        outputs=get("outputs", {}),
        depends_on=tuple(map(Address, get("depends_on", ()))),
        memory=get("memory", {}),
        facts=get("facts", {}),
        running=get("running", {}),
        deposed=tuple(
            Deposed(id=old["id"], depends_on=tuple(map(Address, old.get("depends_on", ()))))
            for old in get("deposed", ())
        ),
        health=Health(get("health", "ready")),
        awaiting=get("awaiting", ""),
        protect=get("protect", False),
        retain=get("retain", False),
        created=not get("imported", False),
        virtual=get("virtual", False),
    )


def intent_document(intent: Intent) -> dict[str, Any]:
    """Return the intent as a mapping for `dump`; what is empty is left out."""
    items = ((name, getattr(intent, name)) for name in _INTENT_FIELDS)
    document = {name: value for name, value in items if value or name in _INTENT_NEEDS}
    if intent.record is not None:
        record = object_document(intent.record)
        for name in _SHARED:
            if record.get(name) == document.get(name):
                record.pop(name, None)
            else:
                record.setdefault(name, () if name == "depends_on" else "")
        document["record"] = record
    return document


def parse_intent(document: Mapping[str, Any]) -> Intent:
    """Return the intent; raises KeyError, TypeError or ValueError when the mapping is something else."""
    known = {name: value for name, value in document.items() if name in _INTENT_FIELDS}
    intent = replace(
        Intent(**known), address=Address(known["address"]), depends_on=tuple(map(Address, known.get("depends_on", ())))
    )
    if "record" not in document:
        return intent
    shared = {name: known[name] for name in _SHARED if name in known}
    return replace(intent, record=parse_object({**shared, **document["record"]}))


def history_document(entry: HistoryEntry) -> dict[str, Any]:
    """Return the entry as a mapping for `dump`."""
    return {name: getattr(entry, name) for name in HistoryEntry.__dataclass_fields__}


def parse_history(document: Mapping[str, Any]) -> HistoryEntry:
    """Return the entry; raises TypeError when the mapping is something else."""
    return HistoryEntry(**document)
