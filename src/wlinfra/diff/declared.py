"""What a program calls the paths of an object: made once, by expansion, for whatever names a path to people.

Providers give each `PlatformObject` its table (`PlatformObject.declared`). Differences are named by it, and the paths of
`ignore_changes` and `replace_on` are turned by it into those of the platform.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import Final, TypeAlias

from wlinfra.diff.patterns import Pattern, names, parse_pattern
from wlinfra.values import Path, format_path

__all__ = ["DeclaredPaths"]

_PART: Final = re.compile(r'\[("(?:[^"\\]|\\.)*")\]|\[([^\]]*)\]|([^.\[\]]+)')
_PLAIN: Final = re.compile(r'[^.\[\]"=]+')
_KEYED: Final = re.compile(r'\w+=[^\[\]",]+')
_SPECIAL: Final = re.compile(r'[\[\]"]|^$')
_ALIKE: Final = 0.75


class _Key(str):
    """The name of an element of a list or of a map, which stands in brackets; without a text any of them."""

    __slots__ = ()


_ELEMENT: Final = _Key()
_Template: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class DeclaredPaths:
    """Pairs of paths, on the platform and in the declaration; of two that fit a path, the longer one counts, then the first.

    ``[main]`` is an element of a list or map, ``[]`` the same one on both sides, in their order, and ``[*]`` any that
    one side does not name.

    >>> paths = DeclaredPaths(lambda: [("spec.groups[*].containers[].imageUri", "containers[].image")])
    >>> paths.name(("spec", "groups", "default", "containers", "main", "imageUri"))
    'containers[main].image'
    >>> paths.on_platform("containers[main].image"), paths.on_platform("spec.name")
    (('spec.groups.*.containers.main.imageUri',), ())
    """

    source: Callable[[], Iterable[tuple[str, str]]] = tuple
    """Asked once, when the first path is named: most objects of a plan differ in nothing."""

    @cached_property
    def pairs(self) -> tuple[tuple[_Template, _Template], ...]:
        """The pairs, taken apart."""
        return tuple((_template(wire), _template(declared)) for wire, declared in self.source())

    def name(self, path: Path) -> str:
        """Return the path as the program has it; as the platform has it where no declaration stands behind it."""
        return self.find(path) or format_path(path)

    def find(self, path: Path) -> str:
        """Return the path as the program has it; empty where no declaration stands behind it."""
        wire: _Template = ()
        declared: _Template = ()
        for pair in self.pairs:
            if len(wire) < len(pair[0]) <= len(path) and _fits(pair[0], path):
                wire, declared = pair
        if not wire or wire == declared:
            return ""
        keys = [str(part) for at, part in zip(wire, path, strict=False) if at == _ELEMENT]
        return format_path((_written(declared, keys), *path[len(wire) :]))

    def on_platform(self, pattern: str) -> tuple[str, ...]:
        """Return the platform's patterns for one that is written as the program has its paths; none for another one."""
        parts = parse_pattern(pattern)
        if parts[:1] in ((), ("*",)):
            return ()
        fitting = [pair for pair in self.pairs if _is_met(pair[1], parts) and self._is_exact(pair)]
        depth = max((len(declared) for _, declared in fitting if len(declared) <= len(parts)), default=0)
        found: list[Pattern] = []
        for wire, declared in sorted(fitting, key=lambda pair: len(pair[0])):
            if len(declared) < depth:
                continue
            keys = [part for at, part in zip(declared, parts, strict=False) if at == _ELEMENT]
            whole = (*_filled(wire, keys), *parts[len(declared) :])
            if not any(whole[: len(known)] == known for known in found):
                found.append(whole)
        return tuple("".join(_quoted(part) for part in whole).removeprefix(".") for whole in found)

    def _is_exact(self, pair: tuple[_Template, _Template]) -> bool:
        """True unless a pattern for it would cover more: another element, which one of the sides does not name."""
        wire, declared = pair
        unnamed = declared.count(_ELEMENT)
        covered = [(at, other) for at, other in self.pairs if len(at) >= len(wire) and _fits(wire, at)]
        if self._covers_others(pair):
            return False
        if unnamed > wire.count(_ELEMENT):  # another pair may say which one it is
            return all(unnamed <= other.count(_ELEMENT) for at, other in covered if len(at) == len(wire))
        return wire[-1] != "*" or all(at == wire for at, _ in covered)

    def _covers_others(self, pair: tuple[_Template, _Template]) -> bool:
        """True when another attribute, such as the allocation of a container, stands below the place of this one."""
        wire, _ = pair
        own = [name for at, name in self.pairs if _alike(at) == _alike(wire)]
        below: dict[_Template, list[_Template]] = {}
        for at, name in self.pairs:
            if len(at) > len(wire) and at != name and _fits(wire, at):
                below.setdefault(_alike(at), []).append(name)
        return any(not any(name[: len(one)] == one for name in names for one in own) for names in below.values())

    def knows(self, pattern: str) -> bool:
        """True for the path of an attribute, declared or not; elements have names, not places."""
        parts = parse_pattern(pattern)
        return any(
            len(declared) == len(parts)
            and _is_met(declared, parts)
            and not any(at == _ELEMENT and part.isdigit() for at, part in zip(declared, parts, strict=True))
            for _, declared in self.pairs
        )

    def alike(self, pattern: str) -> str:
        """Return the declared path that may be meant by one that is none; empty where nothing is like it."""
        known = [_written(declared, ()) for _, declared in self.pairs]
        asked = re.sub(r"\[[^\]]*\]", "[*]", pattern)
        return next(iter(get_close_matches(asked, known, n=1, cutoff=_ALIKE)), "")

    @property
    def roots(self) -> tuple[str, ...]:
        """How declared paths begin."""
        return tuple(dict.fromkeys(declared[0] for _, declared in self.pairs))


@lru_cache(maxsize=8192)
def _template(text: str) -> _Template:
    return tuple(
        _Key(json.loads(match[1])) if match[1] else match[3] or _Key(match[2]) for match in _PART.finditer(text)
    )


def _alike(wire: _Template) -> _Template:
    """Return the place with every element as any."""
    return tuple("*" if part == _ELEMENT else part for part in wire)


def _fits(wire: _Template, path: Path) -> bool:
    if wire[-1] not in ("", "*", str(path[len(wire) - 1])):  # most end otherwise
        return False
    return all(at in ("", "*", str(part)) for at, part in zip(wire, path, strict=False))


def _is_met(declared: _Template, parts: Pattern) -> bool:
    """True when the pattern names the declared path, one above it or one below it."""
    return all(at == _ELEMENT or names(part, at) for at, part in zip(declared, parts, strict=False))


def _filled(template: _Template, keys: Sequence[str]) -> _Template:
    """Return the template with keys at its elements; an element without a key is any."""
    left = iter(keys)
    return tuple(_Key(next(left, "*")) if at == _ELEMENT else at for at in template)


def _written(declared: _Template, keys: Sequence[str]) -> str:
    parts = _filled(declared, keys)
    return "".join(_bracketed(part) if isinstance(part, _Key) else f".{part}" for part in parts).removeprefix(".")


def _bracketed(key: str) -> str:
    return f"[{json.dumps(key, ensure_ascii=False)}]" if _SPECIAL.search(key) else f"[{key}]"


def _quoted(part: str) -> str:
    if _PLAIN.fullmatch(part):
        return f".{part}"
    return f"[{part}]" if _KEYED.fullmatch(part) else f"[{json.dumps(part, ensure_ascii=False)}]"
