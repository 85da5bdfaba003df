"""Objects as plain JSON: their names, the part of them that was declared, and what differs between two.

`read`, `plan` and `poll` use these on what the cluster returns. Pure.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from wlinfra.provider import Attribute, SecretDigest, fields
from wlinfra.values import Json, Path, Secret

__all__ = [
    "DEEP",
    "KEYS",
    "SECRET",
    "Difference",
    "Key",
    "at",
    "canonical",
    "declared_part",
    "declared_values",
    "differences",
    "guessed_plural",
    "key_of",
    "keyed_path",
    "managed_by",
    "meaning",
    "plain_text",
    "schema_of",
    "wire",
]


class _Deep(Attribute):
    """An attribute that describes itself at every depth, so that it must neither be shown nor hashed in full."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "DEEP"

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


def _deep() -> Attribute:
    attribute = _Deep()
    for name in ("values", "items"):
        object.__setattr__(attribute, name, attribute)
    return attribute


DEEP: Final = _deep()
"""Free JSON that is compared leaf by leaf."""

SECRET: Final = Attribute(
    fields=fields(
        apiVersion=Attribute(),
        kind=Attribute(),
        type=Attribute(),
        immutable=Attribute(),
        metadata=DEEP,
        data=Attribute(values=Attribute(sensitive=True), sensitive=True),
    )
)


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Which object: ``apps/v1`` and ``Deployment``, and where it is."""

    api: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def parse(cls, kind: str, name: str) -> Key:
        """Return the key of an object by its kind and name as the engine knows them."""
        api, _, word = kind.rpartition("/")
        namespace, _, own = name.rpartition("/")
        return cls(api, word, namespace, own)

    @property
    def group(self) -> str:
        """The API group; empty for the core."""
        return self.api.rpartition("/")[0]

    @property
    def full_kind(self) -> str:
        """As the engine knows the kind: ``apps/v1/Deployment``."""
        return f"{self.api}/{self.kind}"

    @property
    def full_name(self) -> str:
        """As the engine knows the name: ``namespace/name``, or the name alone."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def __str__(self) -> str:
        return f"{self.kind} {self.full_name}"


def guessed_plural(kind: str) -> str:
    """Return the resource of a kind by the rule that kubectl guesses by.

    >>> guessed_plural("NetworkPolicy"), guessed_plural("Ingress"), guessed_plural("Gateway")
    ('networkpolicies', 'ingresses', 'gateways')
    """
    word = kind.lower()
    match word[-1:]:
        case "s":
            return word if word == "endpoints" else f"{word}es"
        case "y" if word[-2:-1] not in "aeiou":
            return f"{word[:-1]}ies"
        case _:
            return f"{word}s"


def key_of(manifest: Mapping[str, Any]) -> Key:
    """Return the key of a manifest."""
    meta = manifest["metadata"]
    return Key(str(manifest["apiVersion"]), str(manifest["kind"]), str(meta.get("namespace") or ""), str(meta["name"]))


def schema_of(kind: str) -> Attribute:
    """Return what is known about the attributes of a kind."""
    return SECRET if kind == "v1/Secret" else DEEP


def canonical(value: Json) -> bytes:
    """Return one spelling of a JSON value: sorted keys, no spaces."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def wire(body: Json) -> dict[str, Any]:
    """Return the body as it is sent, the data of a Secret as base64; what is secret is revealed by the client alone."""
    sent = dict(body)
    if (sent.get("apiVersion"), sent.get("kind")) == ("v1", "Secret") and sent.get("data"):
        return {**sent, "data": {name: _sent_data(text) for name, text in sent["data"].items()}}
    return sent


def _sent_data(text: Any) -> Any:
    if isinstance(text, Secret):
        return Secret(lambda: encoded(text.reveal()), describe=text.describe)
    return encoded(str(text))


_BINARY: Final = "\x00base64:"
"""In front of the base64 of data that is no text, such as a keystore; no text is taken for it, see `plain_text`."""


def plain_text(data: Any) -> str:
    """Return what a value of a Secret's data says: its text, or marked base64 where it is none.

    Raises ValueError for what is not base64.
    """
    try:
        content = base64.b64decode("".join(str(data).split()), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = _BINARY
    return f"{_BINARY}{base64.b64encode(content).decode()}" if text.startswith(_BINARY) else text


def is_base64(text: str) -> bool:
    """Return whether the text is base64, as the data of a Secret has to be."""
    try:
        plain_text(text)
    except ValueError:
        return False
    return True


def encoded(text: str) -> str:
    """Return the base64 of what `plain_text` returned, or of any other text."""
    if text.startswith(_BINARY):
        return text.removeprefix(_BINARY)
    return base64.b64encode(text.encode()).decode()


_SERVER_META: Final = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")


def meaning(document: Mapping[str, Any], *, ignored: Sequence[str] = ()) -> dict[str, Any]:
    """Return the object without what only records its history; ``ignored`` names annotations that do not count."""
    found = {key: value for key, value in document.items() if key != "status"}
    meta = {key: value for key, value in (document.get("metadata") or {}).items() if key not in _SERVER_META}
    annotations = {key: value for key, value in (meta.get("annotations") or {}).items() if key not in ignored}
    meta.pop("annotations", None)
    return {**found, "metadata": {**meta, **({"annotations": annotations} if annotations else {})}}


def managed_by(document: Mapping[str, Any], manager: str) -> Mapping[str, Any]:
    """Return the fieldsV1 that a manager applied; empty when it applied none."""
    for entry in (document.get("metadata") or {}).get("managedFields") or ():
        if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource"):
            return entry.get("fieldsV1") or {}
    return {}


# ---------------------------------------------------------------- lists of the server's kinds

KEYS: Final = (
    ("name",),
    ("containerPort", "protocol"),
    ("port", "protocol"),
    ("mountPath",),
    ("type",),
    ("ip",),
    ("key",),
    ("uid",),
)
"""What distinguishes elements of the server's lists, for lists that have no other key."""


def _element_key(element: Any, names: Sequence[str]) -> str | None:
    if not isinstance(element, Mapping) or element.get(names[0]) is None:
        return None
    return "/".join(str(element[name]) for name in names if element.get(name) is not None)


def _keyed(*sides: Sequence[Any]) -> list[dict[str, Any]] | None:
    """Return the lists by the keys their elements have; None when the elements have no such keys."""
    for names in KEYS:
        found = []
        for side in sides:
            keys = [_element_key(element, names[:1]) for element in side]
            if None in keys or len(set(keys)) < len(keys):
                keys = [_element_key(element, names) for element in side]
            if None in keys or len(set(keys)) < len(keys):
                break
            found.append(dict(zip((str(key) for key in keys), side, strict=True)))
        else:
            return found
    return None


def declared_values(document: Mapping[str, Any], declared: Mapping[str, Json]) -> dict[str, Json]:
    """Return the live values on the declared paths, the data of a Secret hidden and as its text."""
    found: dict[str, Json] = declared_part(document, dict(declared))
    if (document.get("apiVersion"), document.get("kind")) == ("v1", "Secret") and isinstance(found.get("data"), dict):
        found["data"] = {
            name: _hidden(plain_text(document["data"][name])) for name in found["data"] if name in document["data"]
        }
    return found


_OWN_NAMES: Final = frozenset({"data", "labels", "annotations", "matchLabels", "nodeSelector"})
"""Maps with names of people's own, in which the server keeps empty values."""


def declared_part(live: Json, declared: Json, *, own_names: bool = False) -> Json:
    """Return the live values on the declared paths, in the order of the declaration; secrets are hidden.

    What is declared empty is there where nothing is live: the server leaves it out.
    """
    if isinstance(declared, Mapping):
        if not isinstance(live, Mapping):
            return live
        return {
            name: declared_part(live[name], item, own_names=name in _OWN_NAMES) if name in live else item
            for name, item in declared.items()
            if name in live or (not own_names and _is_empty(item))
        }
    if isinstance(declared, list | tuple):
        return _declared_list(live, declared) if isinstance(live, list) else live
    return _hidden(live) if isinstance(declared, Secret | SecretDigest) and live is not None else live


def united(declared: Json, recorded: Json) -> Json:
    """Return the declaration with what was declared before and is no more, elements of lists matched by keys."""
    if declared is None:
        return recorded
    if isinstance(declared, Mapping) and isinstance(recorded, Mapping):
        kept = {name: united(item, recorded.get(name)) for name, item in declared.items()}
        return {**kept, **{name: item for name, item in recorded.items() if name not in declared}}
    if isinstance(declared, list | tuple) and isinstance(recorded, list | tuple) and declared and recorded:
        both = _keyed(declared, recorded)
        return declared if both is None else list(_map_of(united(*both)).values())
    return declared


def _map_of(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _is_empty(value: Json) -> bool:
    return isinstance(value, str | int | float | list | tuple | Mapping) and not value


def _declared_list(live: Sequence[Any], declared: Sequence[Any]) -> list[Any]:
    both = _keyed(declared, live) if declared and live else None
    if both is None:
        if len(live) != len(declared):
            return list(live)
        return [declared_part(item, want) for item, want in zip(live, declared, strict=True)]
    wanted, found = both
    return [declared_part(found[key], item) for key, item in wanted.items() if key in found]


def _hidden(value: Any) -> Secret:
    return Secret(lambda: str(value), describe="a live value")


def keyed_path(value: Json, path: Path) -> Path:
    """Return the path of a live object with the places in lists put as the keys that `differences` uses."""
    found: list[str | int] = []
    for part in path:
        name = part
        if isinstance(part, int) and isinstance(value, list | tuple) and part < len(value):
            names = list((_keyed(value) or [{}])[0])
            name = names[part] if names else part
        value = at(value, (part,))
        found.append(name)
    return tuple(found)


def at(value: Json, path: Path) -> Json:
    """Return what stands at a path of `differences`; None when nothing does."""
    for part in path:
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list | tuple) and isinstance(part, int):
            value = value[part] if part < len(value) else None
        elif isinstance(value, list | tuple):
            value = (_keyed(value) or [{}])[0].get(str(part))
        else:
            return None
    return value


# ---------------------------------------------------------------- differences


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One path that differs between the live object and the one after the apply; None means absent."""

    path: Path
    live: Json
    planned: Json


def differences(live: Json, planned: Json, path: Path = ()) -> Iterator[Difference]:
    """Yield every path that differs, elements of lists matched by their keys."""
    if live == planned:
        return
    if isinstance(live, Mapping) and isinstance(planned, Mapping):
        for name in {**live, **planned}:
            yield from differences(live.get(name), planned.get(name), (*path, name))
    elif isinstance(live, list) and isinstance(planned, list) and live and planned:
        yield from _list_differences(live, planned, path)
    else:
        yield Difference(path=path, live=live, planned=planned)


def _list_differences(live: list[Any], planned: list[Any], path: Path) -> Iterator[Difference]:
    both = _keyed(live, planned)
    if both is None:
        if len(live) != len(planned) or not all(isinstance(item, Mapping) for item in (*live, *planned)):
            yield Difference(path=path, live=live, planned=planned)
            return
        for index, (old, new) in enumerate(zip(live, planned, strict=True)):
            yield from differences(old, new, (*path, index))
        return
    old_items, new_items = both
    found = [
        difference
        for key in {**old_items, **new_items}
        for difference in differences(old_items.get(key), new_items.get(key), (*path, key))
    ]
    if found:
        yield from found
    else:  # the same elements in another order
        yield Difference(path=path, live=live, planned=planned)
