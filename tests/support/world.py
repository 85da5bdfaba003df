"""Looking at the emulated platform from outside, as somebody with another client would."""

from __future__ import annotations

from collections import Counter
from typing import Any

from support.api_client import ApiClient
from wlinfra_datarobot.emulator import DataRobotEmulator

__all__ = ["World"]

_MUTATING = ("POST", "PUT", "PATCH", "DELETE")


class World:
    """What exists on one emulator, and which requests it was sent."""

    def __init__(self, emulator: DataRobotEmulator) -> None:
        self._emulator = emulator
        self.api = ApiClient(emulator.url, "test-token")

    def documents(self, kind: str) -> list[dict[str, Any]]:
        """Return every ``workloads``, ``artifacts`` or ``artifactRepositories`` document."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.api.ok("GET", f"/{kind}?limit=100&offset={len(found)}")
            found += page["data"]
            if page["next"] is None:
                return found

    def names(self) -> Counter[str]:
        """Return how often each name exists, artifacts and workloads together."""
        return Counter(document["name"] for kind in ("artifacts", "workloads") for document in self.documents(kind))

    def one(self, kind: str, name: str) -> dict[str, Any]:
        """Return the one document of that name."""
        (found,) = [document for document in self.documents(kind) if document["name"] == name]
        return found

    def calls(self) -> list[str]:
        """Return the requests that change something, in order, without ids."""
        return [
            f"{exchange.method} {exchange.path}" for exchange in self._emulator.requests if exchange.method in _MUTATING
        ]

    def reads(self) -> int:
        """Return how many requests only read."""
        return sum(exchange.method == "GET" for exchange in self._emulator.requests)

    def forget_requests(self) -> None:
        """Count from here."""
        self._emulator.requests.clear()
