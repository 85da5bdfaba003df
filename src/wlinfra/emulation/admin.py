"""The routes under `/_emulator/`, by which a client in another process drives the clock, the faults and the recording.

The server answers them before faults are considered and never records them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from .clock import Clock
from .exchange import Exchange
from .faults import FaultPlan, fault_from_json
from .routes import Match, Request, Response, Route, Routes, json_response

ADMIN_PREFIX = "/_emulator/"
_LOCAL = frozenset({"", "127.0.0.1", "localhost", "[::1]"})


class Admin:
    """Answers the admin routes of one server."""

    def __init__(
        self,
        *,
        clock: Clock,
        faults: FaultPlan,
        requests: deque[Exchange],
        reset: Callable[[], None] | None,
        more: Iterable[Route] = (),
    ) -> None:
        self._clock = clock
        self._faults = faults
        self._requests = requests
        self._reset = reset
        self._routes = Routes()
        for method, template, handler in (
            ("GET", "/_emulator/clock", self._read_clock),
            ("POST", "/_emulator/clock", self._advance),
            ("GET", "/_emulator/faults", self._read_faults),
            ("POST", "/_emulator/faults", self._add_fault),
            ("DELETE", "/_emulator/faults", self._clear_faults),
            ("GET", "/_emulator/requests", self._read_requests),
            ("DELETE", "/_emulator/requests", self._clear_requests),
            ("POST", "/_emulator/reset", self._start_over),
        ):
            self._routes.add(method, template, handler)
        for route in more:
            self._routes.add(route.method, route.template, route.handler)

    def answer(self, request: Request) -> Response:
        """Return the answer to one admin request; a wrong one gets 400 or 404 with what would be right."""
        if not _is_from_here(request):
            return json_response({"detail": "Admin routes are for programs on this machine, not for web pages."}, 403)
        found = self._routes.find(request.method, request.path)
        if not isinstance(found, Match):
            known = sorted({f"{route.method} {route.template}" for route in self._routes})
            return json_response({"detail": "No such admin route", "routes": known}, 404)
        try:
            return found.route.handler(request.with_params(found.params))
        except (ValueError, TypeError, KeyError) as error:
            return json_response({"detail": f"Bad admin request: {error}"}, 400)

    def _read_clock(self, _request: Request) -> Response:
        return json_response({"now": self._clock.now()})

    def _advance(self, request: Request) -> Response:
        self._clock.advance(float(_object(request)["advance"]))
        return json_response({"now": self._clock.now()})

    def _read_faults(self, _request: Request) -> Response:
        return json_response({"faults": [repr(fault) for fault in self._faults.planned]})

    def _add_fault(self, request: Request) -> Response:
        wanted = _object(request)
        if "requestsPerSecond" in wanted:
            self._faults.limit_rate(wanted["requestsPerSecond"], burst=wanted.get("burst"))
        else:
            self._faults.add(fault_from_json(wanted))
        return self._read_faults(request)

    def _clear_faults(self, _request: Request) -> Response:
        self._faults.clear()
        return Response(status=204)

    def _read_requests(self, _request: Request) -> Response:
        return json_response(
            {
                "requests": [
                    {
                        "number": one.number,
                        "method": one.method,
                        "path": one.path,
                        "query": one.query,
                        "status": one.status,
                    }
                    for one in tuple(self._requests)
                ]
            }
        )

    def _clear_requests(self, _request: Request) -> Response:
        self._requests.clear()
        return Response(status=204)

    def _start_over(self, _request: Request) -> Response:
        self._faults.clear()
        self._requests.clear()
        if self._reset is not None:
            self._reset()
        return Response(status=204)


def _is_from_here(request: Request) -> bool:
    """False for what a page in a browser sends: of another origin, or under a name that only resolves to here."""
    host = request.headers.get("host", "")
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    origin = request.headers.get("origin")
    return name in _LOCAL and (origin is None or origin == f"http://{host}")


def _object(request: Request) -> dict[str, Any]:
    value = request.json()
    if not isinstance(value, dict):
        raise TypeError("the body must be a JSON object")
    return value
