"""Who runs a draft, and who has to let go of it first: DataRobot lets a draft serve one workload only.

`verify_artifact` asks for every workload that is to get a draft, `artifact_end` for every draft that ends. What another
workload of the plan lets go of is taken after it; what none lets go of is refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from wlinfra.errors import WlinfraError
from wlinfra.provider import Decision, Live, PlanRequest, PlatformObject, Reading
from wlinfra.values import Address, Json, Ref

from ..client import WorkloadFilter
from ..compared.facts import known
from ..platform import WORKLOAD_KIND, Platform
from ..waits.explain import active_record
from .refusal import refusal

__all__ = ["after_others", "following", "follows", "in_plan", "let_go", "refuse_wanted", "runs_itself"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holder:
    """A workload that a draft serves."""

    id: str
    name: str
    is_candidate: bool
    """A replacement is to move the workload to it, or was and failed."""


def after_others(platform: Platform, request: PlanRequest, draft: str) -> tuple[Address, ...]:
    """Return which objects of the plan let go of the draft before the workload gets it.

    Raises DeclarationError where another workload runs it and stays, and where two would swap their drafts.
    """
    own = request.live.id if request.live is not None else None
    for earlier in _declared_before(request, draft):
        raise _shared(request, draft, f"{earlier.address}{_at(earlier)} is to run it too")
    found = []
    for holder in _holders(platform, request).get(draft, ()):
        if holder.id == own:
            continue
        if holder.id in request.others.ending:
            found.append(request.others.ending[holder.id])
            continue
        item, wanted = in_plan(request, holder.id)
        if item is None:
            raise _shared(
                request,
                draft,
                f"the workload {holder.name!r} ({holder.id}) {_words(holder)}, and this plan leaves that one as it is",
            )
        if wanted == draft or (holder.is_candidate and wanted == _live_artifact(request, holder.id)):
            raise _shared(request, draft, f"{item.address}{_at(item)} {_words(holder)}")
        _refuse_swap(platform, request, draft, item)
        found.append(item.address)
    return tuple(found)


def following(change: Decision, holders: tuple[Address, ...]) -> Decision:
    """Return the change to be made after those that let go of its artifact."""
    if not holders:
        return change
    note = f"this follows {' and '.join(dict.fromkeys(holders))}, because a draft serves one workload only"
    return replace(change, after=holders, notes=(*change.notes, note))


def let_go(request: PlanRequest, holder: str) -> tuple[Address, ...] | None:
    """Return what has to happen before the workload has let go of what it runs; None where this plan leaves it so.

    One that follows the artifact that is planned to its replacement is ordered by its reference to it.
    """
    if holder in request.others.ending:
        return (request.others.ending[holder],)
    item, _ = in_plan(request, holder)
    if item is None:
        return None
    return () if follows(request, item) else (item.address,)


def refuse_wanted(request: PlanRequest, artifacts: Container[str]) -> None:
    """Raise DeclarationError where a workload of the plan is to run one of the artifacts, which end."""
    for item, reading in request.others:
        if item.kind != WORKLOAD_KIND or item.lookup or follows(request, item):
            continue
        wanted = _wanted(request, item, reading)
        if wanted is not None and wanted in artifacts:
            raise refusal(
                request,
                "Artifact is in use",
                f"It is to be deleted, but {item.address}{_at(item)} is to run it [id={wanted}].",
                f"Declare the artifact as long as {item.address} runs it, or let that one run another artifact.",
            )


def follows(request: PlanRequest, item: PlatformObject) -> bool:
    """True when the workload runs the artifact that is planned by reference, whatever its id will be."""
    declared = item.values.get("artifactId")
    return isinstance(declared, Ref) and declared.address == request.subject.address


def runs_itself(platform: Platform, request: PlanRequest, draft: str) -> bool:
    """True when the draft serves the very workload that is planned."""
    live = request.live
    if live is None or (known(live).get("artifact") or {}).get("status") != "draft":
        return False
    return any(one.id == live.id for one in _holders(platform, request).get(draft, ()))


def _declared_before(request: PlanRequest, draft: str) -> Iterator[PlatformObject]:
    """Yield the workloads declared before this one that are to run the draft too."""
    for item, reading in request.others:
        if item.address == request.subject.address:
            return
        if item.kind == WORKLOAD_KIND and not item.lookup and _wanted(request, item, reading) == draft:
            yield item


def in_plan(request: PlanRequest, workload: str) -> tuple[PlatformObject | None, str | None]:
    """Return the declared workload that has the id, and the artifact it is to run."""
    for item, reading in request.others:
        if item.kind == WORKLOAD_KIND and not item.lookup and isinstance(reading, Live) and reading.id == workload:
            return item, _wanted(request, item, reading)
    return None, None


def _wanted(request: PlanRequest, item: PlatformObject, reading: Reading) -> str | None:
    """Return the id of the artifact that a workload is to run; None for one that is created in this plan."""
    live = reading.values.get("artifactId") if isinstance(reading, Live) else None
    if isinstance(live, str) and "artifactId" in item.lifecycle.ignore_changes:
        return live
    wanted = request.filled(item.values.get("artifactId"))
    if isinstance(wanted, Ref) and wanted.attribute == "id":
        for other, found in request.others:
            if other.address == wanted.address and isinstance(found, Live):
                return found.id
    return wanted if isinstance(wanted, str) else None


def _live_artifact(request: PlanRequest, workload: str) -> Json:
    return next(
        (
            found.values.get("artifactId")
            for _, found in request.others
            if isinstance(found, Live) and found.id == workload
        ),
        None,
    )


def _refuse_swap(platform: Platform, request: PlanRequest, draft: str, holder: PlatformObject) -> None:
    """Raise where the draft becomes free only after this workload has let go of its own."""
    own = request.live.id if request.live is not None else None
    now: PlatformObject | None = holder
    seen: set[Address] = set()
    while now is not None and now.address not in seen:
        seen.add(now.address)
        reading = next(found for item, found in request.others if now is item)
        wanted = _wanted(request, now, reading)
        holders = _holders(platform, request).get(wanted or "", ())
        if any(one.id == own for one in holders):
            raise refusal(
                request,
                "Drafts change places",
                f"It is to run the draft {draft}, which {holder.address} lets go of only after this workload has let go of "
                "its own: a draft serves one workload only, so that neither can be first.",
                "Move one of them to a draft that no workload runs and apply, then declare both as they are to be; or "
                'lock the drafts where they run (status="locked") and apply, then change places.',
                path="artifact",
            )
        now = next((item for one in holders for item in (in_plan(request, one.id)[0],) if item is not None), None)


def _shared(request: PlanRequest, draft: str, why: str) -> WlinfraError:
    return refusal(
        request,
        "Draft serves one workload only",
        f"{request.subject.address} is to run the draft {draft}, but {why}; DataRobot refuses the second.",
        'Lock the draft (status="locked" on its wl.Artifact), or give this workload a draft of its own.',
        path="artifact",
    )


def _words(holder: _Holder) -> str:
    return "has a replacement to it under way, or one that failed" if holder.is_candidate else "runs it and stays on it"


def _at(item: PlatformObject) -> str:
    return f" ({item.location})" if item.location is not None else ""


def _holders(platform: Platform, request: PlanRequest) -> Mapping[str, list[_Holder]]:
    """Return the workloads that each draft serves; asked once for a plan."""
    return platform.shared.of(request.others, "drafts in use", lambda: _found(platform))


def _found(platform: Platform) -> Mapping[str, list[_Holder]]:
    found: dict[str, list[_Holder]] = defaultdict(list)
    for row in platform.client.workloads.list(WorkloadFilter(artifact_status="draft")):
        for artifact, is_candidate in _artifacts(platform, row):
            found[artifact].append(_Holder(id=row["id"], name=str(row.get("name")), is_candidate=is_candidate))
    return dict(found)


def _artifacts(platform: Platform, row: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Yield what the workload runs, and what a replacement that it shows is to make it run."""
    artifact = row.get("artifactId")
    if isinstance(artifact, str):
        yield artifact, False
    record = active_record(platform, row["id"]) if row.get("replacement") else None
    candidate = (record or {}).get("candidateArtifactId")
    if isinstance(candidate, str) and candidate != artifact:
        yield candidate, True
