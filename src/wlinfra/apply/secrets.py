"""Is every secret that an apply sends at hand before the first call?

Planning needs no secret, so a missing one would otherwise be met halfway, with a part of the stack made.
"""

from __future__ import annotations

from dataclasses import replace

from wlinfra.errors import ConfigurationError, Diagnostic
from wlinfra.plan.model import Plan
from wlinfra.values import find_secrets

__all__ = ["require_secrets"]


def require_secrets(plan: Plan) -> None:
    """Fetch every secret that a step may send; raises ConfigurationError with all that cannot be fetched."""
    missing: list[Diagnostic] = []
    for change in plan.effective:
        for secret in find_secrets(dict(change.values)) if change.steps else ():
            try:
                secret.reveal()
            except ConfigurationError as error:
                missing += [
                    replace(problem, address=change.address, location=change.location) for problem in error.diagnostics
                ]
    for name, value in plan.output_values.items() if plan.outputs and not plan.options.destroy else ():
        for secret in find_secrets(value):
            try:
                secret.reveal()
            except ConfigurationError as error:
                missing += [replace(problem, address=f"output {name}") for problem in error.diagnostics]
    ConfigurationError.raise_for(missing)
