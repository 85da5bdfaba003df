"""The Kubernetes provider of wlinfra; the entry point group ``wlinfra.providers`` names `PROVIDER`.

Programs import `Manifest` and `manifests_from` from here; the client library is imported with the first request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .declared.resources import Manifest, manifests_from

if TYPE_CHECKING:
    from wlinfra.provider.base import Connection, ProviderContext

__all__ = ["PROVIDER", "Manifest", "manifests_from"]


class _KubernetesProvider:
    """Connects to any cluster a kubeconfig or a service account reaches."""

    name = "kubernetes"

    def connect(self, context: ProviderContext) -> Connection:
        """Return a connection; raises ConfigurationError when options are wrong. Calls no platform."""
        from .provider import connect

        return connect(context)


PROVIDER = _KubernetesProvider()
