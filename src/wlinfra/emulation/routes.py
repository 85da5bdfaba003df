"""Requests, responses and the table that finds the handler of a request.

An emulator adds its operations as method and path template; the server hands every request to `Routes.find`.
A trailing slash is accepted everywhere and never redirected, because some clients treat a redirect as an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, unquote

import orjson

MUTATING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it came over the wire, with the path parameters of the route it matched."""

    method: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header names in lower case; of a repeated header the last one."""
    body: bytes = b""
    number: int = 0
    """The place of this request among all the server got, from 1."""
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def mutating(self) -> bool:
        """Whether the method is one that changes something."""
        return self.method in MUTATING

    def json(self) -> Any:
        """Return the decoded body, or None for an empty one; raises ValueError when it is not JSON."""
        return orjson.loads(self.body) if self.body.strip() else None

    def with_params(self, params: Mapping[str, str]) -> Request:
        """Return the same request with the values its path template named."""
        return replace(self, params=params) if params else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer: status, body and headers."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """Return the decoded body, or None for an empty one."""
        return orjson.loads(self.body) if self.body else None


Handler = Callable[..., Response]


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer whose body is `value` as JSON."""
    return Response(
        status=status, body=orjson.dumps(value), headers={"Content-Type": "application/json", **(headers or {})}
    )


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: its method, its path template and what answers it."""

    method: str
    template: str
    handler: Handler


@dataclass(frozen=True, slots=True)
class Match:
    """The route of a request and the values of its path parameters."""

    route: Route
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Miss:
    """Why no route matched: the methods the path does have, or the templates nearest to it."""

    allowed: tuple[str, ...] = ()
    similar: tuple[str, ...] = ()


@dataclass(slots=True)
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    parameter_name: str = ""
    rest: _Node | None = None
    """Serves every deeper path: the last segment of the template was `{name...}`."""
    rest_name: str = ""
    routes: dict[str, Route] = field(default_factory=dict)


class Routes:
    """The operations of an emulator, found by method and path in time proportional to the path."""

    def __init__(self) -> None:
        self._root = _Node()
        self._all: list[Route] = []

    def __iter__(self) -> Iterator[Route]:
        return iter(self._all)

    def add(self, method: str, template: str, handler: Handler) -> None:
        """Add one operation; `{name}` takes one segment, a final `{name...}` takes the rest, which may be empty."""
        route = Route(method, template, handler)
        node = self._root
        for segment in _segments(template):
            node = _grow(node, segment)
        if method in node.routes:
            raise ValueError(f"{method} {template} is already served by {node.routes[method].template}")
        node.routes[method] = route
        self._all.append(route)

    def find(self, method: str, path: str) -> Match | Miss:
        """Return the route for this request, or why there is none."""
        params: dict[str, str] = {}
        node = _descend(self._root, _segments(path), params)
        if node is None:
            return Miss(similar=self._similar(path))
        if route := node.routes.get(method):
            return Match(route, params)
        return Miss(allowed=tuple(sorted(node.routes)))

    def _similar(self, path: str) -> tuple[str, ...]:
        import difflib

        templates = dict.fromkeys(route.template for route in self._all)
        return tuple(difflib.get_close_matches(path, templates, n=3))


def parse_query(text: str) -> dict[str, list[str]]:
    """Return the query of a URL with every value of a repeated key, in order."""
    return parse_qs(text, keep_blank_values=True) if text else {}


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _grow(node: _Node, segment: str) -> _Node:
    if segment.startswith("{") and segment.endswith("...}"):
        node.rest = node.rest or _Node()
        node.rest_name = segment[1:-4]
        return node.rest
    if segment.startswith("{"):
        node.parameter = node.parameter or _Node()
        node.parameter_name = segment[1:-1]
        return node.parameter
    return node.children.setdefault(segment, _Node())


def _descend(node: _Node, segments: list[str], params: dict[str, str]) -> _Node | None:
    for index, segment in enumerate(segments):
        if child := node.children.get(segment):
            node = child
        elif node.parameter is not None:
            params[node.parameter_name] = unquote(segment)
            node = node.parameter
        elif node.rest is not None:
            params[node.rest_name] = unquote("/".join(segments[index:]))
            return node.rest
        else:
            return None
    if not node.routes and node.rest is not None:
        params[node.rest_name] = ""
        return node.rest
    return node if node.routes else None
