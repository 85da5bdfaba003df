"""Finds out whether an interrupted call took effect, by looking at the platform.

`provider` calls `recover` for an intent without a result. Only reads are made, and doubt is returned as doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from wlinfra.errors import Diagnostic
from wlinfra.http.failures import ApiError, FailureKind
from wlinfra.provider import DidNotHappen, Happened, Intent, Recovery, UnclearOutcome

from . import fetch
from .drafts import rolling_memory
from .platform import ARTIFACT_KIND, WORKLOAD_KIND, Platform
from .rollout import runs
from .run import artifact_done, workload_done
from .shapes import power_of

__all__ = ["recover"]


def recover(platform: Platform, intent: Intent) -> Recovery:
    """Return whether the interrupted step took effect."""
    try:
        return _LOOKS[intent.operation](platform, intent)
    except ApiError as error:
        return UnclearOutcome(error=error.diagnostics[0])


def _created_workload(platform: Platform, intent: Intent) -> Recovery:
    rows = _new_rows(fetch.with_name(platform, WORKLOAD_KIND, intent.lookup["name"]), intent)
    if len(rows) == 1:
        done = workload_done(rows[0], intent.lookup)
        return Happened(id=done.id, outputs=done.outputs, memory=done.memory)
    return _none_or_several(rows, intent)


def _created_artifact(platform: Platform, intent: Intent) -> Recovery:
    rows = _new_rows(fetch.with_name(platform, ARTIFACT_KIND, intent.lookup["name"]), intent)
    repository = intent.lookup.get("repository")
    if repository is not None:
        rows = [row for row in rows if row.get("artifactRepositoryId") == repository]
    if len(rows) == 1:
        done = artifact_done(rows[0], intent.lookup)
        return Happened(id=done.id, outputs=done.outputs, memory=done.memory)
    return _none_or_several(rows, intent)


def _new_rows(rows: Sequence[fetch.Document], intent: Intent) -> list[fetch.Document]:
    known = set(intent.lookup.get("known") or ())
    return [row for row in rows if row["id"] not in known]


def _none_or_several(rows: Sequence[fetch.Document], intent: Intent) -> Recovery:
    if not rows:
        return DidNotHappen()
    candidates = tuple(sorted(row["id"] for row in rows))
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


def _locked(platform: Platform, intent: Intent) -> Recovery:
    artifact = _document(platform, ARTIFACT_KIND, intent)
    if artifact is not None and artifact.get("status") == "locked":
        return Happened(id=artifact["id"], outputs={"version": artifact.get("version")})
    return DidNotHappen()


def _built(platform: Platform, intent: Intent) -> Recovery:
    known = set(intent.lookup.get("known") or ())
    started = [build["id"] for build in platform.client.builds.list(_target(intent)) if build["id"] not in known]
    return Happened(id=intent.target, memory={"builds": started}) if started else DidNotHappen()


def _rolled(platform: Platform, intent: Intent) -> Recovery:
    """Judge a roll by what the workload runs, by a replacement that was not there before, and by its history."""
    document = _document(platform, WORKLOAD_KIND, intent)
    if document is None:
        return DidNotHappen()
    lookup = intent.lookup
    outputs = {"artifact_id": lookup["artifact_id"]} if lookup.get("artifact_id") else {}
    happened = Happened(id=intent.target, outputs=outputs, memory=rolling_memory(lookup))
    replacement = document.get("replacement")
    if replacement and sorted(replacement.get("candidateProtonIds") or ()) != sorted(lookup.get("candidates") or ()):
        return happened
    if document.get("protonId") != lookup.get("proton") and runs(document, lookup):
        return happened
    if any(_is_of_this_roll(record, lookup) for record in platform.client.activity.history(_target(intent))):
        return happened
    is_in_place = power_of(document.get("status")) == "stopped" and runs(document, lookup)
    return happened if is_in_place and not lookup.get("rerolls") else DidNotHappen()


def _is_of_this_roll(record: Mapping[str, Any], lookup: Mapping[str, Any]) -> bool:
    replaced = record.get("previousProtonIds") or ()
    was_known = sorted(record.get("candidateProtonIds") or ()) == sorted(lookup.get("candidates") or ())
    same_artifact = record.get("candidateArtifactId") == lookup.get("artifact_id")
    return same_artifact and lookup.get("proton") in replaced and not was_known


def _powered(platform: Platform, intent: Intent) -> Recovery:
    document = _document(platform, WORKLOAD_KIND, intent)
    wanted = "stopped" if intent.operation == "stop_workload" else "running"
    happened = document is not None and power_of(document.get("status")) == wanted
    return Happened(id=intent.target) if happened else DidNotHappen()


def _promoted(platform: Platform, intent: Intent) -> Recovery:
    artifact = fetch.get(platform, ARTIFACT_KIND, intent.lookup["artifact_id"])
    if isinstance(artifact, ApiError):
        raise artifact
    if artifact is not None and artifact.get("status") == "locked":
        return Happened()  # the version is read by the wait, as after the answer
    return DidNotHappen()


def _cancelled(platform: Platform, intent: Intent) -> Recovery:
    try:
        platform.client.replacement.get(_target(intent))
    except ApiError as error:
        if error.kind is FailureKind.NOT_FOUND:
            return Happened(id=intent.target)
        raise
    return DidNotHappen()


def _deleted_workload(platform: Platform, intent: Intent) -> Recovery:
    return Happened() if _document(platform, WORKLOAD_KIND, intent) is None else DidNotHappen()


def _deleted_artifact(platform: Platform, intent: Intent) -> Recovery:
    return Happened() if _document(platform, ARTIFACT_KIND, intent) is None else DidNotHappen()


def _repeatable(platform: Platform, intent: Intent) -> Recovery:
    """A second call equals one, so that nothing has to be found out."""
    del platform, intent
    return DidNotHappen()


def _target(intent: Intent) -> str:
    return intent.target or ""


def _document(platform: Platform, kind: str, intent: Intent) -> fetch.Document | None:
    found = fetch.get(platform, kind, _target(intent))
    if isinstance(found, ApiError):
        raise found
    return found


_Look: TypeAlias = Callable[[Platform, Intent], Recovery]

_LOOKS: Mapping[str, _Look] = {
    "create_artifact": _created_artifact,
    "update_artifact": _repeatable,
    "lock_artifact": _locked,
    "build_artifact": _built,
    "delete_artifact": _deleted_artifact,
    "delete_repository": _deleted_artifact,
    "create_workload": _created_workload,
    "update_workload": _repeatable,
    "replace_workload": _rolled,
    "update_settings": _rolled,
    "cancel_replacement": _cancelled,
    "start_workload": _powered,
    "stop_workload": _powered,
    "promote_workload": _promoted,
    "update_roles": _repeatable,
    "delete_workload": _deleted_workload,
}
