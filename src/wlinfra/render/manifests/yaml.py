"""Manifests as text: YAML that every reader takes alike, and no value of any secret.

`wlinfra render` prints with this, and `files` writes with it. Such files are committed, so secrets
are left out of Secrets and refused everywhere else.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from wlinfra.errors import DeclarationError
from wlinfra.provider.rendering import Manifest, RenderedObject
from wlinfra.render.manifests.filenames import by_file_name
from wlinfra.values import Json, Path, Ref, Secret, Template, Unknown, format_path, map_leaves

__all__ = ["dump", "format_manifests", "secret_commands"]

# kubectl reads n as false and 1e5 as a number, which PyYAML would leave without quotes.
_PLAIN = re.compile(r"[A-Za-z/$][A-Za-z0-9 ._/:@$-]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})

_SHOWN: Final = ("apiVersion", "kind", "metadata", "type", "immutable")
"""What a Secret has in addition to its values: a list of what may be shown, so that a misspelt ``stringdata`` is not."""
_VALUES: Final = ("data", "stringData")
_COPY: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""Where kubectl keeps a copy of the object it applied, with the values; exported objects contain it."""


def format_manifests(objects: Iterable[RenderedObject]) -> str:
    """Return all objects as one YAML stream, in the order of their file names; raises as `dump` does."""
    return "---\n".join(dump(item) for item in by_file_name(objects).values())


def dump(item: RenderedObject) -> str:
    """Return the object as YAML, a Secret without its values.

    Raises DeclarationError for a secret in any other object, and for a value that is known only after an apply.
    """
    manifest, keys = item.manifest, _secret_keys(item.manifest)
    head = "".join(f"# {line}\n" for line in item.comment.splitlines())
    if _is_secret(manifest):
        manifest = _without_values(manifest)
    if keys:
        head += "# Without its values; these keys must be filled in where it is applied:\n"
        head += "".join(f"#   {key}\n" for key in keys)
    for path in _secrets_in(manifest, ()):
        raise DeclarationError.of(
            "Secret outside of a Secret",
            f"A file cannot contain a secret, and {item.kind} {item.name} has one at {format_path(path)}.",
            "Put it into a Secret of its own and refer to that, such as by secretKeyRef or a volume.",
        )
    return head + _to_yaml(map_leaves(manifest, _known))


def secret_commands(objects: Iterable[RenderedObject]) -> Sequence[str]:
    """Return how to create the Secrets whose values are left out, one command each."""
    commands: list[str] = []
    for item in objects:
        if not (keys := _secret_keys(item.manifest)):
            continue
        words = ["kubectl", *(("-n", item.namespace) if item.namespace else ()), "create", "secret", "generic"]
        kind = item.manifest.get("type")
        words += [item.name, *((f"--type={kind}",) if kind not in (None, "Opaque") else ())]
        literals = [f"--from-literal={_quoted(f'{key}=...')}" for key in keys]
        commands.append(" ".join([*(shlex.quote(word) for word in words), *literals]))
    return commands


# ---------------------------------------------------------------- secrets


def _is_secret(value: Mapping[str, Any]) -> bool:
    return value.get("kind") == "Secret" and value.get("apiVersion") == "v1"


def _secret_keys(manifest: Mapping[str, Any]) -> list[str]:
    if not _is_secret(manifest):
        return []
    parts = [part for name in _VALUES if isinstance(part := manifest.get(name), Mapping)]
    return sorted({str(key) for part in parts for key in part})


def _without_values(manifest: Manifest) -> Manifest:
    shown: Manifest = {name: manifest[name] for name in _SHOWN if name in manifest}
    metadata = manifest["metadata"]
    if _COPY in (metadata.get("annotations") or {}):
        kept = {name: text for name, text in metadata["annotations"].items() if name != _COPY}
        shown["metadata"] = {**metadata, "annotations": kept}
    return shown


def _secrets_in(value: Json, path: Path) -> Iterator[Path]:
    """Yield where secrets stand: each as a leaf, and each Secret that another object contains as a template."""
    if isinstance(value, Secret):
        yield path
    elif isinstance(value, Mapping):
        if path and _secret_keys(value):
            yield path
        for name, item in value.items():
            yield from _secrets_in(item, (*path, str(name)))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _secrets_in(item, (*path, index))


def _quoted(text: str) -> str:
    """Return the text in single quotes for a shell, always: what replaces it may need them."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


# ---------------------------------------------------------------- YAML


def _to_yaml(manifest: Manifest) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Quotes everything that a YAML reader could take for something other than a string."""

    def represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else "'")

    Dumper.add_representer(str, represent)
    return yaml.dump(manifest, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120)


def _known(leaf: Any) -> Any:
    if isinstance(leaf, Ref | Template | Unknown):
        raise DeclarationError.of(
            "Known only after apply",
            f"A file has plain values only, and {leaf!r} is an output that is known only after an apply.",
            "Write the value out, or take it from a setting.",
        )
    return leaf
