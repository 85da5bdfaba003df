"""A plan as text for a terminal or a log: the answer first and last, what destroys on top.

Pure: equal plans give equal text, byte for byte; there is no clock and no file in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, ActionReason
from wlinfra.plan.model import Outcome, OutputChange, Plan, Recovered
from wlinfra.render.diagnostics import SourceLine, render_diagnostics
from wlinfra.render.encode import brief_values
from wlinfra.render.style import PLAIN, Style, clean
from wlinfra.render.summary import counted, headline, is_destructive, summarize, summary_line
from wlinfra.render.tree import change_lines, drift_lines, heading
from wlinfra.render.unfinished import unfinished_lines
from wlinfra.render.values import SENSITIVE_VALUE, format_value, is_secret
from wlinfra.render.wording import action_symbol, verdict
from wlinfra.values import Address

_RECORDING: Final = "Recording what is live would change the state as follows; nothing is called on the platform:"

__all__ = ["TextOptions", "ordered_changes", "render_plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextOptions:
    """How a plan is shown."""

    style: Style = PLAIN
    next_command: str = ""
    """What a person types to have it done."""
    restoring_command: str = ""
    """What a person types to undo what drifted, where the next command would keep it."""
    saved: bool = False
    """True when that command applies exactly this plan, not one recreated."""
    source_line: SourceLine | None = None
    """Where the lines of the program come from that errors quote; None: they quote none."""


def render_plan(plan: Plan, options: TextOptions | None = None) -> str:
    """Return the whole plan; it ends with a line end."""
    shown = options or TextOptions()
    sections = [*_opening(plan, shown), *_details(plan, shown), *_closing(plan, shown)]
    return "\n\n".join(section.strip("\n") for section in sections if section.strip("\n")) + "\n"


def _opening(plan: Plan, options: TextOptions) -> Iterator[str]:
    style = options.style
    what = "destroy" if plan.options.destroy else "refresh-only plan" if plan.options.refresh_only else "plan"
    protected = " (protected)" if plan.protected_environment else ""
    yield style.paint(
        f"wlinfra {what}: stack {clean(plan.stack)}, environment {clean(plan.environment)}{protected}", "bold"
    )
    if plan.effective:
        yield "  " + style.paint(headline(plan), "bold")
    if plan.provisional:
        yield f"Note: {clean(plan.provisional)} is applying right now, so this plan is provisional and may be outdated when they end."
    if plan.options.targets or plan.options.excludes:
        yield "Note: this plan covers a part of the stack only, as requested with --target or --exclude. Such plans are for exceptional circumstances."
    if not plan.options.refresh:
        yield "Note: the state stands in for what is live, as requested with --refresh=false. What others changed is not looked for."


def _details(plan: Plan, options: TextOptions) -> Iterator[str]:
    yield _recovered(plan.recovered)
    yield _drift(plan, options.style)
    yield "\n".join(unfinished_lines(plan))
    yield _moved(plan, options.style)
    changes = ordered_changes(plan)
    if changes:
        yield _RECORDING if plan.options.refresh_only else "wlinfra will perform the following actions:"
    for _, group in groupby(changes, key=lambda change: change.address.resource):
        yield "\n\n".join(_group(plan, list(group), options.style))
    yield _outputs([output for output in plan.outputs if output.differs], options.style)


def ordered_changes(plan: Plan) -> list[Change]:
    """Return what is worth showing, objects beside their resource, what destroys first, else in the order of execution."""
    shown = [
        change for change in plan.changes if not change.is_empty or (change.action is Action.READ and plan.effective)
    ]
    first: dict[Address, int] = {}
    danger: dict[Address, bool] = {}
    for position, change in enumerate(shown):
        resource = change.address.resource
        first.setdefault(resource, position)
        danger[resource] = danger.get(resource, False) or is_destructive(change)
    return sorted(shown, key=lambda change: (not danger[change.address.resource], first[change.address.resource]))


def _group(plan: Plan, changes: list[Change], style: Style) -> Iterator[str]:
    if len(changes) > 1:
        yield style.paint(f"  {clean(changes[0].address.resource)}: {counted(len(changes), 'object')}", "bold")
    for change in changes:
        yield "\n".join(change_lines(change, brief_values(plan, change), style))


def _recovered(recovered: Iterable[Recovered]) -> str:
    found = list(recovered)
    if not found:
        return ""
    noun = "create" if all(item.intent.target is None for item in found) else "step"
    lines = [f"Recovered {counted(len(found), f'interrupted {noun}')}:"]
    words: dict[Outcome, str] = {
        "happened": "it happened",
        "did-not-happen": "it did not happen",
        "unclear": "it is unclear whether it happened",
    }
    for item in found:
        identity = f"  [id={clean(item.id)}]" if item.id else ""
        what = f"{clean(item.intent.address)}: {clean(item.intent.verb)} ({clean(item.intent.operation)})"
        lines.append(f"  {what}: {words[item.outcome]}{identity}")
    return "\n".join(lines)


def _drift(plan: Plan, style: Style) -> str:
    drifted = [change for change in plan.changes if change.drift or change.reason is ActionReason.GONE]
    if not drifted:
        return ""
    blocks = ["\n".join(drift_lines(change, style)) for change in drifted]
    lead = style.paint("Note: Objects have changed outside of wlinfra", "bold", "cyan")
    return "\n\n".join([lead, "Since the last apply, somebody or something else made these changes:", *blocks])


def _moved(plan: Plan, style: Style) -> str:
    return "\n".join(
        heading(f"{clean(old)} has moved to {clean(new)}", None, style) for new, old in sorted(plan.moved.items())
    )


def _outputs(outputs: list[OutputChange], style: Style) -> str:
    if not outputs:
        return ""
    width = max(len(clean(output.name)) for output in outputs)
    return "\n".join(["Changes to Outputs:", *(line for output in outputs for line in _output(output, width, style))])


def _output(output: OutputChange, width: int, style: Style) -> list[str]:
    symbol = "+" if output.before is None else "-" if output.after is None else "~"
    secret = output.sensitive or is_secret(output.before) or is_secret(output.after)
    before, after = (
        [SENSITIVE_VALUE] if secret and value is not None else format_value(value, short=True)
        for value in (output.before, output.after)
    )
    shown = after if output.before is None else [*before[:-1], f"{before[-1]} -> {after[0]}", *after[1:]]
    return [
        f"  {style.symbol(symbol)} {clean(output.name).ljust(width)} = {shown[0]}",
        *("    " + line for line in shown[1:]),
    ]


def _closing(plan: Plan, options: TextOptions) -> Iterator[str]:
    diagnostics = (*plan.warnings, *plan.errors)
    if diagnostics:
        yield render_diagnostics(diagnostics, options.style, options.source_line)
    if plan.errors:
        yield f"This plan cannot be applied: {counted(len(plan.errors), 'error')} above."
    elif plan.is_empty:
        yield _no_changes(plan, options.style)
    else:
        yield from _conclusion(plan, options)


def _no_changes(plan: Plan, style: Style) -> str:
    if plan.options.destroy:
        lost = "If the state was lost, apply first: what still exists is offered for import."
        return style.paint("No changes.", "bold", "green") + f" Nothing is recorded, so nothing is destroyed. {lost}"
    if plan.options.refresh_only:
        return style.paint("No changes.", "bold", "green") + " The state matches the infrastructure."
    return style.paint("No changes.", "bold", "green") + " Your infrastructure matches the program."


def _conclusion(plan: Plan, options: TextOptions) -> Iterator[str]:
    style = options.style
    lines = [style.paint(summary_line(summarize(plan)), "bold")]
    lines += [
        f"{style.symbol(action_symbol(change).rjust(3))} {clean(change.address)}  {verdict(change).split('  (')[0]}"
        for change in ordered_changes(plan)
        if not change.is_empty
    ]
    yield "\n".join(lines)
    if plan.effective:
        yield "  " + style.paint(headline(plan), "bold")
    if options.restoring_command:
        yield f"Put back what is declared:\n    {clean(options.restoring_command)}"
        yield f"Keep what is live, and record it:\n    {clean(options.next_command)}"
    elif options.next_command:
        yield f"{'Apply exactly this' if options.saved else 'Do this'}:\n    {clean(options.next_command)}"
