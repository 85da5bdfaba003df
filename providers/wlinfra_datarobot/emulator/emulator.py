"""The emulator as users and tests hold it: a world, its clock and a server, started and stopped together."""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from wlinfra.emulation import (
    Clock,
    EmulatorServer,
    Exchange,
    FaultPlan,
    Request,
    Response,
    Route,
    Store,
    json_response,
)
from wlinfra.emulation.store import foreign, is_world
from wlinfra.errors import ConfigurationError

from .app import PREFIX, DataRobotApi
from .seed import seed_account, seed_demo, set_tag
from .world import INDEXES, Dialect, Durations, Quirks, Settings


class DataRobotEmulator:
    """An emulated DataRobot platform on 127.0.0.1, for the embedded endpoint, for tests and for clients of others.

    With `data`, the world lives in that folder: any number of emulators may serve it, at once or one after the other,
    and the port of the first is used again when it is free, so that endpoints keep their address. Raises
    ConfigurationError for a dialect it does not speak.
    """

    def __init__(
        self,
        *,
        dialect: str = Dialect.OCTOBER,
        data: Path | None = None,
        clock: Clock | None = None,
        durations: Durations | None = None,
        quirks: Quirks | None = None,
        token: str | None = None,
        read_only_token: str | None = None,
        port: int = 0,
        seed: bool = False,
        on_exchange: Callable[[Request, Response], None] | None = None,
    ) -> None:
        settings = Settings(
            dialect=_dialect(dialect),
            durations=durations or Durations(),
            quirks=quirks or Quirks(),
            token=token,
            read_only_token=read_only_token,
        )
        self.clock: Clock = clock or Clock()
        self._seed_demo = seed
        _refuse_foreign_port(data)
        self._store = Store(data, indexes=INDEXES)
        self._api = DataRobotApi(self._store, self.clock, settings)
        self._server = self._listen(port, data, on_exchange)
        home = _home_port(data, self._server.port)
        self._api.public_url = f"http://127.0.0.1:{home}{PREFIX}"

    @property
    def url(self) -> str:
        """The endpoint for clients: `http://127.0.0.1:PORT/api/v2`."""
        return self._server.url + PREFIX

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.port

    @property
    def faults(self) -> FaultPlan:
        """What goes wrong, and when."""
        return self._server.faults

    @property
    def requests(self) -> deque[Exchange]:
        """Every request so far, in order; admin requests are not among them."""
        return self._server.requests

    @property
    def quirks(self) -> Quirks:
        """The behaviour that can be switched; assign another value at any time."""
        return self._api.settings.quirks

    @quirks.setter
    def quirks(self, value: Quirks) -> None:
        self._api.settings = replace(self._api.settings, quirks=value)

    def start(self) -> Self:
        """Begin to answer; returns at once."""
        try:
            self._furnish()
        except BaseException:  # such as a world that is damaged
            self._server.close()
            self._store.close()
            raise
        self._server.start()
        return self

    def stop(self) -> None:
        """End every connection and close the world; raises the first failure seen while serving."""
        try:
            self._server.stop()
        finally:
            self._store.close()

    def tag(self, workload_id: str, name: str, value: str) -> None:
        """Tag a workload, as a user of the platform's screens would."""
        self._api.change(lambda call: set_tag(call, workload_id, name, value))

    def reset(self) -> None:
        """Empty the world, also for every other emulator on its folder."""
        self._store.clear()
        self._furnish()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            self.stop()
        else:
            self._server.close()
            self._store.close()

    def _change_quirks(self, request: Request) -> Response:
        """Answer the admin route that switches behaviour: the attributes of `Quirks`, by name."""
        wish = dict(request.json())
        if "exhausted_bundles" in wish:
            wish["exhausted_bundles"] = frozenset(wish["exhausted_bundles"])
        self.quirks = replace(self.quirks, **wish)
        shown = asdict(self.quirks)
        return json_response({**shown, "exhausted_bundles": sorted(shown["exhausted_bundles"])})

    def _put_tag(self, request: Request) -> Response:
        """Answer the admin route that tags a workload: `{"value": ...}`."""
        self.tag(request.params["workload_id"], request.params["name"], str(request.json()["value"]))
        return Response(status=204)

    def _furnish(self) -> None:
        self._api.change(lambda call: seed_account(call.tx, call.now))
        if self._seed_demo:
            self._api.change(seed_demo)

    def _listen(
        self, port: int, data: Path | None, on_exchange: Callable[[Request, Response], None] | None
    ) -> EmulatorServer:
        def server(wanted: int) -> EmulatorServer:
            return EmulatorServer(
                self._api,
                clock=self.clock,
                port=wanted,
                on_exchange=on_exchange,
                on_reset=self.reset,
                admin_routes=(
                    Route("PATCH", "/_emulator/quirks", self._change_quirks),
                    Route("PUT", "/_emulator/workloads/{workload_id}/tags/{name}", self._put_tag),
                ),
            )

        known = 0 if port or data is None else _home_port(data, 0)
        if not known:
            return server(port)
        try:
            return server(known)
        except OSError as error:
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise
            return server(0)


def _dialect(name: str) -> Dialect:
    try:
        return Dialect(name)
    except ValueError:
        raise ConfigurationError.of(
            "Emulator lacks this API version",
            f"The DataRobot emulator does not speak {name!r}.",
            f"Choose one of {', '.join(Dialect)}.",
        ) from None


def _refuse_foreign_port(data: Path | None) -> None:
    """Raise ForeignFolderError where a file of another user has the name of the one with the port."""
    if data is None or not os.path.lexists(file := data / "port"):
        return
    is_number = file.is_file() and file.read_bytes()[:6].strip().isdigit()
    if not is_number and not is_world(data):  # in a world of ours, one without a number is damaged
        raise foreign(file)


def _home_port(data: Path | None, port: int) -> int:
    """Return the port that the first emulator on this folder had, which is `port` when there was none."""
    if data is None:
        return port
    file = data / "port"
    written = file.read_bytes().strip() if file.exists() else b""
    if written.isdigit() and 0 < int(written[:6]) < 65536:
        return int(written)
    if port:  # none is written, or what is written is no port
        file.write_text(str(port))
    return port
