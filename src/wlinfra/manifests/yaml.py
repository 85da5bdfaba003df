"""Manifests as files for people and for GitOps: one file an object, in an order that never moves.

`wlinfra render` calls this. Secrets are written without their values, for files like these are committed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from wlinfra.errors import DeclarationError
from wlinfra.manifests.model import Manifest, RenderedObject
from wlinfra.manifests.shared import merge_shared
from wlinfra.values import Ref, Secret, Template, Unknown, map_leaves

__all__ = ["README", "format_manifests", "write_manifests"]

README = "README.md"

# kubectl reads n as false and 1e5 as a number, which PyYAML would leave without quotes.
_PLAIN = re.compile(r"[A-Za-z/$][A-Za-z0-9 ._/:@$-]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})


def write_manifests(objects: Iterable[RenderedObject], folder: Path) -> tuple[Path, ...]:
    """Write one file for each object, and a README when there are Secrets; return the files in order.

    Files of objects that are no longer rendered are left alone: other tools may keep files there too. Raises
    DeclarationError when two objects are one in the cluster, or when a value is known only after apply.
    """
    documents = _documents(objects)
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, item in sorted(documents.items()):
        path = folder / name
        path.write_text(_dump(item), encoding="utf-8")
        written.append(path)
    secrets = [item for _, item in sorted(documents.items()) if _is_secret(item)]
    if secrets:
        path = folder / README
        path.write_text(_readme(secrets), encoding="utf-8")
        written.append(path)
    return tuple(written)


def format_manifests(objects: Iterable[RenderedObject]) -> str:
    """Return all objects as one YAML stream; raises as `write_manifests` does."""
    return "---\n".join(_dump(item) for _, item in sorted(_documents(objects).items()))


def _documents(objects: Iterable[RenderedObject]) -> dict[str, RenderedObject]:
    """Return the objects by file name, such as ``deployment-chat.yaml``; equal names get their namespaces."""
    merged = merge_shared(objects)
    names = Counter(map(_stem, merged))
    documents: dict[str, RenderedObject] = {}
    for item in merged:
        stem = _stem(item)
        name = f"{stem}.yaml" if names[stem] == 1 else f"{stem}.{item.namespace or 'cluster'}.yaml"
        if name in documents:
            raise DeclarationError.of(
                "Duplicate object",
                f"Two resources become the {item.kind} {item.name} of one namespace.",
                "Give one of them another name, or a platform_name.",
            )
        documents[name] = item
    return documents


def _stem(item: RenderedObject) -> str:
    return f"{item.kind.lower()}-{item.name}"


def _is_secret(item: RenderedObject) -> bool:
    return item.kind == "Secret" and item.manifest.get("apiVersion") == "v1"


def _dump(item: RenderedObject) -> str:
    manifest: Manifest = map_leaves(item.manifest, _known)
    if _is_secret(item) and "data" in manifest:
        keys = "".join(f"#   {key}\n" for key in sorted(manifest["data"]))
        head = f"# Without its values; these keys must be filled in where it is applied:\n{keys}"
        manifest = {key: value for key, value in manifest.items() if key != "data"}
    else:
        head = ""
    return head + _to_yaml(manifest)


def _to_yaml(manifest: Manifest) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Quotes whatever some reader of YAML could take for something else than a text."""

    def represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else "'")

    Dumper.add_representer(str, represent)
    return yaml.dump(manifest, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120)


def _known(leaf: Any) -> Any:
    if isinstance(leaf, Ref | Template | Unknown):
        raise DeclarationError.of(
            "Known only after apply",
            f"A file holds plain values, and {leaf!r} is an output that only an apply can tell.",
            "Write the value out, or take it from a setting.",
        )
    return None if isinstance(leaf, Secret) else leaf


def _readme(secrets: list[RenderedObject]) -> str:
    """Return how to create the Secrets, one command each."""
    lines = ["# Secrets", "", "Their values are not in these files. Create them before the rest, for example with:", ""]
    for item in secrets:
        keys = " ".join(f"--from-literal='{key}=...'" for key in sorted(item.manifest.get("data", {})))
        lines.append(f"    kubectl -n {item.namespace} create secret generic {item.name} {keys}".rstrip())
    return "\n".join(lines) + "\n"
