"""Values in the notation of Terraform's plans, without secrets.

`render.tree` puts these lines behind attribute names and shows the diff of a multi-line string line by line. Plans cut
long strings, because a ConfigMap may have a megabyte; JSON has all of them.
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
_MOST_LINES: Final = 20
_MOST_CHARACTERS: Final = 2000
_MOST_CHANGED_LINES: Final = 60
"""With those around them."""
_BEFORE_DIFFERENCE: Final = 40
_AROUND_DIFFERENCE: Final = 400
"""Characters of a long line of which only a part is different."""


def is_secret(value: Json) -> bool:
    """True when the value itself must not be shown."""
    return isinstance(value, Secret | SecretDigest | SensitiveValue)


def format_value(value: Json, *, short: bool = False) -> list[str]:
    """Return the value as lines; all but the first are indented relative to the attribute. ``short`` cuts long strings.

    >>> format_value({"image": "app:1", "port": 8080})
    ['{ image = "app:1", port = 8080 }']
    """
    kind = type(value)
    if kind is str:  # the plain types first: a plan of thousands of objects has millions of leaves
        return _format_text(value, short=short)
    if kind is int:
        return [str(value)]
    if kind is dict:
        return _format_mapping(value, short=short)
    if is_secret(value):
        return [SENSITIVE_VALUE]
    match value:
        case Unknown() | Ref() | Template():
            return [KNOWN_AFTER_APPLY]
        case str():
            return _format_text(value, short=short)
        case Mapping():
            return _format_mapping(value, short=short)
        case list() | tuple():
            return _format_list(value, short=short)
        case None | bool() | int() | float():
            return [json.dumps(value)]
        case _:
            return [clean(value)]


def _format_text(text: str, *, short: bool) -> list[str]:
    if short and (len(text) > _MOST_CHARACTERS or text.count("\n") > _MOST_LINES):
        text = _cut(text)
    if "\n" in text.rstrip("\n"):
        return ["<<-EOT", *(INDENT + clean(line) for line in text.rstrip("\n").split("\n")), "EOT"]
    return [_quoted(text)]


def _cut(text: str) -> str:
    """Return the head of a long string, and how much more there is.

    >>> _cut("a\\n" * 22).splitlines()[-1]
    '… (2 more lines)'
    """
    lines = text.rstrip("\n").split("\n")
    head = "\n".join(lines[:_MOST_LINES])
    if len(head) > _MOST_CHARACTERS:
        return f"{head[:_MOST_CHARACTERS]}… ({len(text) - _MOST_CHARACTERS:,} more characters)"
    more = len(lines) - _MOST_LINES
    return f"{head}\n… ({more:,} more line{'s' if more > 1 else ''})" if more > 0 else text


def _quoted(text: str) -> str:
    if text.isprintable() and '"' not in text and "\\" not in text and "##" not in text:
        return f'"{text}"'
    return clean(json.dumps(text, ensure_ascii=False))


def _format_mapping(value: Mapping[str, Json], *, short: bool) -> list[str]:
    if not value:
        return ["{}"]
    entries = [(format_key(key), format_value(item, short=short)) for key, item in value.items()]
    inline = ", ".join(f"{key} = {lines[0]}" for key, lines in entries)
    if len(inline) <= _INLINE_WIDTH and all(map(_is_scalar, value.values())):
        return [f"{{ {inline} }}"]
    body = [line for key, lines in entries for line in _indented(f"{key} = ", lines)]
    return ["{", *body, "}"]


def _format_list(value: Sequence[Json], *, short: bool) -> list[str]:
    if not value:
        return ["[]"]
    elements = [format_value(item, short=short) for item in value]
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
    """Return the difference of long strings with some context, as lines or a part of one line; None for other values."""
    if not (isinstance(before, str) and isinstance(after, str)):
        return None
    if "\n" not in before.strip() + after.strip():
        return _part_difference(before, after) if max(len(before), len(after)) > _MOST_CHARACTERS else None
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=_TEXT_CONTEXT)
    changed = list(lines)[2:]
    if not changed:  # but for a line end
        return None
    shown = [
        "..." if line.startswith("@@") else f"{line[0]} {_cut(line[1:])}" for line in changed[:_MOST_CHANGED_LINES]
    ]
    if len(changed) > _MOST_CHANGED_LINES:
        shown.append(f"… ({len(changed) - _MOST_CHANGED_LINES:,} more lines)")
    return ["<<-EOT", *(INDENT + clean(line) for line in shown), "EOT"]


def _part_difference(before: str, after: str) -> list[str]:
    """Return where two long lines begin to differ."""
    same = next((at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), None)
    start = max((min(len(before), len(after)) if same is None else same) - _BEFORE_DIFFERENCE, 0)
    old, new = (_quoted(_window(text, start)) for text in (before, after))
    return [f"{old} -> {new}"]


def _window(text: str, start: int) -> str:
    shown, more = text[start : start + _AROUND_DIFFERENCE], len(text) - start - _AROUND_DIFFERENCE
    return ("… " if start else "") + shown + (f"… ({more:,} more characters)" if more > 0 else "")
