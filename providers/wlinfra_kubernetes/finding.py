"""Finds workloads that exist by name, and what they would be declared as, for imports; `provider` hands the questions to it."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Final

from wlinfra.errors import DeclarationError, Diagnostic
from wlinfra.resources.base import Resource
from wlinfra.resources.workload import Workload
from wlinfra.values import Secret
from wlinfra_manifests.document import Key
from wlinfra_manifests.secrets import secrets_of

from .inverse import declared
from .platform import Platform

__all__ = ["declared_again", "existing", "find"]

_RUNNERS: Final = (("apps/v1", "Deployment"), ("apps.nvidia.com/v1alpha1", "NIMService"))


def find(platform: Platform, model: type[Resource], identity: str) -> Sequence[str]:
    """Return namespace and name of the workload that has the name, with or without its namespace; raises ClusterError.

    An artifact has no object of its own on a cluster, so none is found.
    """
    if not issubclass(model, Workload):
        return ()
    namespace, _, name = identity.rpartition("/")
    key = _key(platform, f"{namespace or platform.config.namespace}/{name}")
    return () if key is None else (f"{key.namespace}/{key.name}",)


def declared_again(platform: Platform, model: type[Resource], identity: str, *, name: str) -> Resource:
    """Return the workload, its artifact inside; raises DeclarationError for what no program can declare."""
    key = _key(platform, identity) if issubclass(model, Workload) else None
    if key is None:
        raise DeclarationError.of("No such object", f"The cluster has no {model.type} {identity}.", "Correct the name.")
    live = key

    def secret(variable: str) -> Secret:
        return Secret(lambda: _value(platform, live, variable), describe=f"the Secret of {identity}")

    found = declared(platform, key, name=name, secret=secret)
    if found.workload is None:
        raise DeclarationError(
            *(
                Diagnostic(summary="Cannot be declared", detail=f"{one.kind} {one.name}: {one.why}", path=one.path)
                for one in found.left
            )
        )
    return found.workload


def existing(platform: Platform, model: type[Resource]) -> Iterator[tuple[str, str]]:
    """Yield namespace/name and name of each workload in the provider's namespace; raises ClusterError."""
    if not issubclass(model, Workload):
        return
    for api, kind in _RUNNERS:
        if platform.client.serves(api, kind):
            for item in platform.client.list(Key(api, kind, platform.config.namespace, "")):
                name = str(item["metadata"]["name"])
                yield f"{platform.config.namespace}/{name}", name


def _key(platform: Platform, identity: str) -> Key | None:
    namespace, _, name = identity.partition("/")
    for api, kind in _RUNNERS:
        key = Key(api, kind, namespace, name)
        if platform.client.serves(api, kind) and platform.client.get(key) is not None:
            return key
    return None


def _value(platform: Platform, key: Key, variable: str) -> str:
    """Return the value of a variable in our Secret of the workload, as the inverse names it; empty where it has none."""
    found = platform.client.get(Key("v1", "Secret", key.namespace, secrets_of(key.name)))
    data: dict[str, str] = (found or {}).get("data") or {}
    for place, text in data.items():
        container, _, name = place.partition(".")
        doubled = f"{key.name}_{container}_{name}".replace("-", "_").upper()
        if variable in (name, doubled):
            return base64.b64decode(text).decode(errors="replace")
    return ""
