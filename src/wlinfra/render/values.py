"""Values as people read them, in the notation of Terraform's plans; never a secret.

`render.tree` puts these lines behind attribute names; the diff of a text of several lines is shown line by line.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Final

from wlinfra.diff.model import SENSITIVE, SensitiveValue
from wlinfra.render.style import clean
from wlinfra.state.model import SecretDigest
from wlinfra.values import Json, Ref, Secret, Template, Unknown

__all__ = ["INDENT", "KNOWN_AFTER_APPLY", "SENSITIVE_VALUE", "format_value", "is_secret", "text_difference"]

INDENT: Final = "    "
KNOWN_AFTER_APPLY: Final = "(known after apply)"
SENSITIVE_VALUE: Final = repr(SENSITIVE)
_INLINE_WIDTH: Final = 64
_TEXT_CONTEXT: Final = 2


def is_secret(value: Json) -> bool:
    """True when the value itself must not be shown."""
    return isinstance(value, Secret | SecretDigest | SensitiveValue)


def format_value(value: Json) -> list[str]:
    """Return the value as lines; all but the first are indented relative to the attribute.

    >>> format_value({"image": "app:1", "port": 8080})
    ['{ image = "app:1", port = 8080 }']
    """
    kind = type(value)
    if kind is str:  # the plain types first: a plan of thousands of objects has millions of leaves
        return _format_text(value)
    if kind is int:
        return [str(value)]
    if kind is dict:
        return _format_mapping(value)
    if is_secret(value):
        return [SENSITIVE_VALUE]
    match value:
        case Unknown() | Ref() | Template():
            return [KNOWN_AFTER_APPLY]
        case str():
            return _format_text(value)
        case Mapping():
            return _format_mapping(value)
        case list() | tuple():
            return _format_list(value)
        case None | bool() | int() | float():
            return [json.dumps(value)]
        case _:
            return [clean(value)]


def _format_text(text: str) -> list[str]:
    if "\n" in text.rstrip("\n"):
        return ["<<-EOT", *(INDENT + clean(line) for line in text.rstrip("\n").split("\n")), "EOT"]
    return [_quoted(text)]


def _quoted(text: str) -> str:
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return clean(json.dumps(text, ensure_ascii=False))


def _format_mapping(value: Mapping[str, Json]) -> list[str]:
    if not value:
        return ["{}"]
    entries = [(format_key(key), format_value(item)) for key, item in value.items()]
    inline = ", ".join(f"{key} = {lines[0]}" for key, lines in entries)
    if len(inline) <= _INLINE_WIDTH and all(map(_is_scalar, value.values())):
        return [f"{{ {inline} }}"]
    body = [line for key, lines in entries for line in _indented(f"{key} = ", lines)]
    return ["{", *body, "}"]


def _format_list(value: Sequence[Json]) -> list[str]:
    if not value:
        return ["[]"]
    elements = [format_value(item) for item in value]
    inline = ", ".join(lines[0] for lines in elements)
    if len(inline) <= _INLINE_WIDTH and all(map(_is_scalar, value)):
        return [f"[{inline}]"]
    body = [line for lines in elements for line in _indented("", [*lines[:-1], lines[-1] + ","])]
    return ["[", *body, "]"]


def _indented(prefix: str, lines: Sequence[str]) -> list[str]:
    return [INDENT + prefix + lines[0], *(INDENT + line for line in lines[1:])]


def _is_scalar(value: Json) -> bool:
    if isinstance(value, str):
        return "\n" not in value
    return not isinstance(value, dict | list | tuple | Mapping)


def format_key(key: object) -> str:
    """Return the key bare when it is a plain word, else quoted."""
    text = str(key)
    return text if text.isidentifier() or text.replace("_", "a").replace("-", "a").isalnum() else _quoted(text)


def text_difference(before: Json, after: Json) -> list[str] | None:
    """Return the changed lines of a text of several lines with some around them; None for anything else."""
    if not (isinstance(before, str) and isinstance(after, str)) or "\n" not in before.strip() + after.strip():
        return None
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=_TEXT_CONTEXT)
    shown = ["..." if line.startswith("@@") else f"{line[0]} {line[1:]}" for line in list(lines)[2:]]
    return ["<<-EOT", *(INDENT + clean(line) for line in shown), "EOT"]
