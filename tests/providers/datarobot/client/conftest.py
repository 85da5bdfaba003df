"""A client of a scripted server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.manual_clock import ManualClock
from support.scripted_server import ScriptedServer

from wlinfra.http.transport import HttpOptions, HttpTransport
from wlinfra_datarobot.client import DataRobotClient

Connect = Callable[..., DataRobotClient]


@pytest.fixture
def connect() -> Connect:
    """Return a function that makes a client of a server."""

    def make(server: ScriptedServer, **options: Any) -> DataRobotClient:
        transport = HttpTransport(HttpOptions(base_url=server.url, clock=ManualClock(), platform="DataRobot"))
        return DataRobotClient(transport, **options)

    return make
