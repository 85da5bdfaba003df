"""The calls that change workloads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wlinfra.http.failures import ApiError, FailureKind
from wlinfra.provider import DidNotHappen, Done, Happened, Intent, Operation, Recovery, Repeat, Sent

from ..compared.shapes import power_of, workload_outputs
from ..platform import ARTIFACT_KIND, WORKLOAD_KIND, Platform
from ..waits.drafts import rolling_memory
from ..waits.rollout import runs
from .carried import confirm, confirm_roles
from .common import changed, creation, gone, identity_in, is_busy, live_document

__all__ = [
    "CANCEL_REPLACEMENT",
    "CREATE_WORKLOAD",
    "DELETE_WORKLOAD",
    "PROMOTE_WORKLOAD",
    "REPLACE_WORKLOAD",
    "START_WORKLOAD",
    "STOP_WORKLOAD",
    "UPDATE_ROLES",
    "UPDATE_SETTINGS",
    "UPDATE_WORKLOAD",
]


def _made(answer: Mapping[str, Any], lookup: Mapping[str, Any]) -> Done:
    """Return what is recorded of a workload that was made: with a draft, the digest of the spec it began with."""
    return Done(
        id=identity_in(answer, "POST", "/workloads"),
        memory={"draft": lookup["draft"]} if lookup.get("draft") else {},
        outputs=workload_outputs(answer),
    )


def _update(platform: Platform, sent: Sent) -> Done:
    changed(platform.client.workloads, "/workloads", sent)
    return Done(id=sent.target)


def _replace(platform: Platform, sent: Sent) -> Done:
    wanted = sent.payload["artifactId"]
    answer = platform.client.replacement.start(sent.target, sent.payload)
    expected = {"candidateArtifactId": wanted} if answer.get("candidateArtifactId") else {}
    confirm("POST", f"/workloads/{sent.target}/replacement", expected, answer)
    return Done(id=sent.target, outputs={"artifact_id": wanted}, memory=rolling_memory(sent.lookup))


def _settings(platform: Platform, sent: Sent) -> Done:
    platform.client.settings.update(sent.target, sent.payload["runtime"])
    return Done(id=sent.target, memory=rolling_memory(sent.lookup))


def _rolled(platform: Platform, intent: Intent) -> Recovery:
    """Judge a roll by what the workload runs, by a replacement that was not there before, and by its history."""
    document = live_document(platform, WORKLOAD_KIND, intent.target)
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
    if any(_is_of_this_roll(record, lookup) for record in platform.client.activity.history(intent.target or "")):
        return happened
    is_in_place = power_of(document.get("status")) == "stopped" and runs(document, lookup)
    return happened if is_in_place and not lookup.get("rerolls") else DidNotHappen()


def _is_of_this_roll(record: Mapping[str, Any], lookup: Mapping[str, Any]) -> bool:
    replaced = record.get("previousProtonIds") or ()
    was_known = sorted(record.get("candidateProtonIds") or ()) == sorted(lookup.get("candidates") or ())
    same_artifact = record.get("candidateArtifactId") == lookup.get("artifact_id")
    return same_artifact and lookup.get("proton") in replaced and not was_known


def _cancel(platform: Platform, sent: Sent) -> Done:
    platform.client.replacement.cancel(sent.target)
    return Done(id=sent.target)


def _cancelled(platform: Platform, intent: Intent) -> Recovery:
    try:
        platform.client.replacement.get(intent.target or "")
    except ApiError as error:
        if error.kind is FailureKind.NOT_FOUND:
            return Happened(id=intent.target)
        raise
    return DidNotHappen()


def _power(verb: str, power: str, repeat: Repeat) -> Operation[Platform]:
    """Return the call that starts or stops a workload."""

    def call(platform: Platform, sent: Sent) -> Done:
        answer = getattr(platform.client.power, verb)(sent.target)
        confirm("POST", f"/workloads/{sent.target}/{verb}", {"workloadId": sent.target}, answer)
        return Done(id=sent.target)

    def look(platform: Platform, intent: Intent) -> Recovery:
        document = live_document(platform, WORKLOAD_KIND, intent.target)
        happened = document is not None and power_of(document.get("status")) == power
        return Happened(id=intent.target) if happened else DidNotHappen()

    return Operation(
        name=f"{verb}_workload", verb="POST", path=f"/workloads/{{id}}/{verb}", call=call, look=look, repeat=repeat
    )


def _promote(platform: Platform, sent: Sent) -> Done:
    # The target is the workload; the artifact it runs keeps its id and gets a version, which the wait reads.
    answer = platform.client.power.promote(sent.target)
    confirm("POST", f"/workloads/{sent.target}/promote", {"id": sent.target}, answer)
    return Done()


def _promoted(platform: Platform, intent: Intent) -> Recovery:
    artifact = live_document(platform, ARTIFACT_KIND, intent.lookup["artifact_id"])
    if artifact is not None and artifact.get("status") == "locked":
        return Happened()  # the version is read by the wait, as after the answer
    return DidNotHappen()


def _roles(platform: Platform, sent: Sent) -> Done:
    sharing, grants = platform.client.sharing, sent.payload["roles"]
    if sharing.update(sent.target, grants) is not None:
        confirm_roles(f"/workloads/{sent.target}/sharedRoles", grants, list(sharing.list(sent.target)))
    return Done(id=sent.target)


def _delete(platform: Platform, sent: Sent) -> Done:
    platform.client.workloads.delete(sent.target)
    return Done()


CREATE_WORKLOAD: Final = creation(WORKLOAD_KIND, lambda client: client.workloads, _made)
UPDATE_WORKLOAD: Final = Operation(
    name="update_workload", verb="PATCH", path="/workloads/{id}", call=_update, repeat=Repeat.SAFE
)
REPLACE_WORKLOAD: Final = Operation(
    name="replace_workload",
    verb="POST",
    path="/workloads/{id}/replacement",
    call=_replace,
    look=_rolled,
    passes=is_busy,
)
UPDATE_SETTINGS: Final = Operation(
    name="update_settings",
    verb="PATCH",
    path="/workloads/{id}/settings",
    call=_settings,
    look=_rolled,
    passes=is_busy,
)
CANCEL_REPLACEMENT: Final = Operation(
    name="cancel_replacement",
    verb="DELETE",
    path="/workloads/{id}/replacement",
    call=_cancel,
    look=_cancelled,
    gone_is_done=True,
)
# Stopping twice is harmless; a second start is refused unless the workload is stopped again.
START_WORKLOAD: Final = _power("start", "running", Repeat.LOOK_FIRST)
STOP_WORKLOAD: Final = _power("stop", "stopped", Repeat.SAFE)
PROMOTE_WORKLOAD: Final = Operation(
    name="promote_workload", verb="POST", path="/workloads/{workload_id}/promote", call=_promote, look=_promoted
)
UPDATE_ROLES: Final = Operation(
    name="update_roles", verb="PATCH", path="/workloads/{id}/sharedRoles", call=_roles, repeat=Repeat.SAFE
)
DELETE_WORKLOAD: Final = Operation(
    name="delete_workload",
    verb="DELETE",
    path="/workloads/{id}",
    call=_delete,
    look=gone(WORKLOAD_KIND),
    repeat=Repeat.SAFE,
    removes=True,
    gone_is_done=True,
)
