"""A plan as a comment on a pull request: the answer, a table, the details folded away; never longer than allowed.

What does not fit is left out in steps: calls first, then attributes, then addresses of harmless changes. Destructive
changes are always listed. Strings from outside appear only in code, where they cannot mention a user or end a fence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from typing import Final

from wlinfra.plan.model import Plan
from wlinfra.render import document as doc
from wlinfra.render.describe import describe
from wlinfra.render.diagnostics import render_boxes
from wlinfra.render.report import Section, answer, findings, notes, nothing_to_do, ordered_changes, outputs, title
from wlinfra.render.style import PLAIN, clean
from wlinfra.render.summary import summary_line
from wlinfra.render.tree import attribute_lines, change_lines
from wlinfra.render.wording import action_symbol, sentence

__all__ = ["GITHUB_LIMIT", "render_markdown"]

GITHUB_LIMIT: Final = 65_000
"""Characters; GitHub refuses comments above 65,536."""


def render_markdown(plan: Plan, *, budget: int = GITHUB_LIMIT) -> str:
    """Return the comment; at most ``budget`` characters unless what destroys alone needs more."""
    document = describe(plan, unchanged=False)
    ladder: Sequence[Callable[[doc.Plan], Iterable[str]]] = (_full, _attributes, _addresses, _counts)
    text = ""
    for step in ladder:
        text = "\n\n".join([*_opening(document), *step(document), *_closing(document)]) + "\n"
        if len(text) <= budget:
            break
    return text


def _opening(plan: doc.Plan) -> Iterator[str]:
    yield f"### {title(plan, code)}"
    if plan.empty:
        yield f"**No changes.** {nothing_to_do(plan)}"
    else:
        yield f"**{_plain(answer(plan))}**"
    yield from map(_plain, notes(plan))


def _closing(plan: doc.Plan) -> Iterator[str]:
    yield from map(fence, render_boxes((*plan.errors, *plan.warnings)))
    if not plan.empty:
        yield summary_line(plan.summary)


def _full(plan: doc.Plan) -> Iterator[str]:
    return _detailed(plan, lambda change: change_lines(change, PLAIN))


def _attributes(plan: doc.Plan) -> Iterator[str]:
    return _detailed(plan, lambda change: [f"# {sentence(change)}", *attribute_lines(change.attributes, PLAIN, change)])


def _detailed(plan: doc.Plan, lines: Callable[[doc.Change], list[str]]) -> Iterator[str]:
    yield from map(_section, findings(plan))
    if changes := ordered_changes(plan):
        body = "\n\n".join("\n".join(lines(change)) for change in changes)
        yield _table(changes)
        yield f"<details><summary>Details</summary>\n\n{fence(body)}\n\n</details>"
    yield from map(_section, outputs(plan))


def _section(section: Section) -> str:
    return "\n\n".join(filter(None, [_plain(section.lead.strip()), fence(section.body)]))


def _addresses(plan: doc.Plan) -> Iterator[str]:
    for section in (*findings(plan), *outputs(plan)):
        yield f"{_plain(section.lead.strip())}\n\n{', '.join(map(code, section.names))}"
    yield _table(ordered_changes(plan))
    yield "_The details were left out: they do not fit in a comment._"


def _counts(plan: doc.Plan) -> Iterator[str]:
    for section in (*findings(plan), *outputs(plan)):
        yield f"{_plain(section.lead.strip())} _{len(section.names)}, left out: they do not fit in a comment._"
    changes = ordered_changes(plan)
    dangerous = [change for change in changes if change.is_destructive]
    if dangerous:
        yield _table(dangerous)
    yield f"_{len(changes) - len(dangerous)} other changes were left out: they do not fit in a comment._"


def _table(changes: Iterable[doc.Change]) -> str:
    rows = [
        f"| {code(action_symbol(change).strip())} | {code(change.address)} | {_plain(change.verdict)} | {change.blast_radius} |"
        for change in changes
    ]
    return "\n".join(["| | Address | What happens | Effect |", "|---|---|---|---|", *rows])


def code(text: object) -> str:
    """Return inline code that the text cannot break out of, not even in a table."""
    shown = clean(text).replace("`", "'").replace("|", "\\|")
    return f"`{shown or ' '}`"


def fence(text: str) -> str:
    """Return the text in a fence longer than any in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}\n{text.rstrip()}\n{marks}"


_ACTIVE: Final = {ord(sign): f"&#{ord(sign)};" for sign in "@|`*_[#"}


def _plain(text: str) -> str:
    """Escape Markdown and HTML in a string of our own."""
    return escape(text, quote=False).translate(_ACTIVE)
