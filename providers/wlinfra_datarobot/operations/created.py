"""Finding what an interrupted create made: the only object of the name that was not there before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wlinfra.errors import Diagnostic
from wlinfra.provider import DidNotHappen, Done, Happened, Intent, Recovery, UnclearOutcome

from .. import fetch

__all__ = ["found_after_create"]


def found_after_create(
    rows: Sequence[fetch.Document], intent: Intent, done: Callable[[Mapping[str, Any], Mapping[str, Any]], Done]
) -> Recovery:
    """Return the one of the rows of that name that is new; doubt where there are several."""
    known = set(intent.lookup.get("known") or ())
    new = [row for row in rows if row["id"] not in known]
    if len(new) == 1:
        result = done(new[0], intent.lookup)
        return Happened(id=result.id, outputs=result.outputs, memory=result.memory)
    if not new:
        return DidNotHappen()
    candidates = tuple(sorted(row["id"] for row in new))
    return UnclearOutcome(
        error=Diagnostic(
            summary="Several objects could be it",
            detail=f"The answer to {intent.verb} was lost, and {len(candidates)} {intent.kind}s named "
            f"{intent.lookup['name']!r} appeared since: {', '.join(candidates)}.",
            fix="Delete those that are not wanted.",  # the applier adds the command that takes one over
            address=intent.address,
        ),
        candidates=candidates,
    )
