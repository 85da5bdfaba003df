"""Prints the tests that belong to the files named on standard input, a path a line; `scripts/check` calls it.

A test file belongs to itself, a package to the tests of the same name. What takes minutes, such as kills and what
needs a cluster, is left to scripts/test unless it changed itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

_SLOW = ("acceptance", "engines", "properties", "benchmarks", "docs")


def tests_of(changed: str) -> Iterator[Path]:
    """Yield the test files or folders of one changed file."""
    path = Path(changed)
    match path.parts:
        case ("tests", *inner, name) if name.startswith("test_") and path.suffix == ".py":
            if not set(inner) & set(_SLOW):
                yield path
        case ("src", "wlinfra", package, *rest) if rest and (folder := Path("tests") / package).is_dir():
            yield folder
        case ("src", "wlinfra", name) if (folder := Path("tests") / Path(name).stem).is_dir():
            yield folder
        case ("providers", package, *_):
            folder = Path("tests/providers") / package.removeprefix("wlinfra_")
            yield from sorted(item for item in folder.rglob("test_*.py") if not _is_slow(item))
        case _:
            return


def _is_slow(test: Path) -> bool:
    """Return whether a test of a provider needs minutes or a cluster."""
    return bool(set(test.parts) & set(_SLOW)) or "ClusterHandle" in test.read_text()


def main() -> int:
    """Print each path once."""
    found = dict.fromkeys(path for line in sys.stdin if line.strip() for path in tests_of(line.strip()))
    folders = [path for path in found if path.is_dir()]
    for path in found:
        if not any(folder in path.parents for folder in folders):
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
