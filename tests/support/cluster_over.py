"""A cluster client over a scripted server, without a kubeconfig."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import urllib3

from wlinfra.http.options import SendOptions
from wlinfra_kubernetes.cluster.client import ClusterClient
from wlinfra_kubernetes.cluster.session import Session

__all__ = ["client_over"]


class _Session:
    def __init__(self, url: str) -> None:
        self.base_url = url
        self.shown_url = url
        self.pool = urllib3.PoolManager()

    def headers(self) -> Mapping[str, str]:
        return {"authorization": "Bearer token-that-nobody-sees"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        return refused != self.headers()

    def close(self) -> None:
        self.pool.clear()


def client_over(url: str, **options: Any) -> ClusterClient:
    """Return a client of the server at the URL."""
    return ClusterClient(cast("Session", _Session(url)), SendOptions(**options), manager="wlinfra-shop-test")
