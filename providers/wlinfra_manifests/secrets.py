"""The Secret of a group: the variables whose values must not be seen.

Values stay `Secret` leaves under ``data``; whoever sends the object reveals and encodes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from wlinfra.provider import Manifest, RenderedObject
from wlinfra.resources.container import Container
from wlinfra.resources.variables import EnvVar
from wlinfra.values import Secret

from .group import Group
from .names import short_hash

__all__ = ["SECRETS_DIGEST", "STAMPED", "render_secret", "secret_key", "secret_name", "secrets_of", "stamp_secrets"]

SECRETS_DIGEST: Final = "wlinfra.dev/secrets-digest"
_TEMPLATE: Final = ("spec", "template", "metadata", "annotations")
STAMPED: Final[Mapping[str, tuple[str, ...]]] = {
    "Deployment": _TEMPLATE,
    "StatefulSet": _TEMPLATE,
    "DaemonSet": _TEMPLATE,
    "NIMService": ("spec", "annotations"),
}
"""The kinds whose pods restart with a new annotation, and where it goes."""

_ILLEGAL = re.compile(r"[^A-Za-z0-9_.-]")


def secret_name(group: Group) -> str:
    """Return the name of the group's Secret."""
    return secrets_of(group.name)


def secrets_of(name: str) -> str:
    """Return the name of the Secret of a group's Deployment or NIMService."""
    return f"{name}-env"


def secret_key(container: Container, variable: EnvVar) -> str:
    """Return the key of a variable; containers of a group may have variables of the same name."""
    key = f"{container.name}.{variable.name}"
    legal = _ILLEGAL.sub("_", key)[:240]
    return key if legal == key else f"{legal}-{short_hash(key)}"


def render_secret(group: Group) -> Iterator[RenderedObject]:
    """Yield the Secret when some variable is secret.

    Always ``data``, never ``stringData``: a key that is dropped from the latter stays in the object.
    """
    data = {
        secret_key(container, variable): variable.value
        for container in group.containers.containers
        for variable in container.env
        if isinstance(variable.value, Secret)
    }
    if data:
        yield RenderedObject(
            part=group.part("Secret"),
            manifest={
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": group.metadata(secret_name(group)),
                "type": "Opaque",
                "data": data,
            },
        )


def stamp_secrets(manifest: Manifest, digest: str) -> Manifest:
    """Return what makes pods, so that they restart when the digest differs.

    Pods read variables once, when they start. The digest must be keyed: a plain one of a short secret can be guessed.
    Raises KeyError for a kind that `STAMPED` does not name.
    """
    return _with(manifest, (*STAMPED[manifest["kind"]], SECRETS_DIGEST), digest)


def _with(tree: Manifest, path: tuple[str, ...], value: str) -> Manifest:
    name, *rest = path
    return {**tree, name: _with(tree.get(name) or {}, tuple(rest), value) if rest else value}
