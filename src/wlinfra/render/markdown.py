"""A plan as a comment on a pull request: the answer, a table, the details folded away; never longer than allowed.

What does not fit is left out in steps: calls first, then attributes, then addresses of what is harmless. What
destroys is always listed. Text of others stands in code only, where it mentions nobody and ends no fence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from wlinfra.changes.change import Change
from wlinfra.plan.model import Plan
from wlinfra.render.diagnostics import render_boxes
from wlinfra.render.encode import brief_values
from wlinfra.render.style import PLAIN, clean
from wlinfra.render.summary import headline, is_destructive, summarize, summary_line
from wlinfra.render.text import ordered_changes
from wlinfra.render.tree import attribute_lines, change_lines
from wlinfra.render.unfinished import unfinished_lines
from wlinfra.render.wording import action_symbol, sentence, verdict

__all__ = ["GITHUB_LIMIT", "render_markdown"]

GITHUB_LIMIT: Final = 65_000
"""Characters; GitHub refuses comments above 65,536."""


def render_markdown(plan: Plan, *, budget: int = GITHUB_LIMIT) -> str:
    """Return the comment; at most ``budget`` characters unless what destroys alone needs more."""
    ladder: Sequence[Callable[[Plan], list[str]]] = (_full, _attributes, _addresses, _counts)
    text = ""
    for step in ladder:
        text = "\n\n".join([*_opening(plan), *step(plan), *_closing(plan)]) + "\n"
        if len(text) <= budget:
            break
    return text


def _opening(plan: Plan) -> list[str]:
    parts = [f"### wlinfra plan: stack {code(plan.stack)}, environment {code(plan.environment)}"]
    if plan.errors:
        parts.append("**This plan cannot be applied.**")
    elif plan.is_empty:
        parts.append("**No changes.** Your infrastructure matches the program.")
    else:
        parts.append(f"**{_plain(headline(plan))}**")
    if lines := unfinished_lines(plan):
        parts += [lines[0], fence("\n".join(lines[1:]))]
    if plan.provisional:
        parts.append(f"Provisional: {code(plan.provisional)} is applying right now.")
    return parts


def _closing(plan: Plan) -> list[str]:
    parts = [fence(box) for box in render_boxes((*plan.errors, *plan.warnings))]
    return parts if plan.is_empty else [*parts, summary_line(summarize(plan))]


def _full(plan: Plan) -> list[str]:
    return [
        _table(ordered_changes(plan)),
        _folded(plan, lambda change: change_lines(change, brief_values(plan, change), PLAIN)),
    ]


def _attributes(plan: Plan) -> list[str]:
    def lines(change: Change) -> list[str]:
        return [f"# {sentence(change)}", *attribute_lines(change.attributes, PLAIN, change)]

    return [_table(ordered_changes(plan)), _folded(plan, lines)]


def _addresses(plan: Plan) -> list[str]:
    return [_table(ordered_changes(plan)), "_The details were left out: they do not fit in a comment._"]


def _counts(plan: Plan) -> list[str]:
    dangerous = [change for change in ordered_changes(plan) if is_destructive(change)]
    left_out = len(ordered_changes(plan)) - len(dangerous)
    return [_table(dangerous), f"_{left_out} other changes were left out: they do not fit in a comment._"]


def _table(changes: Sequence[Change]) -> str:
    if not changes:
        return ""
    rows = [
        f"| {code(action_symbol(change).strip())} | {code(change.address)} | {_plain(verdict(change))} | {change.blast_radius.words} |"
        for change in changes
    ]
    return "\n".join(["| | Address | What happens | Effect |", "|---|---|---|---|", *rows])


def _folded(plan: Plan, lines: Callable[[Change], list[str]]) -> str:
    changes = ordered_changes(plan)
    if not changes:
        return ""
    body = "\n\n".join("\n".join(lines(change)) for change in changes)
    return f"<details><summary>Details</summary>\n\n{fence(body)}\n\n</details>"


def code(text: object) -> str:
    """Return the text as inline code that it cannot leave, not even in a table."""
    shown = clean(text).replace("`", "'").replace("|", "\\|")
    return f"`{shown or ' '}`"


def fence(text: str) -> str:
    """Return the text in a fence longer than any in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}\n{text.rstrip()}\n{marks}"


def _plain(text: str) -> str:
    """Escape what Markdown would act on in a string of our own that may contain words from outside."""
    entities = {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "@": "&#64;",
        "|": "&#124;",
        "`": "&#96;",
        "*": "&#42;",
        "_": "&#95;",
        "[": "&#91;",
        "#": "&#35;",
    }
    return "".join(entities.get(character, character) for character in text)
