"""Refuses, before any call, what DataRobot cannot do with several resources together.

`provider` calls `review` with all declared objects; it is pure. `check` refuses what a single resource gets wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wlinfra.errors import Diagnostic
from wlinfra.provider import PlatformObject
from wlinfra.values import Address, Ref

from .platform import ARTIFACT_KIND, WORKLOAD_KIND

__all__ = ["review"]


def review(objects: Sequence[PlatformObject]) -> Iterator[Diagnostic]:
    """Yield the rules that several objects break together."""
    drafts = {item.address for item in objects if item.kind == ARTIFACT_KIND and item.values.get("status") == "draft"}
    first: dict[Address, PlatformObject] = {}
    for item in objects:
        reference = item.values.get("artifactId") if item.kind == WORKLOAD_KIND else None
        if not isinstance(reference, Ref) or reference.address not in drafts or item.lookup:
            continue
        other = first.setdefault(reference.address, item)
        if other is not item:
            yield _shared_draft(reference.address, other, item)


def _shared_draft(artifact: Address, one: PlatformObject, other: PlatformObject) -> Diagnostic:
    at = f" ({one.location})" if one.location is not None else ""
    return Diagnostic(
        summary="Draft serves one workload only",
        detail=f"{one.address}{at} and {other.address} both run the draft {artifact}, and DataRobot refuses the second.",
        fix=f'Lock it: status="locked" on {artifact}, or declare a draft for each workload.',
        address=other.address,
        path="Workload.artifact",
        location=other.location,
    )
