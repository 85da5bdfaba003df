"""What Pulumi's state keeps of a resource beside its outputs: one secret output, as versioned JSON.

It has what the core has in its own state of the same objects: the values applied, the facts seen, what the provider
remembers. Secrets are in it as digests only, and the key of those digests goes with them, so that any machine compares.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from wlinfra.pulumi.bridge.sealing import Seal
from wlinfra.pulumi.bridge.secret_values import plain
from wlinfra.pulumi.contract import BridgeError, Properties, Recorded, Refusal
from wlinfra.state.codec import dump, load, object_document, parse_object
from wlinfra.state.key import Digest
from wlinfra.state.model import ObjectState
from wlinfra.values import UNKNOWN, Json, Secret

__all__ = ["RECORD", "Record", "beside", "decoded", "encoded", "new_key"]

RECORD: Final = "record"
"""The name of the output."""
_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is recorded of one resource."""

    name: str
    """What it is called in addresses."""
    platform: str
    place: Mapping[str, str] = field(default_factory=dict)
    """Where its objects are."""
    objects: tuple[ObjectState, ...] = ()
    key: bytes = field(repr=False)
    journal: str = ""
    """Which journal it was taken from; empty where it was read from the platform alone."""
    serial: int = 0
    """The number of the last call that changed the resource."""

    @property
    def digest(self) -> Digest:
        """What its secrets are compared with."""
        return Digest(self.key)


def new_key() -> bytes:
    """Return a key for the digests of a resource that has no record yet."""
    return os.urandom(32)


def encoded(record: Record, inputs: Properties) -> Secret:
    """Return the output; no secret in the inputs is in it."""
    document = {
        "version": _VERSION,
        "name": record.name,
        "platform": record.platform,
        "place": dict(record.place),
        "key": record.key.hex(),
        "journal": record.journal,
        "serial": record.serial,
    }
    seal = Seal(record.digest, inputs)
    objects = [orjson.Fragment(dump(object_document(seal.closed(item)))) for item in record.objects]
    text = orjson.dumps({**document, "objects": objects}).decode()
    return Secret(lambda: text, describe="the record of the resource")


def decoded(recorded: Recorded) -> Record:
    """Return the record in the outputs, with its secrets; raises BridgeError for one that is missing or damaged."""
    record = _read(recorded.outputs.get(RECORD))
    seal = Seal(record.digest, recorded.inputs, beside(recorded.outputs))
    return replace(record, objects=tuple(map(seal.opened, record.objects)))


def beside(outputs: Properties) -> Properties:
    """Return the outputs without the record."""
    return {name: value for name, value in outputs.items() if name != RECORD}


def _read(value: Json) -> Record:
    if value is UNKNOWN:
        raise _unreadable("is not known")
    text = plain(value)
    if not isinstance(text, str):
        raise _unreadable("is missing")
    try:
        document = load(text.encode())
    except ValueError:
        raise _unreadable("is no JSON") from None
    if not isinstance(document, Mapping):
        raise _unreadable("is no object")
    version = document.get("version")
    if not isinstance(version, int) or version > _VERSION:
        raise _unreadable(f"has the version {version!r}, and this plugin reads {_VERSION}: install a newer one")
    try:
        return _parsed(document)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _unreadable("is damaged") from None


def _parsed(document: Mapping[str, Any]) -> Record:
    key = bytes.fromhex(document["key"])
    Digest(key)
    return Record(
        name=str(document["name"]),
        platform=str(document["platform"]),
        place={str(name): str(fact) for name, fact in document["place"].items()},
        objects=tuple(map(parse_object, document["objects"])),
        key=key,
        journal=str(document["journal"]),
        serial=int(document["serial"]),
    )


def _unreadable(why: str) -> BridgeError:
    return BridgeError(
        Refusal.REFUSED,
        f"The output `{RECORD}` in the stack's state {why}, so what was applied is not known and nothing was done. "
        "Take the resource out of the state and import it again: pulumi state delete URN, then pulumi import.",
    )
