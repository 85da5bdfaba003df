"""One configured DataRobot installation: its client, what its API can do, and how large its bundles are.

`provider` makes one for each connection; the modules that answer the seven questions share it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wlinfra.provider import OncePerPlan

from .attributes.dialects import Dialect, detect, dialect_named

if TYPE_CHECKING:
    from .client import DataRobotClient

__all__ = ["ARTIFACT_KIND", "WORKLOAD_KIND", "Bundles", "LookedUp", "Platform"]

ARTIFACT_KIND = "artifact"
WORKLOAD_KIND = "workload"

Bundles = Mapping[str, Mapping[str, Any]]
"""Bundles by id, as the platform shows them."""


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What is noted of a lookup: the id it gives, if it gives one."""

    id: str | None


class Platform:
    """Answers are cached for the life of a connection: the dialect and the bundles do not change within a run."""

    def __init__(self, *, client: Callable[[], DataRobotClient], api: str | None, catalogue: Bundles) -> None:
        self._open = client
        self.api = api
        """The dialect the environment names."""
        self.shared = OncePerPlan()
        """What was worked out for all objects of a plan."""
        self._lock = threading.RLock()
        self._client: DataRobotClient | None = None
        self.known_dialect: Dialect | None = None if api is None else dialect_named(api)
        self._catalogue = catalogue
        self._bundles: Bundles | None = None
        self._is_listing = False

    @property
    def client(self) -> DataRobotClient:
        """The client, opened on first use so that checking and expanding need neither endpoint nor token."""
        with self._lock:
            if self._client is None:
                self._client = self._open()
            return self._client

    @property
    def dialect(self) -> Dialect:
        """The dialect the environment names, else the one a single probe of the server finds; raises ApiError."""
        with self._lock:
            if self.known_dialect is None:
                self.known_dialect = detect(self.client)
            return self.known_dialect

    def bundles(self) -> Bundles:
        """Return the sizes of bundles: the platform's own, completed by the catalogue of the configuration."""
        with self._lock:
            if self._bundles is None:
                offered = self._offered()
                self._is_listing = bool(offered)
                self._bundles = {**self._catalogue, **offered}
            return self._bundles

    @property
    def offers_bundles(self) -> bool:
        """True when the platform reports which bundles it has."""
        self.bundles()
        return self._is_listing

    def hide(self, text: str) -> str:
        """Return a string of the platform without any secret that was sent to it."""
        return self.client.transport.hide(text)

    def close(self) -> None:
        """Close the connections that were opened."""
        with self._lock:
            if self._client is not None:
                self._client.close()

    def _offered(self) -> Bundles:
        from wlinfra.http.failures import ApiError

        try:
            return {bundle["id"]: dict(bundle) for bundle in self.client.account.bundles()}
        except ApiError:
            # Installations without the endpoint, and tokens without the right to it, leave sizes unknown.
            return {}
