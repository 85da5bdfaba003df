"""The target of rendering, made from a provider's options.

A provider calls `target_of` once a connection, and renders its workloads for the target.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from wlinfra.errors import ConfigurationError
from wlinfra.provider import memory_bytes

from .model import Target
from .names import object_name

__all__ = ["target_of"]


def target_of(
    options: Mapping[str, Any], *, stack: str, namespace: str, bundles: Mapping[str, Mapping[str, Any]]
) -> Target:
    """Return the target for the attributes of `Target` in ``options``; raises ConfigurationError naming each wrong one.

    Its objects have the labels that kubectl and dashboards go by; ``labels`` of the options come on top.
    """
    known = {entry.name for entry in fields(Target)} - {"namespace", "bundles"}
    unknown = sorted(set(options) - known)
    if unknown:
        raise ConfigurationError.of(
            "Provider option is wrong",
            f"target has no option {', '.join(unknown)}.",
            f"The options of target are: {', '.join(sorted(known))}.",
        )
    converted = {name: _bundle(entry) for name, entry in bundles.items()}
    usual = {"app.kubernetes.io/managed-by": "wlinfra", "app.kubernetes.io/part-of": object_name(stack, longest=63)}
    labels = options.get("labels") or {}
    try:
        made: Target = TypeAdapter(Target).validate_python(
            {
                **options,
                "labels": {**usual, **labels} if isinstance(labels, Mapping) else labels,
                "namespace": namespace,
                "bundles": converted,
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
