"""A stand-in for the operator of KEDA's HTTP add-on: it calls every InterceptorRoute ready, for its current version.

Requests are counted by nobody here; what KEDA is told of them is set by tests, see `engines.keda.fake_http_scaler`.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from engines.kubernetes.client import ApiClient, ApiError, Json, follow

__all__ = ["FakeHttpOperator"]

GROUP = "/apis/http.keda.sh/v1beta1"


class FakeHttpOperator:
    """Writes the status of routes."""

    def __init__(self, client: ApiClient, stop: threading.Event) -> None:
        self._client = client
        self._stop = stop

    def threads(self) -> list[threading.Thread]:
        """Return what has to run, not yet started."""
        path = f"{GROUP}/interceptorroutes"
        return [
            threading.Thread(
                target=follow, args=(self._client, path, self._on_route, self._stop), name=path, daemon=True
            )
        ]

    def _on_route(self, event: str, route: Json) -> None:
        metadata = route["metadata"]
        if event == "DELETED" or "deletionTimestamp" in metadata or _is_seen(route):
            return
        path = f"{GROUP}/namespaces/{metadata['namespace']}/interceptorroutes/{metadata['name']}/status"
        try:
            self._client.merge(path, {"status": {"conditions": [_ready(metadata["generation"])]}})
        except ApiError as error:
            if error.status != 404:
                raise


def _is_seen(route: Json) -> bool:
    conditions = route.get("status", {}).get("conditions") or ()
    return any(one.get("observedGeneration") == route["metadata"]["generation"] for one in conditions)


def _ready(generation: int) -> Json:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {"reason": "Ready", "message": "", "observedGeneration": generation, "lastTransitionTime": now}
    return {"type": "Ready", "status": "True", **told}
