"""Many objects in few requests: by id, one by one or through a list, and page after page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

__all__ = ["by_id", "pages"]

K = TypeVar("K")
T = TypeVar("T")


def by_id(
    ids: Iterable[K],
    *,
    one: Callable[[K], T],
    many: Callable[[Sequence[K]], Mapping[K, T]],
    few: int,
    each: Callable[[Callable[[K], T], Sequence[K]], Iterable[T]] = map,
) -> dict[K, T]:
    """Return what each id names: up to ``few`` by ``one``, more by ``many``, and by ``one`` what that leaves out.

    ``each`` calls a function for every id, such as a pool's ``map``.
    """
    wanted = list(dict.fromkeys(ids))
    found = dict(many(wanted)) if len(wanted) > few else {}
    single = [key for key in wanted if key not in found]
    return found | dict(zip(single, each(one, single), strict=True))


def pages(first: K, fetch: Callable[[K], tuple[T, K | None]], *, circle: Callable[[], Exception]) -> Iterator[T]:
    """Yield page after page; ``fetch`` returns one and where the next is, None after the last.

    Raises what ``circle`` makes when a page was there before.
    """
    followed: set[K] = set()
    at: K | None = first
    while at is not None:
        if at in followed:
            raise circle()
        followed.add(at)
        page, at = fetch(at)
        yield page
