"""What comes before a mutating call, and what a failed one means; `provider` hands both to the connection."""

from __future__ import annotations

from typing import Final

from wlinfra.errors import Diagnostic, ProviderError
from wlinfra.provider import Operation, Refused, RefusedForNow, Sent, Step, StepResult, UnknownOutcome

from .cluster.failures import ClusterError, Failure
from .lineage import claim
from .platform import Platform

__all__ = ["outcome", "prepare"]

_UNCERTAIN: Final = frozenset({500, 502, 504})
"""Answers of something between us and the cluster that may hide a success."""


def prepare(platform: Platform) -> Diagnostic | None:
    """Return why nothing may be changed, None where it may; an inventory without a lineage is claimed first."""
    if platform.config.read_only:
        return Diagnostic(
            summary="Environment may only read",
            detail="The option read_only is set, so nothing is changed on the cluster.",
            fix="Apply with an account that may write, and without read_only.",
        )
    if platform.unclaimed:
        claim(platform)
    return None


def outcome(operation: Operation[Platform], step: Step, error: ProviderError) -> StepResult:
    """Return the outcome of a call that failed; raises the error when it is none of the cluster's."""
    if not isinstance(error, ClusterError):
        raise error
    match error.failure:
        case _ if operation.passes(error, Sent.of(step)):
            return RefusedForNow(error=error.diagnostic, after=error.after)
        case Failure.BUSY if error.status in _UNCERTAIN:
            return UnknownOutcome(error=error.diagnostic)
        case Failure.BUSY | Failure.UNREACHABLE | Failure.STALE:
            return RefusedForNow(error=error.diagnostic, after=error.after)
        case Failure.LOST:
            return UnknownOutcome(error=error.diagnostic)
        case _:
            return Refused(error=error.diagnostic, in_doubt=operation.makes and error.failure is Failure.UNAUTHORIZED)
