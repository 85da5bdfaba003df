"""Makes the one call a step stands for, and says what became of it; `provider` calls it with references filled in."""

from __future__ import annotations

from typing import Final

from wlinfra.errors import Diagnostic
from wlinfra.provider import Operation, Refused, RefusedForNow, Sent, Step, StepResult, UnknownOutcome

from .cluster.failures import ClusterError, Failure
from .lineage import claim
from .operations.table import OPERATIONS
from .platform import Platform

__all__ = ["run"]

_UNCERTAIN: Final = frozenset({500, 502, 504})
"""Answers of something between us and the cluster that may hide a success."""


def run(platform: Platform, step: Step) -> StepResult:
    """Make the step's call and return its outcome."""
    if platform.config.read_only:
        return Refused(error=_read_only())
    operation, sent = OPERATIONS.of(step), Sent.of(step)
    try:
        if platform.unclaimed:
            claim(platform)
        return operation.call(platform, sent)
    except ClusterError as error:
        return _outcome(operation, sent, error)


def _outcome(operation: Operation[Platform], sent: Sent, error: ClusterError) -> StepResult:
    match error.failure:
        case _ if operation.passes(error, sent):
            return RefusedForNow(error=error.diagnostic, after=error.after)
        case Failure.BUSY if error.status in _UNCERTAIN:
            return UnknownOutcome(error=error.diagnostic)
        case Failure.BUSY | Failure.UNREACHABLE | Failure.STALE:
            return RefusedForNow(error=error.diagnostic, after=error.after)
        case Failure.LOST:
            return UnknownOutcome(error=error.diagnostic)
        case _:
            return Refused(error=error.diagnostic, in_doubt=operation.makes and error.failure is Failure.UNAUTHORIZED)


def _read_only() -> Diagnostic:
    return Diagnostic(
        summary="Environment may only read",
        detail="The option read_only is set, so nothing is changed on the cluster.",
        fix="Apply with an account that may write, and without read_only.",
    )
