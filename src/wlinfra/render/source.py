"""Quotes a line of the user's program without what may be secret in it.

A string is quoted only where it is known to be harmless: the name that a call of ours begins with, a few attributes,
and keys. Every other string, and every comment, is left out, because any of them may be a password.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Final, TypeAlias

from wlinfra.errors import Location

__all__ = ["read_source_line"]

_HARMLESS: Final = frozenset(
    {
        "bundles",
        "endpoint",
        "image",
        "image_uri",
        "imageUri",
        "metric",
        "name",
        "name_prefix",
        "namespace",
        "platform_name",
        "provider",
        "type",
    }
)
"""Attributes whose strings are quoted."""
_NAMING: Final = frozenset({"environment", "find_environment", "outputs_of"})
"""Methods of a stack that begin with a name."""
_SECRET_CALLS: Final = frozenset({"Secret", "secret", "secret_command"})
_SECRET_WORD: Final = re.compile(r"secret|passw|pwd|token|key|credential|auth|pin\b", re.IGNORECASE)
_CREDENTIALS: Final = re.compile(r"//[^/\s]*@")
"""In an address, who signs in there."""
_HIDDEN: Final = '"…"'
_TORN: Final = re.compile(rf"{_HIDDEN}\w|\w{_HIDDEN}")
"""A word right next to a string that ended early: Python 3.11 reads quotes in an f-string as its end."""

_Span: TypeAlias = tuple[int, int, int, int]
"""First line and byte, last line and byte."""


def read_source_line(location: Location) -> str | None:
    """Return the line of the user's own program, without what may be secret in it; None when it cannot be read.

    A file that is not a program may contain secrets as data, so nothing of it is quoted.
    """
    if not location.file.endswith(".py"):
        return None
    try:
        text = Path(location.file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    lines = text.split("\n")
    if not 0 < location.line <= len(lines):
        return None
    try:
        hidden = [*_hidden_strings(ast.parse(text)), *_tokens(text, tokenize.COMMENT)]
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return _without_strings(text, location.line)
    return _without(lines[location.line - 1], location.line, hidden)


def _without(line: str, number: int, spans: list[_Span]) -> str:
    """Return the line with what lies in the spans replaced by a sign; a comment is left out."""
    data = line.encode()
    for first, begin, last, end in sorted(spans, reverse=True):
        if first <= number <= last:
            before = data[:begin] if first == number else b""
            after = data[end:] if last == number else b""
            is_comment = data[len(before) : len(before) + 1] == b"#" and first == last
            data = before + (b"" if is_comment else _HIDDEN.encode()) + after
    return data.decode(errors="replace")


def _without_strings(text: str, number: int) -> str | None:
    """Return a line of a file that is not Python without any string; None where a string may have no end."""
    try:
        if any(True for _ in _tokens(text, tokenize.ERRORTOKEN)):
            return None
        line = _without(text.split("\n")[number - 1], number, list(_tokens(text, tokenize.STRING, tokenize.COMMENT)))
    except (SyntaxError, tokenize.TokenError):
        return None
    return None if _SECRET_WORD.search(line) or _TORN.search(line) else line


def _tokens(text: str, *kinds: int) -> Iterator[_Span]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in kinds:
            (first, begin), (last, end) = token.start, token.end
            lines = token.line.split("\n")
            yield first, len(lines[0][:begin].encode()), last, len(lines[last - first][:end].encode())


def _hidden_strings(tree: ast.Module) -> Iterator[_Span]:
    """Yield where strings stand that are not known to be harmless, and other values next to a word for a secret."""
    ours = set(_names_of_ours(tree))
    waiting: list[tuple[ast.AST, bool, bool]] = [(tree, False, False)]
    while waiting:
        node, harmless, secret = waiting.pop()
        match node:
            case ast.Constant(value=str() | bytes() as value):
                if not harmless or _CREDENTIALS.search(str(value)):
                    yield _span(node)
            case ast.JoinedStr():
                if not harmless or _CREDENTIALS.search(ast.unparse(node)):
                    yield _span(node)
            case ast.Constant(value=int() | float()) if secret and not isinstance(node.value, bool):
                yield _span(node)
            case ast.Call(func=func, args=args, keywords=keywords):
                waiting.append((func, False, False))
                waiting += [
                    (item, index == 0 and _begins_with_name(func, ours), secret) for index, item in enumerate(args)
                ]
                waiting += [
                    (item.value, item.arg in _HARMLESS, bool(_SECRET_WORD.search(item.arg or ""))) for item in keywords
                ]
            case ast.Dict(keys=keys, values=values):
                for key, value in zip_longest(keys, values):
                    word = str(key.value) if isinstance(key, ast.Constant) else ""
                    waiting += [(key, True, False)] if key is not None else []
                    waiting.append((value, word in _HARMLESS, bool(_SECRET_WORD.search(word))))
            case ast.Subscript(value=value, slice=key):
                waiting += [(value, False, secret), (key, True, False)]
            case ast.Assign() | ast.AnnAssign() | ast.NamedExpr() if isinstance(node.value, ast.AST):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                words = " ".join(map(ast.unparse, targets))
                waiting.append((node.value, False, bool(_SECRET_WORD.search(words))))
            case ast.List() | ast.Tuple() | ast.IfExp():
                waiting += [(child, harmless, secret) for child in ast.iter_child_nodes(node)]
            case _:
                waiting += [(child, False, secret) for child in ast.iter_child_nodes(node)]


def _names_of_ours(tree: ast.Module) -> Iterator[str]:
    """Yield the names by which the program knows our packages and what it imports from them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (item.asname or item.name for item in node.names if item.name.startswith("wlinfra"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("wlinfra"):
            yield from (item.asname or item.name for item in node.names)


def _begins_with_name(func: ast.expr, ours: set[str]) -> bool:
    match func:
        case ast.Attribute(value=ast.Name(id=package), attr=name):
            return (package in ours and name not in _SECRET_CALLS) or name in _NAMING
        case ast.Name(id=name):
            return name in ours and name not in _SECRET_CALLS
        case _:
            return False


def _span(node: ast.expr) -> _Span:
    return node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
