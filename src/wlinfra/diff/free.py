"""Where two values without a schema differ.

Called by `diff.compare` for free values. Equal parts are left behind by equality, objects are walked by key, and only
what is left of two lists that differ goes to DeepDiff, which costs about 2,000 times an equality test.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from wlinfra.diff.leaves import are_identical, is_list, is_object, is_special, same
from wlinfra.state.key import Digest
from wlinfra.values import Json, Path

__all__ = ["Visit", "find_differences"]

Visit: TypeAlias = Callable[[Path, Json, Json], None]
"""Receives a path, the wanted and the live value there; None means absent."""

_LONGEST_FOR_DEEPDIFF = 32
_NO_KEY = Digest()


def find_differences(path: Path, want: Json, have: Json, visit: Visit) -> None:
    """Call ``visit`` for the smallest parts that differ, and for every leaf that only the caller can judge."""
    if is_object(want) and is_object(have):
        for key in {**want, **have}:
            left, right = want.get(key), have.get(key)
            if left is not right and not are_identical(left, right):
                find_differences((*path, key), left, right, visit)
    elif is_list(want) and is_list(have):
        _find_in_lists(path, want, have, visit)
    elif is_special(want) or is_special(have) or not same(want, have, _NO_KEY):
        visit(path, want, have)


def _find_in_lists(path: Path, want: Sequence[Json], have: Sequence[Json], visit: Visit) -> None:
    if len(want) == len(have):
        for index, (left, right) in enumerate(zip(want, have, strict=True)):
            if left is not right and not are_identical(left, right):
                find_differences((*path, index), left, right, visit)
        return
    found = 0

    def counted(at: Path, left: Json, right: Json) -> None:
        nonlocal found
        found += 1
        visit(at, left, right)

    _find_in_uneven_lists(path, want, have, counted)
    if not found:  # elements that are null look like absent ones, so that only the lists as a whole differ
        visit(path, want, have)


def _find_in_uneven_lists(path: Path, want: Sequence[Json], have: Sequence[Json], visit: Visit) -> None:
    start = _common_length(want, have)
    end = _common_length(want[start:][::-1], have[start:][::-1])
    want, have = want[start : len(want) - end], have[start : len(have) - end]
    if (
        want
        and have
        and max(len(want), len(have)) <= _LONGEST_FOR_DEEPDIFF
        and not (_holds_special(want) or _holds_special(have))
    ):
        _find_by_deepdiff(path, start, want, have, visit)
        return
    for index in range(max(len(want), len(have))):
        left = want[index] if index < len(want) else None
        right = have[index] if index < len(have) else None
        find_differences((*path, start + index), left, right, visit)


def _common_length(want: Sequence[Json], have: Sequence[Json]) -> int:
    count = 0
    for left, right in zip(want, have, strict=False):
        if not are_identical(left, right) and not same(left, right, _NO_KEY):
            break
        count += 1
    return count


def _holds_special(value: Json) -> bool:
    if is_object(value):
        return any(_holds_special(item) for item in value.values())
    if is_list(value):
        return any(_holds_special(item) for item in value)
    return is_special(value)


def _find_by_deepdiff(path: Path, start: int, want: Sequence[Json], have: Sequence[Json], visit: Visit) -> None:
    from deepdiff import DeepDiff
    from deepdiff.helper import notpresent

    found: dict[Path, tuple[Json, Json]] = {}
    tree = DeepDiff(list(have), list(want), view="tree", threshold_to_diff_deeper=0)
    for levels in tree.values():
        for level in levels:
            index, *rest = level.path(output_format="list")
            left, right = (None if side is notpresent else side for side in (level.t2, level.t1))
            if not same(left, right, _NO_KEY):
                at = (*path, start + index, *rest)
                found[at] = _joined(found.get(at, (None, None)), (left, right))
    for at in sorted(
        found, key=lambda found_path: [(isinstance(part, str), str(part).zfill(6)) for part in found_path]
    ):
        visit(at, *found[at])


def _joined(first: tuple[Json, Json], second: tuple[Json, Json]) -> tuple[Json, Json]:
    """Return one difference for a place where something was taken out and something else put in."""
    return (second[0] if first[0] is None else first[0], second[1] if first[1] is None else first[1])
