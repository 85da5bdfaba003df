"""What a program calls the paths of an object: made once, by expansion, for whatever names a path to people.

Providers give each `PlatformObject` its table (`PlatformObject.declared`). Differences are named by it, and the paths of
`ignore_changes` and `replace_on` are turned by it into those of the platform.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, TypeAlias

from wlinfra.diff.patterns import Pattern, parse_pattern
from wlinfra.values import Path, format_path

__all__ = ["DeclaredPaths"]

_ELEMENT: Final = ""
"""Stands for the name of an element of a list or of a map."""
_PART: Final = re.compile(r"\[\]|[^.\[\]]+")
_PLAIN: Final = re.compile(r'[^.\[\]"=]+')
_SPECIAL: Final = re.compile(r'[\[\]"]|^$')
_ALIKE: Final = 0.75

_Template: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeclaredPaths:
    """Pairs of paths, on the platform and in the declaration; of two that fit a path, the longer one counts, then the first.

    >>> paths = DeclaredPaths.of([("spec.groups[].containers[].imageUri", "containers[].image")])
    >>> paths.name(("spec", "groups", "default", "containers", "main", "imageUri"))
    'containers[main].image'
    >>> paths.on_platform("containers[main].image"), paths.on_platform("spec.name")
    (('spec.groups.*.containers.main.imageUri',), ())
    """

    pairs: tuple[tuple[_Template, _Template], ...] = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> DeclaredPaths:
        """Return the table of pairs of paths; ``[]`` is an element, and a declared path leaves out the outermost ones."""
        return cls(tuple((_template(wire), _template(declared)) for wire, declared in pairs))

    def name(self, path: Path) -> str:
        """Return the path as the program has it; as the platform has it where no declaration stands behind it."""
        wire: _Template = ()
        declared: _Template = ()
        for pair in self.pairs:
            if len(wire) < len(pair[0]) <= len(path) and _fits(pair[0], path):
                wire, declared = pair
        if not wire:
            return format_path(path)
        keys = [str(part) for at, part in zip(wire, path, strict=False) if at == _ELEMENT]
        return format_path((_written(declared, keys), *path[len(wire) :]))

    def on_platform(self, pattern: str) -> tuple[str, ...]:
        """Return the platform's patterns for one that is written as the program has its paths; none for another one."""
        parts = parse_pattern(pattern)
        if parts[:1] in ((), ("*",)):
            return ()
        fitting = [pair for pair in self.pairs if _is_met(pair[1], parts)]
        depth = max((len(declared) for _, declared in fitting if len(declared) <= len(parts)), default=0)
        found: list[Pattern] = []
        for wire, declared in sorted(fitting, key=lambda pair: len(pair[0])):
            if len(declared) < depth:
                continue
            keys = [part for at, part in zip(declared, parts, strict=False) if at == _ELEMENT]
            keys += ["*"] * (declared.count(_ELEMENT) - len(keys))
            whole = (*_filled(wire, keys), *parts[len(declared) :])
            if not any(whole[: len(known)] == known for known in found):
                found.append(whole)
        return tuple("".join(_quoted(part) for part in whole).removeprefix(".") for whole in found)

    def alike(self, pattern: str) -> str:
        """Return the declared path that may be meant by one that is none; empty where nothing is like it."""
        known = [_written(declared, ["*"] * declared.count(_ELEMENT)) for _, declared in self.pairs]
        asked = re.sub(r"\[[^\]]*\]", "[*]", pattern)
        return next(iter(get_close_matches(asked, known, n=1, cutoff=_ALIKE)), "")

    @property
    def roots(self) -> tuple[str, ...]:
        """How declared paths begin."""
        return tuple(dict.fromkeys(declared[0] for _, declared in self.pairs))


def _template(text: str) -> _Template:
    return tuple("" if part == "[]" else part for part in _PART.findall(text))


def _fits(wire: _Template, path: Path) -> bool:
    return all(at in (_ELEMENT, part) for at, part in zip(wire, path, strict=False))


def _is_met(declared: _Template, parts: Pattern) -> bool:
    """True when the pattern names the declared path, one above it or one below it."""
    return all(at == _ELEMENT or part in ("*", at) for at, part in zip(declared, parts, strict=False))


def _filled(template: _Template, keys: Sequence[str]) -> tuple[str, ...]:
    """Return the template with keys at its elements, the innermost last; an element without a key is any."""
    count = template.count(_ELEMENT)
    padded = [*["*"] * (count - len(keys)), *keys]
    left = iter(padded[len(padded) - count :])
    return tuple(next(left) if at == _ELEMENT else at for at in template)


def _written(declared: _Template, keys: Sequence[str]) -> str:
    parts = zip(declared, _filled(declared, keys), strict=True)
    text = "".join(_bracketed(part) if at == _ELEMENT else f".{part}" for at, part in parts)
    return text.removeprefix(".")


def _bracketed(key: str) -> str:
    return f"[{json.dumps(key)}]" if _SPECIAL.search(key) else f"[{key}]"


def _quoted(part: str) -> str:
    return f".{part}" if _PLAIN.fullmatch(part) else _bracketed(part)
