"""A plan as text for a terminal or a log: the answer first and last, what destroys on top.

Pure: equal plans give equal text, byte for byte; there is no clock and no file in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from wlinfra.plan.model import Plan
from wlinfra.render import document as doc
from wlinfra.render.describe import describe
from wlinfra.render.diagnostics import SourceLine, render_diagnostics
from wlinfra.render.report import Section, findings, notes, nothing_to_do, ordered_changes, outputs, title
from wlinfra.render.style import PLAIN, Style, clean
from wlinfra.render.summary import counted, summary_line
from wlinfra.render.tree import change_lines
from wlinfra.render.wording import action_symbol

__all__ = ["TextOptions", "render_plan"]

_RECORDING: Final = "Recording what is live would change the state as follows; nothing is called on the platform:"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextOptions:
    """How a plan is shown."""

    style: Style = PLAIN
    next_command: str = ""
    """What a user types to have it done."""
    restoring_command: str = ""
    """What a user types to undo what drifted, where the next command would keep it."""
    saved: bool = False
    """True when that command applies exactly this plan, not one recreated."""
    source_line: SourceLine | None = None
    """Where the lines of the program come from that errors quote; None: they quote none."""


def render_plan(plan: Plan, options: TextOptions | None = None) -> str:
    """Return the plan as text; it ends with a line end."""
    shown, document = options or TextOptions(), describe(plan, unchanged=False)
    sections = [*_opening(document, shown.style), *_details(document, shown.style), *_closing(document, shown)]
    return "\n\n".join(section.strip("\n") for section in sections) + "\n"


def _opening(plan: doc.Plan, style: Style) -> Iterator[str]:
    yield style.paint(title(plan), "bold")
    if plan.is_effective:
        yield _headline(plan, style)
    yield from notes(plan)


def _headline(plan: doc.Plan, style: Style) -> str:
    return "  " + style.paint(plan.summary.headline, "bold")


def _details(plan: doc.Plan, style: Style) -> Iterator[str]:
    yield from map(_section, findings(plan, style))
    changes = ordered_changes(plan)
    if changes:
        yield _RECORDING if plan.options.refresh_only else "wlinfra will perform the following actions:"
    for resource, group in groupby(changes, key=lambda change: change.resource):
        objects = list(group)
        if len(objects) > 1:
            yield style.paint(f"  {clean(resource)}: {counted(len(objects), 'object')}", "bold")
        yield from ("\n".join(change_lines(change, style)) for change in objects)
    yield from map(_section, outputs(plan, style))


def _section(section: Section) -> str:
    return "\n".join(filter(None, [section.lead, section.body]))


def _closing(plan: doc.Plan, options: TextOptions) -> Iterator[str]:
    if diagnostics := (*plan.warnings, *plan.errors):
        yield render_diagnostics(diagnostics, options.style, options.source_line)
    if plan.errors:
        yield f"This plan cannot be applied: {counted(len(plan.errors), 'error')} above."
    elif plan.empty:
        yield f"{options.style.paint('No changes.', 'bold', 'green')} {nothing_to_do(plan)}"
    else:
        yield from _conclusion(plan, options)


def _conclusion(plan: doc.Plan, options: TextOptions) -> Iterator[str]:
    style = options.style
    lines = [
        f"{style.symbol(action_symbol(change).rjust(3))} {clean(change.address)}  {change.verdict.split('  (')[0]}"
        for change in ordered_changes(plan)
        if not change.is_empty
    ]
    yield "\n".join([style.paint(summary_line(plan.summary), "bold"), *lines])
    if plan.is_effective:
        yield _headline(plan, style)
    if options.restoring_command:
        yield f"Put back what is declared:\n    {clean(options.restoring_command)}"
        yield f"Keep what is live, and record it:\n    {clean(options.next_command)}"
    elif options.next_command:
        yield f"{'Apply exactly this' if options.saved else 'Do this'}:\n    {clean(options.next_command)}"
