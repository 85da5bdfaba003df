"""What the questions share: the client, opened with the first request, the configuration and who we are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from .client import ClusterClient
from .configuration import KubernetesConfig
from .identity import Identity

__all__ = ["Platform"]


@dataclass(slots=True, kw_only=True)
class Platform:
    """One cluster as one stack sees it."""

    config: KubernetesConfig
    identity: Identity
    open: Callable[[], ClusterClient]
    now: Callable[[], float]
    """Seconds since the epoch."""
    _client: ClusterClient | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def client(self) -> ClusterClient:
        """The client; raises ConfigurationError when it cannot be made."""
        with self._lock:
            if self._client is None:
                self._client = self.open()
            return self._client

    def close(self) -> None:
        """Close the connections, if there are any."""
        if self._client is not None:
            self._client.close()
