"""What the questions share: the client, opened with the first request, the configuration and who we are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wlinfra.provider import OncePerPlan
from wlinfra_manifests.model import Target

from .cluster.client import ClusterClient
from .cluster.watches import Watches
from .configuration import KubernetesConfig
from .ownership.identity import Identity

__all__ = ["Platform"]


@dataclass(slots=True, kw_only=True)
class Platform:
    """One cluster as one stack sees it."""

    config: KubernetesConfig
    identity: Identity
    target: Target
    open: Callable[[], ClusterClient]
    now: Callable[[], float]
    """Seconds since the epoch."""
    lineage: str | None = None
    """That of the state at hand, empty while it has none; None where no state was named."""
    ours: bool | None = None
    """Whether the inventory belongs to that state; None until it is looked at."""
    unclaimed: bool = False
    """The inventory is ours and has no lineage: an earlier version made it."""
    foreign: Mapping[str, Any] = field(default_factory=dict)
    """The inventory where it belongs to another state."""
    watches: Watches = field(init=False)
    """What is remembered of the awaited."""
    looked: dict[str, float] = field(default_factory=dict)
    """When each awaited object was looked at first, by uid, in seconds since the epoch."""
    shared: OncePerPlan = field(default_factory=OncePerPlan)
    """What was worked out for all objects of a plan."""
    _client: ClusterClient | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.watches = Watches(lambda: self.client)

    @property
    def client(self) -> ClusterClient:
        """The client; raises ConfigurationError when it cannot be made."""
        with self._lock:
            if self._client is None:
                self._client = self.open()
            return self._client

    def first_look(self, uid: str) -> float:
        """Return when the object was looked at first: now, when it never was."""
        return self.looked.setdefault(uid, self.now())

    def hide(self, text: str) -> str:
        """Return a string of the cluster without any secret that was sent to it."""
        return self.client.hide(text)

    def close(self) -> None:
        """End the watches and close the connections, if there are any."""
        self.watches.close()
        if self._client is not None:
            self._client.close()
