"""Gathers what a target cannot honour while a workload is rendered; every renderer reports to the one of its group."""

from __future__ import annotations

from wlinfra.errors import Diagnostic, Severity
from wlinfra.resources.base import Resource
from wlinfra.resources.declaring import Problem

__all__ = ["Problems"]


class Problems:
    """Every problem gets the address and line of its resource; `Problem.path` begins at that resource."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []
        self.notes: list[str] = []

    def refuse(self, owner: Resource, problem: Problem) -> None:
        """Add an error: the workload cannot run like this on the target."""
        self._add(owner, problem, Severity.ERROR)

    def warn(self, owner: Resource, problem: Problem) -> None:
        """Add a warning: it runs, but not quite as declared."""
        self._add(owner, problem, Severity.WARNING)

    def note(self, text: str) -> None:
        """Add something worth knowing, once."""
        if text not in self.notes:
            self.notes.append(text)

    def _add(self, owner: Resource, problem: Problem, severity: Severity) -> None:
        placed = problem.diagnostic(
            type(owner).__name__, address=str(owner.address), location=owner.location, severity=severity
        )
        if placed not in self.found:
            self.found.append(placed)
