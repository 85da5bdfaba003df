"""A plan as one HTML page without scripts, to be kept as an artifact of a pipeline."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import Final

from wlinfra.changes.change import Change
from wlinfra.plan.model import Plan
from wlinfra.render.diagnostics import render_boxes
from wlinfra.render.encode import brief_values
from wlinfra.render.style import PLAIN, clean
from wlinfra.render.summary import headline, is_destructive, summarize, summary_line
from wlinfra.render.text import ordered_changes
from wlinfra.render.tree import change_lines
from wlinfra.render.unfinished import unfinished_lines
from wlinfra.render.wording import action_symbol, sentence

__all__ = ["render_html"]

_CSS: Final = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem; color: #1c2128; background: #fff }
h1 { font-size: 1.3rem } .headline { font-size: 1.1rem; font-weight: 600 }
details { border: 1px solid #d0d7de; border-radius: 6px; margin: .5rem 0; padding: .4rem .8rem }
details.danger { border-color: #cf222e } summary { cursor: pointer; font-family: ui-monospace, monospace }
pre { overflow-x: auto; font: 13px/1.45 ui-monospace, monospace }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117 } details { border-color: #30363d } }
"""


_POLICY: Final = f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_CSS.encode()).digest()).decode()}'; base-uri 'none'; form-action 'none'"
"""No script runs and nothing is loaded, whatever got into the page."""


def render_html(plan: Plan) -> str:
    """Return the page; what destroys stands first and open."""
    title = escape(f"wlinfra plan: stack {clean(plan.stack)}, environment {clean(plan.environment)}")
    body = [f"<h1>{title}</h1>", f'<p class="headline">{escape(_answer(plan))}</p>']
    if lines := unfinished_lines(plan):
        body.append(f"<p>{escape(lines[0])}</p><pre>{escape(chr(10).join(lines[1:]))}</pre>")
    if plan.provisional:
        body.append(f"<p>Provisional: {escape(clean(plan.provisional))} is applying right now.</p>")
    body += [f"<pre>{escape(box)}</pre>" for box in render_boxes((*plan.errors, *plan.warnings))]
    body += [_change(plan, change) for change in ordered_changes(plan)]
    if not plan.is_empty:
        body.append(f"<p>{escape(summary_line(summarize(plan)))}</p>")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    head = f'<meta charset="utf-8">{policy}<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_CSS}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(body) + "\n</body></html>\n"


def _answer(plan: Plan) -> str:
    if plan.errors:
        return "This plan cannot be applied."
    return "No changes. Your infrastructure matches the program." if plan.is_empty else headline(plan)


def _change(plan: Plan, change: Change) -> str:
    attributes = ' class="danger" open' if is_destructive(change) else ""
    lines = "\n".join(change_lines(change, brief_values(plan, change), PLAIN)[1:])
    summary = escape(f"{action_symbol(change).strip()} {sentence(change)}")
    return f"<details{attributes}><summary>{summary}</summary><pre>{escape(lines)}</pre></details>"
