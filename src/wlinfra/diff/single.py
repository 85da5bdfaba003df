"""One value in a tree: looked up by its path, or put in its place."""

from __future__ import annotations

from wlinfra.diff.leaves import is_list, is_object
from wlinfra.values import Json, Path

__all__ = ["value_at", "with_value"]

_KEYS = ("name", "key", "id")


def value_at(tree: Json, path: Path) -> Json:
    """Return the value at the path, elements of lists by index or by what identifies them; None where there is none.

    >>> value_at({"a": [{"name": "x", "b": 1}]}, ("a", "x", "b"))
    1
    """
    for part in path:
        if is_object(tree):
            tree = tree.get(part)
        elif is_list(tree):
            index = _index(tree, part)
            tree = tree[index] if index is not None else None
        else:
            return None
    return tree


def with_value(tree: Json, path: Path, value: Json) -> Json:
    """Return the tree with the value at the path; as it is where the path leads nowhere.

    >>> with_value({"a": [{"name": "x", "b": 1}]}, ("a", "x", "b"), 2)
    {'a': [{'name': 'x', 'b': 2}]}
    """
    if not path:
        return value
    part, rest = path[0], path[1:]
    if is_object(tree):
        inner = with_value(tree.get(part), rest, value)
        return {
            **{name: item for name, item in tree.items() if name != part},
            **({} if inner is None else {part: inner}),
        }
    if is_list(tree) and (index := _index(tree, part)) is not None:
        inner = with_value(tree[index], rest, value)
        return [*tree[:index], *([] if inner is None else [inner]), *tree[index + 1 :]]
    return tree if rest or tree is not None else None


def _index(elements: list[Json], part: str | int) -> int | None:
    if isinstance(part, int):
        return part if part < len(elements) else None
    for index, element in enumerate(elements):
        if is_object(element) and any(element.get(key) == part for key in _KEYS):
            return index
    return None
