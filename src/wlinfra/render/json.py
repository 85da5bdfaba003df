"""A plan as JSON of our own: `render.document`, with sorted keys.

Equal plans give equal bytes; there is no clock in them. No secret is in them in any form.
"""

from __future__ import annotations

import re
from typing import Any, Final, cast

import orjson

from wlinfra.errors import Diagnostic
from wlinfra.plan.model import Plan
from wlinfra.render.describe import describe, describe_diagnostic, member_names
from wlinfra.render.encode import Value

__all__ = ["diagnostic_document", "dump_json", "plan_document", "render_json"]


_COMMAND: Final = re.compile(r"##(?=\w*\[)")
_SORTED: Final = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_APPEND_NEWLINE


def dump_json(document: Any, *, indent: bool = True) -> str:
    """Return the document as sorted JSON with a line end; no string in it is a command to the runner of a pipeline."""
    text = _dumped(document, orjson.OPT_INDENT_2 if indent else 0).decode()
    return _COMMAND.sub(r"\\u0023#", text) if "##" in text else text


def render_json(plan: Plan) -> str:
    """Return the plan as JSON; it ends with a line end."""
    return dump_json(describe(plan))


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return the plan as plain JSON values."""
    document: dict[str, Any] = orjson.loads(_dumped(describe(plan)))
    return document


def diagnostic_document(diagnostic: Diagnostic) -> dict[str, Any]:
    """Return an error or warning as plain JSON values."""
    document: dict[str, Any] = orjson.loads(_dumped(describe_diagnostic(diagnostic)))
    return document


def _dumped(document: object, options: int = 0) -> bytes:
    return orjson.dumps(document, default=_members, option=_SORTED | options)


def _members(value: Any) -> dict[str, Any]:
    """Return the members of a dataclass by name, because orjson sorts keys only in dictionaries."""
    shown: Any = value.encoded() if isinstance(value, Value) else value
    return {name: getattr(shown, name) for name in member_names(cast("Any", type(shown)))}
