"""The target of rendering, made from the provider's options.

`expand` renders workloads for it; `bundles` chooses among its bundles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from wlinfra.diff.normalize import memory_bytes
from wlinfra.errors import ConfigurationError
from wlinfra.manifests.model import Target
from wlinfra.manifests.names import object_name

from .configuration import KubernetesConfig

__all__ = ["target_of"]


def target_of(config: KubernetesConfig, stack: str) -> Target:
    """Return the target; raises ConfigurationError that names each wrong option.

    Its objects have the labels that kubectl and dashboards go by; ``labels`` of the options come on top.
    """
    known = {entry.name for entry in fields(Target)} - {"namespace", "bundles"}
    unknown = sorted(set(config.target) - known)
    if unknown:
        raise ConfigurationError.of(
            "Provider option is wrong",
            f"target has no option {', '.join(unknown)}.",
            f"The options of target are: {', '.join(sorted(known))}.",
        )
    bundles = {name: _bundle(entry) for name, entry in config.bundles.items()}
    usual = {"app.kubernetes.io/managed-by": "wlinfra", "app.kubernetes.io/part-of": object_name(stack, longest=63)}
    labels = config.target.get("labels") or {}
    try:
        made: Target = TypeAdapter(Target).validate_python(
            {
                **config.target,
                "labels": {**usual, **labels} if isinstance(labels, Mapping) else labels,
                "namespace": config.namespace,
                "bundles": bundles,
            }
        )
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, entry['loc']))}: {entry['msg']}" for entry in error.errors())
        raise ConfigurationError.of(
            "Provider option is wrong", f"{wrong}.", "Correct `target` or `bundles` in the environment's options."
        ) from error
    return made


def _bundle(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a bundle with its memory in bytes."""
    return {**entry, "memory": memory_bytes(entry["memory"])} if "memory" in entry else dict(entry)
