"""What all groups of the client share: sending, list filters, and pages.

Used by the modules beside it only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote, urlsplit

from wlinfra.http.failures import ApiError, Call, FailureKind
from wlinfra.http.transport import HttpTransport, Query

__all__ = ["PAGE_SIZE", "Calls", "Pages", "segment"]

PAGE_SIZE = 100
"""Items per page; the largest size the older reference allows, and what other clients of the platform ask for."""

T = TypeVar("T")


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

    def get(self, path: str, query: Query | None = None) -> Any:
        """Read one document."""
        return self.transport.request("GET", path, query=query).json()

    def post(self, path: str, body: Any = None, *, query: Query | None = None) -> Any:
        """Make one call that must not be repeated."""
        return self.transport.request("POST", path, body=body, query=query).json()

    def patch(self, path: str, body: Any) -> Any:
        """Change one object; None when the answer has no body."""
        return self.transport.request("PATCH", path, body=body).json()

    def put(self, path: str, body: Any) -> Any:
        """Replace one object; repeated when the reply is lost, since the second equals the first."""
        return self.transport.request("PUT", path, body=body, repeatable=True).json()

    def delete(self, path: str, query: Query | None = None) -> Any:
        """Delete one object; repeated when the reply is lost, after which NOT_FOUND means that it is gone."""
        return self.transport.request("DELETE", path, query=query, repeatable=True).json()

    def pages(self, path: str, query: Mapping[str, Any], *, offset: int = 0, limit: int = PAGE_SIZE) -> Pages[Any]:
        """Return the items of a list, fetched page by page as they are asked for."""
        return Pages(self, path, {**query, "offset": offset or None, "limit": limit})

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


class Pages(Generic[T]):
    """The items of a list; iterating fetches page after page, every time anew.

    Of a page's ``next`` only the query string is used, on the same path, so that no answer can send the token elsewhere.
    """

    def __init__(self, calls: Calls, path: str, query: Mapping[str, Any]) -> None:
        self._calls = calls
        self._path = path
        self._query = query

    def __iter__(self) -> Iterator[T]:
        known: set[str] = set()
        for page in self.envelopes():
            for item in page["data"]:
                identity = item.get("id") if isinstance(item, dict) else None
                if (
                    identity is None
                    or (key := f"{item.get('type', item.get('shareRecipientType', ''))}/{identity}") not in known
                ):
                    if identity is not None:
                        known.add(key)
                    yield cast("T", item)

    def envelopes(self) -> Iterator[dict[str, Any]]:
        """Yield the pages as they came, with ``totalCount``, ``count`` and ``data``; raises ApiError when they go in circles."""
        query: Query | None = self._query
        followed: set[str] = set()
        was_empty = False
        while query is not None:
            page = self._calls.get(self._path, query)
            if not isinstance(page, dict) or not isinstance(page.get("data"), list):
                raise self._unreadable("The answer is no page of a list: it has no `data`.")
            yield page
            query = _next_query(page)
            is_empty = not page["data"]
            if query is not None and (query in followed or (is_empty and was_empty)):
                raise self._unreadable("The pages of the list go in circles.")
            followed.add(query or "")
            was_empty = is_empty

    def first(self) -> dict[str, Any]:
        """Return the first page only."""
        return next(self.envelopes())

    def _unreadable(self, reason: str) -> ApiError:
        return ApiError(
            Call(method="GET", path=self._path, platform=self._calls.transport.options.platform),
            FailureKind.UNREADABLE,
            reason,
        )


def _next_query(page: Mapping[str, Any]) -> str | None:
    following = page.get("next")
    return (urlsplit(following).query or None) if isinstance(following, str) else None


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)
