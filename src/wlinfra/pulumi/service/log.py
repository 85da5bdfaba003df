"""Lines that the engine shows beside a resource while it works on it."""

from __future__ import annotations

import threading
from typing import Final

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from wlinfra.errors import Severity
from wlinfra.pulumi.service.scrubbing import Scrubber

__all__ = ["EngineLog"]

_PATIENCE: Final = 5.0
"""Seconds that the engine has to take a line."""
_SEVERITIES: Final = {
    None: engine_pb2.INFO,
    Severity.WARNING: engine_pb2.WARNING,
    Severity.ERROR: engine_pb2.ERROR,
}


class EngineLog:
    """The engine's log; a line that it does not take is lost, and no call fails for it."""

    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber
        self._lock = threading.Lock()
        self._address = ""
        self._stub: engine_pb2_grpc.EngineStub | None = None

    def attach(self, address: str) -> None:
        """Speak to the engine at the address from now on."""
        with self._lock:
            if address != self._address:
                self._address, self._stub = address, None

    def write(self, severity: Severity | None, text: str, replaceable: bool, *, urn: str = "") -> None:
        """Show a line; an error makes the engine end with a failure, a ``replaceable`` line is a status."""
        stub = self._connected()
        if stub is None:
            return
        request = engine_pb2.LogRequest(
            severity=_SEVERITIES[severity], message=self._scrubber.text(text), urn=urn, ephemeral=replaceable
        )
        try:
            stub.Log(request, timeout=_PATIENCE)
        except (grpc.RpcError, ValueError):  # the engine is gone, or the channel is closed
            return

    def _connected(self) -> engine_pb2_grpc.EngineStub | None:
        with self._lock:
            if self._stub is None and self._address:
                self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(self._address))
            return self._stub
