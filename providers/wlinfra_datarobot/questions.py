"""The function that answers each question about DataRobot; imported with the first one."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from wlinfra.provider import Decision, PlanRequest, Questions

from .check import of_the_found_version
from .operations.table import OPERATIONS
from .outcome import outcome
from .planning.artifact import plan_artifact
from .planning.workload import plan_workload
from .platform import ARTIFACT_KIND, Platform
from .poll import poll
from .read import read

__all__ = ["QUESTIONS"]


def _plan(platform: Platform, request: PlanRequest) -> Decision:
    """Return what must happen to one object."""
    subject = request.desired or request.prior
    is_artifact = subject is not None and subject.kind == ARTIFACT_KIND
    change = plan_artifact(platform, request) if is_artifact else plan_workload(platform, request)
    if request.desired is None or platform.api is not None:
        return change
    found = tuple(of_the_found_version(request.desired, lambda: platform.dialect))
    return replace(change, warnings=(*change.warnings, *found)) if found else change


QUESTIONS: Final = Questions(read=read, plan=_plan, operations=OPERATIONS, outcome=outcome, poll=poll)
