"""The parts of a plan besides its changes: the answer, notes, findings and outputs, for every readable format.

`render.text`, `render.markdown` and `render.html` lay these out, so that none leaves out what another shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from wlinfra.plan.model import Outcome
from wlinfra.render import document as doc
from wlinfra.render.style import PLAIN, Style, clean
from wlinfra.render.summary import counted
from wlinfra.render.tree import drift_lines, heading, joined
from wlinfra.render.values import SENSITIVE_VALUE, format_value, is_secret

__all__ = ["Section", "answer", "findings", "notes", "nothing_to_do", "ordered_changes", "outputs", "title"]

_WHAT_BECAME: Final[dict[Outcome, str]] = {
    "happened": "it happened",
    "did-not-happen": "it did not happen",
    "unclear": "it is unclear whether it happened",
}
_UNFINISHED: Final = (
    "Note: The last change of these objects is under way, or has failed. Until it succeeds, these values are live:"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One thing that a plan found, with a line or a block for each object."""

    lead: str = ""
    blocks: Sequence[str]
    apart: bool = False
    """Whether blank lines stand between the blocks."""
    names: Sequence[str]
    """What it is about, for formats that have no room for the blocks."""

    @property
    def body(self) -> str:
        """The blocks as one string."""
        return ("\n\n" if self.apart else "\n").join(self.blocks)


def title(plan: doc.Plan, name: Callable[[str], str] = clean) -> str:
    """Return what the plan is of; ``name`` lays out the names of others."""
    what = "destroy" if plan.options.destroy else "refresh-only plan" if plan.options.refresh_only else "plan"
    protected = " (protected)" if plan.protected_environment else ""
    return f"wlinfra {what}: stack {name(plan.stack)}, environment {name(plan.environment)}{protected}"


def answer(plan: doc.Plan) -> str:
    """Return the first thing to know, in one line."""
    if plan.errors:
        return "This plan cannot be applied."
    return f"No changes. {nothing_to_do(plan)}" if plan.empty else plan.summary.headline


def nothing_to_do(plan: doc.Plan) -> str:
    """Return why there are no changes."""
    if plan.options.destroy:
        return "Nothing is recorded, so nothing is destroyed. If the state was lost, apply first: what still exists is offered for import."
    if plan.options.refresh_only:
        return "The state matches the infrastructure."
    return "Your infrastructure matches the program."


def notes(plan: doc.Plan) -> Iterator[str]:
    """Yield what limits the plan."""
    if plan.partial:
        yield "Note: this plan is about a part of the environment; what other programs declare in it is left as it is."
    if plan.provisional:
        yield f"Note: {clean(plan.provisional)} is applying right now, so this plan is provisional and may be outdated when they end."
    if plan.options.targets or plan.options.excludes:
        yield "Note: this plan covers a part of the stack only, as requested with --target or --exclude. Such plans are for exceptional circumstances."
    if not plan.options.refresh:
        yield "Note: the state stands in for what is live, as requested with --refresh=false. What others changed is not looked for."


def findings(plan: doc.Plan, style: Style = PLAIN) -> Iterator[Section]:
    """Yield what was found besides the changes: recovered steps, drift, unfinished work and moves."""
    if plan.recovered:
        noun = "create" if all(item.creates for item in plan.recovered) else "step"
        yield Section(
            lead=f"Recovered {counted(len(plan.recovered), f'interrupted {noun}')}:",
            blocks=list(map(_recovered, plan.recovered)),
            names=[item.address for item in plan.recovered],
        )
    if drifted := [change for change in plan.changes if change.drift or change.is_gone]:
        lead = style.paint("Note: Objects have changed outside of wlinfra", "bold", "cyan")
        yield Section(
            lead=f"{lead}\n\nSince the last apply, another user or tool made these changes:\n",
            blocks=["\n".join(drift_lines(change, style)) for change in drifted],
            apart=True,
            names=[change.address for change in drifted],
        )
    if unfinished := [(change.address, item) for change in plan.changes for item in change.unfinished]:
        yield Section(
            lead=_UNFINISHED,
            blocks=[
                f"  {clean(address)}: {clean(item.attribute)} = {' '.join(format_value(item.live.raw, short=True))}"
                for address, item in unfinished
            ],
            names=list(dict.fromkeys(address for address, _ in unfinished)),
        )
    if plan.moved:
        yield Section(
            blocks=[
                heading(f"{clean(item.previous_address)} has moved to {clean(item.address)}", None, style)
                for item in plan.moved
            ],
            names=[item.address for item in plan.moved],
        )


def _recovered(item: doc.Recovered) -> str:
    identity = f"  [id={clean(item.id)}]" if item.id else ""
    what = f"{clean(item.address)}: {clean(item.verb)} ({clean(item.operation)})"
    return f"  {what}: {_WHAT_BECAME[item.outcome]}{identity}"


def outputs(plan: doc.Plan, style: Style = PLAIN) -> Iterator[Section]:
    """Yield a section for the outputs that differ, if any."""
    if differing := [output for output in plan.outputs if output.differs]:
        width = max(len(clean(output.name)) for output in differing)
        yield Section(
            lead="Changes to Outputs:",
            blocks=[line for output in differing for line in _output(output, width, style)],
            names=[output.name for output in differing],
        )


def _output(output: doc.Output, width: int, style: Style) -> list[str]:
    was, will_be = output.before.raw, output.after.raw
    symbol = "+" if was is None else "-" if will_be is None else "~"
    secret = is_secret(was) or is_secret(will_be)
    before, after = (
        [SENSITIVE_VALUE] if secret and value is not None else format_value(value, short=True)
        for value in (was, will_be)
    )
    shown = after if was is None else joined(before, after)
    return [
        f"  {style.symbol(symbol)} {clean(output.name).ljust(width)} = {shown[0]}",
        *("    " + line for line in shown[1:]),
    ]


def ordered_changes(plan: doc.Plan) -> list[doc.Change]:
    """Return the changes to show: objects of a resource together, destructive ones first, else in order of execution."""
    shown = [change for change in plan.changes if not change.is_empty or (change.reads and plan.is_effective)]
    first: dict[str, int] = {}
    danger: dict[str, bool] = {}
    for position, change in enumerate(shown):
        first.setdefault(change.resource, position)
        danger[change.resource] = danger.get(change.resource, False) or change.is_destructive
    return sorted(shown, key=lambda change: (not danger[change.resource], first[change.resource]))
