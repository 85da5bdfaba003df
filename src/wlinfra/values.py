"""Values that are not yet known, or that must not be seen.

A declaration is a tree of plain JSON values with these as leaves: `Ref` (another object's output), `Template`
(text with references in it), `Secret` (text that may be sent but never shown), `UNKNOWN` (known after apply).
Nothing here reads a file, a clock or the network; secrets are fetched by `stack.secrets` when a run needs them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from operator import is_
from typing import Any, Final, NoReturn, TypeAlias

__all__ = [
    "HIDDEN",
    "UNKNOWN",
    "Address",
    "Json",
    "Path",
    "Ref",
    "Secret",
    "Template",
    "Unknown",
    "contains_unknown",
    "find_refs",
    "find_secrets",
    "find_unsendable",
    "format_path",
    "is_boundless",
    "is_open",
    "is_sendable",
    "leaves",
    "map_leaves",
    "parse_template",
    "resolve_refs",
]

Json: TypeAlias = Any
"""A JSON value whose leaves may also be Ref, Template, Secret or UNKNOWN."""

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands inside an object: names of attributes, keys of keyed lists, indexes of plain ones."""


def format_path(path: Path) -> str:
    """Return the path as people write it.

    >>> format_path(("runtime", "containerGroups", "default", "policies", 0, "target"))
    'runtime.containerGroups.default.policies[0].target'
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class Address(str):
    """Where a resource or one of its objects lives in a stack.

    >>> Address.of("workload", "chat", scope=("payments",))
    'payments.workload.chat'
    >>> Address("payments.workload.chat/Deployment").resource
    'payments.workload.chat'
    """

    __slots__ = ()

    @classmethod
    def of(cls, type: str, name: str, *, scope: tuple[str, ...] = (), part: str = "") -> Address:  # noqa: A002 - the field's word
        """Return the address of a resource, or of one of its objects when ``part`` is given."""
        return cls(".".join((*scope, type, name)) + (f"/{part}" if part else ""))

    @property
    def resource(self) -> Address:
        """The address of the resource this object belongs to."""
        return Address(self.partition("/")[0])

    @property
    def part(self) -> str:
        """Which object of the resource; empty when the resource is one object."""
        return self.partition("/")[2]

    @property
    def type(self) -> str:
        """The resource's type, such as ``workload``."""
        return self.resource.rsplit(".", 2)[-2]

    @property
    def name(self) -> str:
        """The resource's own name."""
        return self.resource.rsplit(".", 1)[-1]


class Unknown:
    """What only another step will tell; there is one instance, `UNKNOWN`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "(known after apply)"

    def __deepcopy__(self, memo: object) -> Unknown:
        return self

    def __copy__(self) -> Unknown:
        return self

    def __reduce__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


HIDDEN: Final = "(sensitive value)"
"""How a secret is shown."""


class Secret:
    """A text that may be sent to a platform but never shown, stored or logged.

    ``describe`` names where it comes from, for people. The text is fetched once, on the first `reveal`, so that
    declaring, validating and planning offline need no secret. Only transports and the keyed digest reveal it.
    """

    __slots__ = ("_fetch", "_text", "describe", "source")

    def __init__(
        self, fetch: Callable[[], str], *, describe: str, source: Mapping[str, str | list[str]] | None = None
    ) -> None:
        self._fetch = fetch
        self._text: str | None = None
        self.describe = describe
        self.source = source
        """Where it is fetched from, as JSON; None for a source of the user's own."""

    def reveal(self) -> str:
        """Return the text; raises ConfigurationError when its source has none."""
        if self._text is None:
            self._text = self._fetch()
        return self._text

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError(
            "A secret cannot be part of another string: give it to the platform as a value of its own, such as an environment variable."
        )

    __add__ = __radd__ = __mod__ = __rmod__ = __iter__ = __getitem__ = _refuse
    __format__ = _refuse

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret cannot be stored.")


_PLACEHOLDER = re.compile(r"\$\{wlinfra:([^}#]+)#([^}]+)\}")


@dataclass(frozen=True, slots=True, eq=False)
class Ref:
    """Another object's output, known after apply at the latest.

    In an f-string it becomes a placeholder that is filled in later. It has no truth value, order or arithmetic,
    because its value does not exist while the program runs.
    """

    address: Address
    attribute: str

    def __str__(self) -> str:
        return f"${{wlinfra:{self.address}#{self.attribute}}}"

    def __format__(self, spec: str) -> str:
        if spec:
            raise TypeError(
                f"{self.address}.{self.attribute} is known after apply, so it cannot be formatted with {spec!r}: use it as it is."
            )
        return str(self)

    def __repr__(self) -> str:
        return f"Ref({self.address}.{self.attribute})"

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError(
            f"{self.address}.{self.attribute} is known only after apply, so a program cannot test, compare or calculate with it. "
            "Pass it on as it is, put it in an f-string, or decide by a setting instead."
        )

    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __add__ = __radd__ = __sub__ = __mul__ = __truediv__ = __int__ = __float__ = __iter__ = __len__ = _refuse

    def __hash__(self) -> int:
        return hash((self.address, self.attribute))

    @property
    def key(self) -> tuple[Address, str]:
        """A comparable identity, for internal use."""
        return (self.address, self.attribute)


@dataclass(frozen=True, slots=True)
class Template:
    """A text with references in it: literal pieces and references in order."""

    pieces: tuple[str | Ref, ...]

    def __repr__(self) -> str:
        return "".join(
            piece if isinstance(piece, str) else f"{{{piece.address}.{piece.attribute}}}" for piece in self.pieces
        )


def parse_template(text: str) -> str | Ref | Template:
    """Return the text, or the reference or template its placeholders stand for."""
    if "${wlinfra:" not in text:
        return text
    pieces: list[str | Ref] = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        if match.start() > end:
            pieces.append(text[end : match.start()])
        pieces.append(Ref(Address(match[1]), match[2]))
        end = match.end()
    if end < len(text):
        pieces.append(text[end:])
    if len(pieces) == 1:
        return pieces[0]
    return Template(tuple(pieces))


def map_leaves(value: Json, change: Callable[[Any], Any]) -> Json:
    """Return the tree with every leaf replaced by ``change(leaf)``; parts in which nothing changes are shared, not copied."""
    if isinstance(value, dict):
        mapped = {key: map_leaves(item, change) for key, item in value.items()}
        return value if all(map(is_, mapped.values(), value.values())) else mapped
    if isinstance(value, list):
        items = [map_leaves(item, change) for item in value]
        return value if all(map(is_, items, value)) else items
    if isinstance(value, tuple):
        return [map_leaves(item, change) for item in value]
    return change(value)


def leaves(value: Json) -> Iterator[Any]:
    """Yield every leaf of the tree."""
    # A stack, because nested generators cost each leaf once for every level above it.
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending.extend(reversed(item.values()))
        elif isinstance(item, list | tuple):
            pending.extend(reversed(item))
        else:
            yield item


def find_refs(value: Json) -> Iterator[Ref]:
    """Yield every reference in the tree, those inside templates too."""
    for leaf in leaves(value):
        match leaf:
            case Ref():
                yield leaf
            case Template(pieces):
                yield from (piece for piece in pieces if isinstance(piece, Ref))


def find_secrets(value: Json) -> Iterator[Secret]:
    """Yield every secret in the tree."""
    yield from (leaf for leaf in leaves(value) if isinstance(leaf, Secret))


_DEEPEST = 200
"""Levels of lists and dicts that journals, requests and the platforms' own readers all take."""
_LARGEST = 500_000
"""Values in one tree; a YAML file of ten lines can stand for a billion by its aliases."""
_BOUNDLESS = f"It is nested more than {_DEEPEST} levels deep, or has more than {_LARGEST} values."
_LEAST, _MOST = -(2**63), 2**63 - 1


def is_sendable(text: str) -> bool:
    r"""Return whether the text can be written and sent; half of a surrogate pair stands for no letter.

    >>> is_sendable("caf\xe9"), is_sendable("caf\udce9")
    (True, False)
    """
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def find_unsendable(value: Json) -> Iterator[tuple[Path, str]]:
    """Yield where the tree holds what no journal and no request can carry, and why; the value itself is not shown.

    >>> list(find_unsendable({"a": [1, 2**70], "b": float("nan")}))
    [(('b',), 'It is not a finite number.'), (('a', 1), 'It is an integer of more than 64 bits.')]
    """
    pending: list[tuple[Path, Any]] = [((), value)]
    seen = 0
    while pending:
        path, item = pending.pop()
        seen += 1
        match item:
            case dict() | list() | tuple() if len(path) >= _DEEPEST or seen + len(pending) > _LARGEST:
                yield path[:3], _BOUNDLESS
                return
            case dict():
                for key, inner in item.items():
                    if isinstance(key, str) and not is_sendable(key):
                        yield path, "A key in it is not Unicode: it has half of a surrogate pair."
                    else:
                        pending.append(((*path, str(key)), inner))
            case list() | tuple():
                pending.extend(((*path, index), inner) for index, inner in enumerate(item))
            case str() if not is_sendable(item):
                yield path, "It is not Unicode: it has half of a surrogate pair."
            case bool():
                continue
            case int() if not _LEAST <= item <= _MOST:
                yield path, "It is an integer of more than 64 bits."
            case float() if not isfinite(item):
                yield path, "It is not a finite number."
            case _:
                continue


def is_boundless(value: Json) -> bool:
    """True when the tree is deeper, or larger, than what reads it can take; a list may hold itself."""
    return any(why is _BOUNDLESS for _, why in find_unsendable(value))


def contains_unknown(value: Json) -> bool:
    """True when some leaf is UNKNOWN."""
    return any(leaf is UNKNOWN for leaf in leaves(value))


def is_open(value: Json) -> bool:
    """True when some leaf is a reference, a template or UNKNOWN, so that the value cannot be sent yet."""
    return any(leaf is UNKNOWN or isinstance(leaf, Ref | Template) for leaf in leaves(value))


def resolve_refs(value: Json, known: Mapping[tuple[Address, str], Json]) -> Json:
    """Return the tree with references replaced by their values; those not in ``known`` become UNKNOWN."""

    def fill(leaf: Any) -> Any:
        match leaf:
            case Ref():
                return known.get(leaf.key, UNKNOWN)
            case Template(pieces):
                parts = [known.get(piece.key, UNKNOWN) if isinstance(piece, Ref) else piece for piece in pieces]
                return UNKNOWN if any(part is UNKNOWN for part in parts) else "".join(map(str, parts))
            case _:
                return leaf

    return map_leaves(value, fill)
