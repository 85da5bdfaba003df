"""What no plan can be made of: one form for all refusals of the planners."""

from __future__ import annotations

from wlinfra.errors import DeclarationError, WlinfraError
from wlinfra.provider import PlanRequest

__all__ = ["refusal"]


def refusal(
    request: PlanRequest,
    summary: str,
    detail: str,
    fix: str,
    *,
    path: str | None = None,
    kind: type[WlinfraError] = DeclarationError,
) -> WlinfraError:
    """Return the error about the object that is planned, at its place in the program where it is declared."""
    location = request.desired.location if request.desired is not None else None
    return kind.of(summary, detail, fix, address=request.subject.address, path=path, location=location)
