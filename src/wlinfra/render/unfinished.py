"""What our own last change has not reached yet, or failed to reach: told apart from what others changed."""

from __future__ import annotations

from wlinfra.plan.model import Plan
from wlinfra.render.style import clean
from wlinfra.render.values import format_value

__all__ = ["unfinished_lines"]

_LEAD = "Note: The last change of these objects is under way, or has failed. What ran before it still runs:"


def unfinished_lines(plan: Plan) -> list[str]:
    """Return the lines that say so, one for each value that still runs; none when every change is over."""
    lines = [
        f"  {clean(change.address)}: {clean(item.name)} = {' '.join(format_value(item.live, short=True))}"
        for change in plan.changes
        for item in change.unfinished
    ]
    return [_LEAD, *lines] if lines else []
