"""The Kubernetes provider of wlinfra; the entry point group ``wlinfra.providers`` names `PROVIDER`.

Programs import `Manifest` and `manifests_from` from here; the client library is imported with the first request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .declared.resources import Manifest, manifests_from

if TYPE_CHECKING:
    from pydantic import BaseModel

    from wlinfra.provider import Connection, ObjectState, ProviderContext
    from wlinfra.resources.base import Resource
    from wlinfra.values import Json

__all__ = ["PROVIDER", "Manifest", "manifests_from"]


class _KubernetesProvider:
    """Connects to any cluster a kubeconfig or a service account reaches."""

    name = "kubernetes"

    def connect(self, context: ProviderContext) -> Connection:
        """Return a connection; raises ConfigurationError when options are wrong. Calls no platform."""
        from .provider import connect

        return connect(context)

    def public_options(self, options: Mapping[str, Any]) -> Mapping[str, Json]:
        """Return all options: credentials are in the kubeconfig, which is named here."""
        from wlinfra.provider import public_options

        from .configuration import KubernetesConfig

        return public_options(KubernetesConfig.parse(options), options)

    def options_model(self) -> type[BaseModel]:
        """Return the model of the options."""
        from .configuration import KubernetesConfig

        return KubernetesConfig

    def own_resources(self) -> Sequence[type[Resource]]:
        """Return `Manifest`, which is any object of a cluster."""
        return (Manifest,)

    def how_to_let_go(self, item: ObjectState) -> str:
        """Return what the next apply does to a forgotten object, which has our label, and the command that lets it go."""
        from wlinfra_manifests.document import Key

        from .ownership.identity import PART_OF

        key = Key.parse(item.kind, item.name)
        kind = ".".join((key.kind, key.api.rpartition("/")[2], key.group)) if key.group else key.kind
        where = f" -n {key.namespace}" if key.namespace else ""
        return (
            "It has the label of this stack: the next apply records it again where it is declared, and deletes it "
            "where it is not. To let it go, declare it no more and take the label off:\n"
            f"    kubectl label {kind} {key.name}{where} {PART_OF}-"
        )


PROVIDER = _KubernetesProvider()
