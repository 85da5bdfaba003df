"""The Secret of a group: the variables whose values must not be seen.

Values stay `Secret` leaves under ``data``; whoever sends the object reveals and encodes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wlinfra.manifests.group import Group
from wlinfra.manifests.model import Manifest, RenderedObject
from wlinfra.manifests.names import short_hash
from wlinfra.resources.container import Container
from wlinfra.resources.variables import EnvVar
from wlinfra.values import Secret

__all__ = ["SECRETS_DIGEST", "render_secret", "secret_key", "secret_name", "stamp_secrets"]

SECRETS_DIGEST = "wlinfra.dev/secrets-digest"

_ILLEGAL = re.compile(r"[^A-Za-z0-9_.-]")


def secret_name(group: Group) -> str:
    """Return the name of the group's Secret."""
    return f"{group.name}-env"


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
    """Return a Deployment or NIMService whose pods restart when the digest differs.

    Pods read variables once, when they start. The digest must be keyed: a plain one of a short secret can be guessed.
    """
    stamp = {SECRETS_DIGEST: digest}
    spec = manifest["spec"]
    if manifest["kind"] == "NIMService":
        return {**manifest, "spec": {**spec, "annotations": {**spec.get("annotations", {}), **stamp}}}
    template = spec["template"]
    metadata = template["metadata"]
    stamped = {**metadata, "annotations": {**metadata.get("annotations", {}), **stamp}}
    return {**manifest, "spec": {**spec, "template": {**template, "metadata": stamped}}}
