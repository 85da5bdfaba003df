"""What the records of a journal mean: the ledger they are applied to, and the snapshot it becomes.

The session applies each record after it is durable; the store replays them when it loads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

import orjson

from wlinfra.state.codec import (
    dump,
    has_marks,
    intent_document,
    object_document,
    parse_intent,
    parse_object,
    unmark,
)
from wlinfra.state.model import Intent, ObjectState, State
from wlinfra.state.upgrades import FORMAT_VERSION, upgrade_record
from wlinfra.values import Address, Json

__all__ = [
    "Entry",
    "Ledger",
    "Record",
    "encode_entry",
    "encode_ledger",
    "encode_opening",
    "new_lineage",
    "parse_ledger",
    "parse_record",
    "seal_entry",
]


_REPLACED: Final = ("outputs", "key_fingerprint", "places", "name_prefix", "providers", "protected")
"""What an entry replaces as one value, by the same name in the ledger and in the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one durable record changes; removals come before what is put."""

    begin: Intent | None = None
    end: int | None = None
    remove: tuple[Address, ...] = ()
    put: tuple[ObjectState, ...] = ()
    outputs: Mapping[str, Json] | None = None
    key_fingerprint: str | None = None
    places: Mapping[str, Mapping[str, str]] | None = None
    name_prefix: str | None = None
    providers: Mapping[str, Mapping[str, Json]] | None = None
    protected: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of the journal."""

    serial: int
    epoch: int
    opens: bool = False
    """A run took over here: it had seen everything up to ``serial`` and nothing after it."""
    entry: Entry = field(default_factory=Entry)


@dataclass(slots=True, kw_only=True)
class Ledger:
    """The state while it is being changed."""

    stack: str
    environment: str
    lineage: str = ""
    serial: int = 0
    sequence: int = 0
    """The sequence of the last intent."""
    epoch: int = 0
    """The highest epoch that wrote."""
    key_fingerprint: str = ""
    places: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    name_prefix: str = ""
    providers: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    protected: bool = False
    objects: dict[Address, ObjectState] = field(default_factory=dict)
    outputs: Mapping[str, Json] = field(default_factory=dict)
    intents: dict[int, Intent] = field(default_factory=dict)

    def apply(self, record: Record) -> None:
        """Change the ledger as the record says."""
        entry = record.entry
        self.serial, self.epoch = record.serial, max(self.epoch, record.epoch)
        if entry.begin is not None:
            self.intents[entry.begin.sequence] = entry.begin
            self.sequence = max(self.sequence, entry.begin.sequence)
        if entry.end is not None:
            self.intents.pop(entry.end, None)
        for address in entry.remove:
            self.objects.pop(address, None)
        for item in entry.put:
            self.objects[item.address] = item
        for name in _REPLACED:
            value = getattr(entry, name)
            if value is not None:
                setattr(self, name, value)

    def view(self) -> State:
        """Return a value that later changes leave alone."""
        return State(
            stack=self.stack,
            environment=self.environment,
            lineage=self.lineage,
            serial=self.serial,
            objects=MappingProxyType(dict(self.objects)),
            outputs=self.outputs,
            intents=tuple(self.intents[sequence] for sequence in sorted(self.intents)),
            key_fingerprint=self.key_fingerprint,
            places=self.places,
            name_prefix=self.name_prefix,
            providers=self.providers,
            protected=self.protected,
        )


def new_lineage() -> str:
    """Return a lineage that no other state has."""
    import uuid

    return str(uuid.uuid4())


def encode_entry(entry: Entry) -> bytes:
    """Return the entry as JSON, without its serial and epoch; raises StateError when part of it cannot be recorded."""
    document: dict[str, Any] = {}
    if entry.begin is not None:
        document["begin"] = intent_document(entry.begin)
    if entry.end is not None:
        document["end"] = entry.end
    if entry.remove:
        document["remove"] = entry.remove
    if entry.put:
        document["put"] = [object_document(item) for item in entry.put]
    replaced = {name: getattr(entry, name) for name in _REPLACED}
    document |= {name: value for name, value in replaced.items() if value is not None}
    return dump(document)


def seal_entry(body: bytes, *, serial: int, epoch: int, sequence: int = 0) -> bytes:
    """Return the record's JSON: what `encode_entry` gave, with its place in the journal in front."""
    place = b'{"serial":%d,"epoch":%d' % (serial, epoch)
    if sequence:
        place += b',"sequence":%d' % sequence
    return place + (b"," + body[1:] if len(body) > 2 else body[1:])


def encode_opening(*, serial: int, epoch: int) -> bytes:
    """Return the JSON of the record by which a run takes over."""
    return b'{"serial":%d,"epoch":%d,"opens":true}' % (serial, epoch)


def parse_record(body: bytes, version: int = FORMAT_VERSION) -> Record:
    """Return the record; raises KeyError, TypeError or ValueError when the text is something else."""
    document = upgrade_record(orjson.loads(body), version)
    if has_marks(body):
        document = unmark(document)
    serial, epoch = document["serial"], document["epoch"]
    if "opens" in document:
        return Record(serial=serial, epoch=epoch, opens=True)
    begin = document.get("begin")
    entry = Entry(
        begin=None if begin is None else replace(parse_intent(begin), sequence=document["sequence"], epoch=epoch),
        end=document.get("end"),
        remove=tuple(map(Address, document.get("remove", ()))),
        put=tuple(map(parse_object, document.get("put", ()))),
        **{name: document.get(name) for name in _REPLACED},
    )
    return Record(serial=serial, epoch=epoch, entry=entry)


def encode_ledger(ledger: Ledger) -> bytes:
    """Return the complete ledger as one JSON mapping, its objects and keys in order."""
    objects: dict[str, orjson.Fragment] = {}
    marked: list[str] = []
    for address in sorted(ledger.objects):
        text = dump(object_document(ledger.objects[address]))
        objects[str(address)] = orjson.Fragment(text)
        if has_marks(text):
            marked.append(address)
    document = {
        "environment": ledger.environment,
        "epoch": ledger.epoch,
        "intents": [orjson.Fragment(dump(intent_document(intent))) for intent in ledger.intents.values()],
        "key_fingerprint": ledger.key_fingerprint,
        "lineage": ledger.lineage,
        "marked": marked,
        "objects": objects,
        "outputs": orjson.Fragment(dump(ledger.outputs)),
        "sequence": ledger.sequence,
        "serial": ledger.serial,
        "stack": ledger.stack,
    }
    optional = {
        "places": ledger.places,
        "name_prefix": ledger.name_prefix,
        "providers": orjson.Fragment(dump(ledger.providers)) if ledger.providers else None,
        "protected": ledger.protected,
    }
    return orjson.dumps(document | {name: value for name, value in optional.items() if value})


def parse_ledger(document: Mapping[str, Any]) -> Ledger:
    """Return the ledger; raises KeyError, TypeError or ValueError when the mapping is something else."""
    raw = dict(document["objects"])
    # Only these hold marks, so only these are walked in Python.
    for address in document["marked"]:
        raw[address] = unmark(raw[address])
    intents = [parse_intent(unmark(item)) for item in document["intents"]]
    return Ledger(
        stack=document["stack"],
        environment=document["environment"],
        lineage=document["lineage"],
        serial=document["serial"],
        sequence=document["sequence"],
        epoch=document["epoch"],
        key_fingerprint=document["key_fingerprint"],
        places=document.get("places", {}),
        name_prefix=document.get("name_prefix", ""),
        providers=unmark(document.get("providers", {})),
        protected=document.get("protected", False),
        objects={Address(address): parse_object(item) for address, item in raw.items()},
        outputs=unmark(document["outputs"]),
        intents={intent.sequence: intent for intent in intents},
    )
