"""Is every secret that an apply sends at hand before the first call?

Planning needs no secret, so a missing one would otherwise be met halfway, with a part of the stack made.
"""

from __future__ import annotations

from wlinfra.errors import ConfigurationError
from wlinfra.plan.guard import missing_secrets
from wlinfra.plan.model import Plan

__all__ = ["require_secrets"]


def require_secrets(plan: Plan) -> None:
    """Fetch every secret that a step may send; raises ConfigurationError with all that cannot be fetched."""
    missing = [
        problem.placed(change.address, change.location)
        for change in plan.effective
        if change.steps
        for problem in missing_secrets(dict(change.values))
    ]
    for name, value in plan.output_values.items() if plan.outputs and not plan.options.destroy else ():
        missing += [problem.placed(f"output {name}") for problem in missing_secrets(value)]
    ConfigurationError.raise_for(missing)
