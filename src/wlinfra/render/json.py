"""A plan as JSON of our own: `render.document`, with sorted keys.

Equal plans give equal bytes; there is no clock in them. No secret is in them in any form.
"""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from wlinfra.errors import Diagnostic
from wlinfra.plan.model import Plan
from wlinfra.render.describe import describe, describe_diagnostic
from wlinfra.render.encode import Encoded, Value

__all__ = ["diagnostic_document", "dump_json", "plan_document", "render_json"]


_COMMAND: Final = re.compile(r"##(?=\w*\[)")


def dump_json(document: Any, *, indent: bool = True) -> str:
    """Return the document as sorted JSON with a line end; no string in it is a command to the runner of a pipeline."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE | (orjson.OPT_INDENT_2 if indent else 0)
    text = orjson.dumps(document, option=options).decode()
    return _COMMAND.sub(r"\\u0023#", text) if "##" in text else text


def render_json(plan: Plan) -> str:
    """Return the plan as JSON; it ends with a line end."""
    return dump_json(plan_document(plan))


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return the plan as plain JSON values."""
    return _plain(describe(plan))


def diagnostic_document(diagnostic: Diagnostic) -> dict[str, Any]:
    """Return an error or warning as plain JSON values."""
    return _plain(describe_diagnostic(diagnostic))


def _plain(document: object) -> dict[str, Any]:
    values: dict[str, Any] = orjson.loads(orjson.dumps(document, default=_encoded))
    return values


def _encoded(value: object) -> Encoded:
    if isinstance(value, Value):
        return value.encoded()
    raise TypeError(f"{type(value).__name__} is no part of a document")
