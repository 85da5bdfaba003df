"""The emulated API as one function from request to response; `emulator.py` serves it.

Each request runs in one transaction of the world: an error answer leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable

from wlinfra.emulation import Clock, Match, Request, Response, Routes, Store, json_response

from . import artifacts, builds, bundles, files, fleet, invoke, logs, repositories, workloads
from .errors import ApiError
from .world import Call, Settings

PREFIX = "/api/v2"
_TABLES = (
    workloads.ROUTES,
    fleet.ROUTES,
    artifacts.ROUTES,
    repositories.ROUTES,
    builds.ROUTES,
    files.ROUTES,
    bundles.ROUTES,
    logs.ROUTES,
    invoke.ROUTES,
)


class DataRobotApi:
    """Answers requests of the API from a store; `settings` may be exchanged between requests."""

    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self.settings = settings
        self.public_url = ""
        self._store = store
        self._clock = clock
        self._routes = Routes()
        for table in _TABLES:
            for method, template, handler in table:
                self._routes.add(method, PREFIX + template, handler)

    def __call__(self, request: Request) -> Response:
        """Return the answer to one request."""
        found = self._routes.find(request.method, request.path)
        if not isinstance(found, Match):
            return self._no_route(request)
        try:
            read_only = self._check_token(request)
            with self._store.transaction() as tx:
                call = Call(
                    request=request.with_params(found.params),
                    tx=tx,
                    now=self._clock.now(),
                    settings=self.settings,
                    public_url=self.public_url,
                    read_only=read_only,
                )
                return found.route.handler(call)
        except ApiError as error:
            return error.response()

    def change(self, function: Callable[[Call], None]) -> None:
        """Change the world as the platform itself would, in one transaction."""
        with self._store.transaction() as tx:
            request = Request(method="POST", path="/")
            function(
                Call(request=request, tx=tx, now=self._clock.now(), settings=self.settings, public_url=self.public_url)
            )

    def _check_token(self, request: Request) -> bool:
        """Return whether the caller may only look; raises the 401 or the 403."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        read_only = token != "" and token == self.settings.read_only_token
        if scheme.lower() != "bearer" or not token or (self.settings.token not in {None, token} and not read_only):
            raise ApiError(401, "Invalid or missing authorization token.", **{"WWW-Authenticate": "Bearer"})
        if read_only and request.mutating and "/endpoints/" not in request.path:
            raise ApiError(403, "You do not have permission to change this.")
        return read_only

    def _no_route(self, request: Request) -> Response:
        miss = self._routes.find(request.method, request.path)
        if isinstance(miss, Match) or miss.allowed:
            allowed = "" if isinstance(miss, Match) else ", ".join(miss.allowed)
            return json_response({"detail": "Method Not Allowed"}, 405, {"Allow": allowed})
        hint = f" Did you mean {' or '.join(miss.similar)}?" if miss.similar else f" The API starts at {PREFIX}."
        return json_response({"detail": f"The emulator has no route {request.method} {request.path}.{hint}"}, 404)
