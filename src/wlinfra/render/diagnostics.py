"""Errors and warnings, each in one screen: what is wrong, where, the line of the program, why, and the fix.

The command line prints these for every error it meets; plans show their warnings and errors the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from wlinfra.errors import Diagnostic, Location
from wlinfra.render import document as doc
from wlinfra.render.style import PLAIN, Style, clean, clean_lines
from wlinfra.render.summary import counted

__all__ = ["AnyDiagnostic", "SourceLine", "render_boxes", "render_diagnostics"]

SourceLine = Callable[[Location], str | None]
"""Answers the text of a line of the user's program, or None where it cannot be shown."""

AnyDiagnostic: TypeAlias = Diagnostic | doc.Diagnostic

_QUOTE_WIDTH = 100
_PLACES = 3
"""How many places are named of errors with the same words."""
_CALLS = 6
"""How many of the calls that led to a place are shown."""


def render_diagnostics(
    diagnostics: Sequence[AnyDiagnostic], style: Style = PLAIN, source_line: SourceLine | None = None
) -> str:
    """Return all of them, errors last, nearest to the prompt, and their number."""
    ordered = sorted(diagnostics, key=lambda diagnostic: diagnostic.is_error)
    text = "\n".join(render_boxes(ordered, style, source_line))
    errors = sum(diagnostic.is_error for diagnostic in diagnostics)
    if errors < 2:
        return text
    return f"{text}\n{style.paint(counted(errors, 'error') + '.', 'bold', 'red')}\n"


def render_boxes(
    diagnostics: Sequence[AnyDiagnostic], style: Style = PLAIN, source_line: SourceLine | None = None
) -> Iterator[str]:
    """Yield a box for all errors or warnings with the same words, in the order of the first; each ends with a line end."""
    alike: dict[tuple[str, str, str, bool], list[AnyDiagnostic]] = {}
    for item in diagnostics:
        alike.setdefault((item.summary, item.detail, item.fix, item.is_error), []).append(item)
    return (_box(group, style, source_line) for group in alike.values())


def _box(group: Sequence[AnyDiagnostic], style: Style, source_line: SourceLine | None) -> str:
    diagnostic = group[0]
    colour = "red" if diagnostic.is_error else "yellow"
    word = "Error" if diagnostic.is_error else "Warning"
    bar = style.paint("│", colour)
    body = [
        style.paint(f"{word}: ", "bold", colour)
        + style.paint(clean(diagnostic.summary), "bold")
        + (f" ({len(group)} times)" if len(group) > 1 else ""),
        *(_places(group) if len(group) > 1 else _place(diagnostic, source_line)),
        "",
    ]
    body += clean_lines(diagnostic.detail)
    if diagnostic.fix:
        body += ["", *clean_lines(diagnostic.fix)]
    return (
        "\n".join([style.paint("╷", colour), *(f"{bar} {line}".rstrip() for line in body), style.paint("╵", colour)])
        + "\n"
    )


def _places(group: Sequence[AnyDiagnostic]) -> list[str]:
    """Return the first places, each once."""
    found = list(dict.fromkeys(line for item in group for line in _named(item)))
    left = len(found) - _PLACES
    return [*found[:_PLACES], *([f"  and {counted(left, 'other place')}"] if left > 0 else [])]


def _place(diagnostic: AnyDiagnostic, source_line: SourceLine | None) -> list[str]:
    """Return where it is, the line of the program, and the calls that led there."""
    lines = [*_named(diagnostic, with_caller=False), *_quoted(diagnostic.location, source_line)]
    for call in diagnostic.called_from[:_CALLS]:
        lines += [f"  called from {clean(call.file)} line {call.line}", *_quoted(call, source_line)]
    left = len(diagnostic.called_from) - _CALLS
    return [*lines, *([f"  and {counted(left, 'call')} before that"] if left > 0 else [])]


def _named(diagnostic: AnyDiagnostic, *, with_caller: bool = True) -> list[str]:
    location = diagnostic.location
    parts = [f"on {clean(location.file)} line {location.line}"] if location else []
    parts += [f"in {clean(diagnostic.address)}"] if diagnostic.address else []
    where = ", ".join(parts)
    if diagnostic.path:
        where = f"{where}: {clean(diagnostic.path)}" if where else f"in {clean(diagnostic.path)}"
    if where and with_caller and diagnostic.called_from:
        call = diagnostic.called_from[0]
        where = f"{where}, called from {clean(call.file)} line {call.line}"
    return [f"  {where}"] if where else []


def _quoted(location: Location | None, source_line: SourceLine | None) -> list[str]:
    text = source_line(location) if location and source_line else None
    if location is None or not text or not text.strip():
        return []
    shown = clean(text.rstrip().expandtabs(4))
    return [f"  {location.line}: {shown if len(shown) <= _QUOTE_WIDTH else shown[: _QUOTE_WIDTH - 1] + '…'}"]
