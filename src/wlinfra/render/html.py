"""A plan as one HTML page without scripts, to be kept as an artifact of a pipeline."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from typing import Final

from wlinfra.plan.model import Plan
from wlinfra.render import document as doc
from wlinfra.render.describe import describe
from wlinfra.render.diagnostics import render_boxes
from wlinfra.render.report import Section, answer, findings, notes, ordered_changes, outputs, title
from wlinfra.render.style import PLAIN
from wlinfra.render.summary import summary_line
from wlinfra.render.tree import change_lines
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
    document = describe(plan, unchanged=False)
    name = escape(title(document))
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    head = f'<meta charset="utf-8">{policy}<meta name="viewport" content="width=device-width"><title>{name}</title><style>{_CSS}</style>'
    body = "\n".join([f"<h1>{name}</h1>", *_body(document)])
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def _body(plan: doc.Plan) -> Iterator[str]:
    yield f'<p class="headline">{escape(answer(plan))}</p>'
    yield from map(_paragraph, notes(plan))
    yield from map(_section, findings(plan))
    yield from (f"<pre>{escape(box)}</pre>" for box in render_boxes((*plan.errors, *plan.warnings)))
    yield from map(_change, ordered_changes(plan))
    yield from map(_section, outputs(plan))
    if not plan.empty:
        yield _paragraph(summary_line(plan.summary))


def _paragraph(text: str) -> str:
    return f"<p>{escape(text.strip())}</p>"


def _section(section: Section) -> str:
    lead = "".join(map(_paragraph, filter(None, section.lead.split("\n\n"))))
    return f"{lead}<pre>{escape(section.body)}</pre>"


def _change(change: doc.Change) -> str:
    attributes = ' class="danger" open' if change.is_destructive else ""
    summary = escape(f"{action_symbol(change).strip()} {sentence(change)}")
    lines = escape("\n".join(change_lines(change, PLAIN)[1:]))
    return f"<details{attributes}><summary>{summary}</summary><pre>{lines}</pre></details>"
