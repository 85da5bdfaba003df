"""What all groups of the client share: sending, list filters, and pages.

Used by the modules beside it only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, Generic, Required, TypeAlias, TypedDict, TypeVar, cast
from urllib.parse import quote, urlsplit

from wlinfra.http.failures import ApiError, Call, FailureKind
from wlinfra.http.paging import pages
from wlinfra.http.transport import HttpTransport, Query, Response
from wlinfra_datarobot.client.plausible import implausible

__all__ = ["PAGE_SIZE", "Calls", "Methods", "Pages", "Payload", "segment"]

PAGE_SIZE = 100
"""Items per page; the largest size the older reference allows, and what other clients of the platform ask for."""

T = TypeVar("T")
Payload: TypeAlias = Mapping[str, Any]
"""What is sent: the provider's rows say what stands in it."""


def segment(text: str) -> str:
    """Return an id as one segment of a path."""
    return quote(text, safe="")


class Calls:
    """Sends calls and decodes their JSON; ``comma_lists`` sends filters of several values as one comma list.

    The published reference does not say which of the two forms the platform wants; repeated keys are the default.
    """

    def __init__(self, transport: HttpTransport, *, comma_lists: bool = False) -> None:
        self.transport = transport
        self._comma_lists = comma_lists

    def get(self, path: str, shape: type[T], query: Query | None = None, *, identity: str | None = None) -> T:
        """Read one document; raises ApiError for one of another shape or with another ``identity``, as all of these do."""
        return self._checked(self.transport.request("GET", path, query=query), shape, identity)

    def get_or_none(self, path: str, shape: type[T]) -> T | None:
        """Read one document; None when the answer has no body, or null."""
        return self._checked_or_none(self.transport.request("GET", path), shape)

    def post(self, path: str, shape: type[T], body: Any = None, *, query: Query | None = None) -> T:
        """Make one call that must not be repeated."""
        return self._checked(self.transport.request("POST", path, body=body, query=query), shape)

    def patch(self, path: str, shape: type[T], body: Any, *, identity: str | None = None) -> T | None:
        """Change one object; None when the answer has no body."""
        return self._checked_or_none(self.transport.request("PATCH", path, body=body), shape, identity)

    def put(self, path: str, shape: type[T], body: Any, *, identity: str | None = None) -> T:
        """Replace one object; repeated when the reply is lost, since the second equals the first."""
        return self._checked(self.transport.request("PUT", path, body=body, repeatable=True), shape, identity)

    def delete(self, path: str, query: Query | None = None) -> Any:
        """Delete one object; repeated when the reply is lost, after which NOT_FOUND means that it is gone.

        None is the platform's own answer, which has no body; anything else proves nothing.
        """
        return self.transport.request("DELETE", path, query=query, repeatable=True).json()

    def _checked(self, response: Response, shape: type[T], identity: str | None = None) -> T:
        document = response.fitting(shape)
        if identity is not None and document["id"] != identity:
            raise response.unreadable(f"It is about another object: its `id` is {str(document['id'])[:80]!r}.")
        if what := implausible(document, shape):
            raise response.unreadable(what)
        return cast("T", document)

    def _checked_or_none(self, response: Response, shape: type[T], identity: str | None = None) -> T | None:
        return None if response.json() is None else self._checked(response, shape, identity)

    def pages(
        self, path: str, shape: type[T], query: Mapping[str, Any], *, offset: int = 0, limit: int = PAGE_SIZE
    ) -> Pages[T]:
        """Return the items of a list, fetched page by page as they are asked for."""
        return Pages(self, path, shape, {**query, "offset": offset or None, "limit": limit})

    def filters(self, values: Any) -> dict[str, Any]:
        """Return a filter dataclass as query names and values; what is not set is left out."""
        if values is None:
            return {}
        given = {_camel(item.name): getattr(values, item.name) for item in fields(values)}
        return {name: self._several(value) for name, value in given.items() if value is not None and value != ()}

    def _several(self, value: Any) -> Any:
        if isinstance(value, Sequence) and not isinstance(value, str):
            return ",".join(map(str, value)) if self._comma_lists else list(value)
        return value


class Methods:
    """The methods of one noun."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls


class Pages(Generic[T]):
    """The items of a list; iterating fetches page after page, every time again.

    Of a page's ``next`` only the query string is used, on the same path, so that no answer can send the token elsewhere.
    """

    def __init__(self, calls: Calls, path: str, shape: type[T], query: Mapping[str, Any]) -> None:
        self._calls = calls
        self._path = path
        self._items: Any = list[shape]  # type: ignore[valid-type] # a type at run time
        self._query = query

    def __iter__(self) -> Iterator[T]:
        known: set[str] = set()
        for page in self.envelopes():
            for item in page["data"]:
                identity = item.get("id")
                if (
                    identity is None
                    or (key := f"{item.get('type', item.get('shareRecipientType', ''))}/{identity}") not in known
                ):
                    if identity is not None:
                        known.add(key)
                    yield cast("T", item)

    def envelopes(self) -> Iterator[dict[str, Any]]:
        """Yield the pages as they came, with ``totalCount``, ``count`` and ``data``; raises ApiError when they go in circles."""
        was_empty = False

        def fetch(at: str) -> tuple[dict[str, Any], str | None]:
            nonlocal was_empty
            page = self._page(at or self._query)
            following, is_empty = _next_query(page), not page["data"]
            if following is not None and is_empty and was_empty:
                raise circle()
            was_empty = is_empty
            return page, following

        def circle() -> ApiError:
            return self._unreadable("The pages of the list go in circles.")

        return pages("", fetch, circle=circle)

    def _page(self, query: Query) -> dict[str, Any]:
        answer = self._calls.transport.request("GET", self._path, query=query)
        page: dict[str, Any] = answer.fitting(_Page)
        answer.check(page["data"], self._items, at=("data",))
        return page

    def first(self) -> dict[str, Any]:
        """Return the first page only."""
        return next(self.envelopes())

    def _unreadable(self, reason: str) -> ApiError:
        return ApiError(
            Call(method="GET", path=self._path, platform=self._calls.transport.options.platform),
            FailureKind.UNREADABLE,
            reason,
        )


class _Page(TypedDict, total=False):
    """One page of a list."""

    data: Required[list[Any]]
    next: str


def _next_query(page: Mapping[str, Any]) -> str | None:
    try:
        return urlsplit(page.get("next") or "").query or None
    except ValueError:  # no URL at all
        return None


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)
