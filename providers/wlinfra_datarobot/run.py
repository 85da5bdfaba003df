"""Makes the one call a step stands for, and says what became of it.

`provider` calls `run` with references filled in. Every failed call ends as refused, refused for now, or unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, assert_never

from wlinfra.errors import Diagnostic
from wlinfra.http.failures import ApiError, Call, FailureKind, FieldError
from wlinfra.provider import Done, Refused, RefusedForNow, Step, StepResult, UnknownOutcome
from wlinfra.values import Json, Path, format_path

from .carried import confirm, confirm_gone, confirm_roles
from .drafts import rolling_memory
from .platform import Platform

__all__ = ["OPERATIONS", "artifact_done", "run", "workload_done"]

_BUSY = 409
_IN_DOUBT = frozenset({400, 401, 409})
"""What the second of two equal creates is answered with, when something on the way repeated the first."""
_BUSY_WAIT = 2.0
_WAITS_WHEN_BUSY = frozenset({"replace_workload", "update_settings", "delete_repository", "delete_artifact"})
_REMOVALS = frozenset({"delete_workload", "delete_artifact", "delete_repository", "cancel_replacement"})


def run(platform: Platform, step: Step) -> StepResult:
    """Make the step's call and return its outcome."""
    try:
        return OPERATIONS[step.operation](platform, str(step.target or ""), step.payload, step.lookup)
    except ApiError as error:
        return _outcome(step, error)


def artifact_done(answer: Mapping[str, Any], lookup: Mapping[str, Any]) -> Done:
    """Return what is recorded of an artifact that was made: who owns its repository, and which versions are ours."""
    repository = answer.get("artifactRepositoryId")
    return Done(
        id=_identity(answer, "POST", "/artifacts"),
        outputs={"id": answer["id"], "version": answer.get("version"), "repository_id": repository},
        memory={
            "repositories": [*(lookup.get("repositories") or ()), *([] if lookup.get("repository") else [repository])],
            "versions": [*(lookup.get("versions") or ()), answer["id"]],
        },
    )


def workload_done(answer: Mapping[str, Any], lookup: Mapping[str, Any]) -> Done:
    """Return what is recorded of a workload that was made: with a draft, the digest of the spec it began with."""
    return Done(
        id=_identity(answer, "POST", "/workloads"),
        memory={"draft": lookup["draft"]} if lookup.get("draft") else {},
        outputs={"id": answer["id"], "endpoint": answer.get("endpoint"), "artifact_id": answer.get("artifactId")},
    )


def _identity(answer: Mapping[str, Any] | None, method: str, path: str) -> str:
    match answer:
        case {"id": str() as identity}:
            return identity
        case _:
            raise ApiError(
                Call(method=method, path=path, platform="DataRobot"), FailureKind.UNKNOWN, "The answer has no id."
            )


def _create_artifact(platform: Platform, target: str, payload: Json, lookup: Mapping[str, Any]) -> Done:
    del target
    answer = platform.client.artifacts.create(payload)
    return artifact_done(confirm("POST", "/artifacts", _named(payload), answer), lookup)


def _named(payload: Json) -> dict[str, Json]:
    return {"name": payload["name"]} if "name" in payload else {}


def _update_artifact(platform: Platform, target: str, payload: Json, lookup: Mapping[str, Any]) -> Done:
    del lookup
    artifacts = platform.client.artifacts
    answer = confirm(
        "PATCH", f"/artifacts/{target}", payload, artifacts.update(target, payload), lambda: artifacts.get(target)
    )
    return Done(id=target, outputs={"version": answer.get("version")} if "version" in answer else {})


def _build_artifact(platform: Platform, target: str, payload: Json, lookup: Mapping[str, Any]) -> Done:
    del payload, lookup
    answer = platform.client.builds.start(target)
    return Done(id=target, memory={"builds": list(answer["buildIds"])})


def _delete_artifact(platform: Platform, target: str, payload: Json, lookup: Mapping[str, Any]) -> Done:
    del payload, lookup
    if platform.client.artifacts.delete(target) is not None:
        confirm_gone(f"/artifacts/{target}", lambda: platform.client.artifacts.get(target))
    return Done()


def _delete_repository(platform: Platform, target: str, payload: Json, lookup: Mapping[str, Any]) -> Done:
    del target, payload
    repository = lookup["repository"]
    if platform.client.repositories.delete(repository) is not None:
        confirm_gone(f"/artifactRepositories/{repository}", lambda: platform.client.repositories.get(repository))
    return Done()


def _create_workload(platform: Platform, target: str, payload: Json, lookup: Mapping[str, Any]) -> Done:
    del target
    answer = platform.client.workloads.create(payload)
    return workload_done(confirm("POST", "/workloads", _named(payload), answer), lookup)


def _update_workload(platform: Platform, target: str, payload: Json, lookup: Mapping[str, Any]) -> Done:
    del lookup
    workloads = platform.client.workloads
    confirm("PATCH", f"/workloads/{target}", payload, workloads.update(target, payload), lambda: workloads.get(target))
    return Done(id=target)


def _replace_workload(platform: Platform, target: str, payload: Json, lookup: Mapping[str, Any]) -> Done:
    answer = platform.client.replacement.start(target, payload)
    sent = {"candidateArtifactId": payload["artifactId"]} if answer.get("candidateArtifactId") else {}
    confirm("POST", f"/workloads/{target}/replacement", sent, answer)
    return Done(id=target, outputs={"artifact_id": payload["artifactId"]}, memory=rolling_memory(lookup))


def _update_settings(platform: Platform, target: str, payload: Json, lookup: Mapping[str, Any]) -> Done:
    platform.client.settings.update(target, payload["runtime"])
    return Done(id=target, memory=rolling_memory(lookup))


def _cancel_replacement(platform: Platform, target: str, payload: Json, lookup: Mapping[str, Any]) -> Done:
    del payload, lookup
    platform.client.replacement.cancel(target)
    return Done(id=target)


def _start(platform: Platform, target: str, payload: Json, lookup: Mapping[str, Any]) -> Done:
    del payload, lookup
    confirm("POST", f"/workloads/{target}/start", {"workloadId": target}, platform.client.power.start(target))
    return Done(id=target)


def _stop(platform: Platform, target: str, payload: Json, lookup: Mapping[str, Any]) -> Done:
    del payload, lookup
    confirm("POST", f"/workloads/{target}/stop", {"workloadId": target}, platform.client.power.stop(target))
    return Done(id=target)


def _promote(platform: Platform, target: str, payload: Json, lookup: Mapping[str, Any]) -> Done:
    del payload, lookup
    # The target is the workload; the artifact it runs keeps its id and gets a version, which the wait reads.
    confirm("POST", f"/workloads/{target}/promote", {"id": target}, platform.client.power.promote(target))
    return Done()


def _update_roles(platform: Platform, target: str, payload: Json, lookup: Mapping[str, Any]) -> Done:
    del lookup
    sharing, grants = platform.client.sharing, payload["roles"]
    if sharing.update(target, grants) is not None:
        confirm_roles(f"/workloads/{target}/sharedRoles", grants, list(sharing.list(target)))
    return Done(id=target)


def _delete_workload(platform: Platform, target: str, payload: Json, lookup: Mapping[str, Any]) -> Done:
    del payload, lookup
    platform.client.workloads.delete(target)
    return Done()


_Operation: TypeAlias = Callable[[Platform, str, Json, Mapping[str, Any]], Done]

OPERATIONS: Mapping[str, _Operation] = {
    "create_artifact": _create_artifact,
    "update_artifact": _update_artifact,
    "lock_artifact": _update_artifact,
    "build_artifact": _build_artifact,
    "delete_artifact": _delete_artifact,
    "delete_repository": _delete_repository,
    "create_workload": _create_workload,
    "update_workload": _update_workload,
    "replace_workload": _replace_workload,
    "update_settings": _update_settings,
    "cancel_replacement": _cancel_replacement,
    "start_workload": _start,
    "stop_workload": _stop,
    "promote_workload": _promote,
    "update_roles": _update_roles,
    "delete_workload": _delete_workload,
}
"""The provider's own names of its calls: each makes exactly one mutating request."""


def _outcome(step: Step, error: ApiError) -> StepResult:
    match error.kind:
        case FailureKind.NOT_FOUND if step.operation in _REMOVALS:
            return Done(id=None if step.removes else _text(step.target))
        case FailureKind.UNKNOWN:
            return UnknownOutcome(error=error.diagnostics[0], is_over=error.is_over)
        case FailureKind.REFUSED_FOR_NOW:
            return RefusedForNow(error=error.diagnostics[0], after=error.retry_after or 1.0)
        case FailureKind.REFUSED if error.status == _BUSY and step.operation in _WAITS_WHEN_BUSY:
            return RefusedForNow(error=error.diagnostics[0], after=error.retry_after or _BUSY_WAIT)
        case (
            FailureKind.REFUSED
            | FailureKind.NOT_FOUND
            | FailureKind.UNAUTHORIZED
            | FailureKind.FORBIDDEN
            | FailureKind.UNREADABLE
        ):
            return Refused(error=_refusal(step, error), in_doubt=step.makes and error.status in _IN_DOUBT)
    assert_never(error.kind)


def _text(target: object) -> str | None:
    return target if isinstance(target, str) else None


def _refusal(step: Step, error: ApiError) -> Diagnostic:
    said = error.diagnostics[0]
    if not error.fields:
        return said
    paths = [attribute_path(field, step.payload) for field in error.fields]
    wrong = "; ".join(
        f"{format_path(path)}: {field[1]}" if path else field[1]
        for path, field in zip(paths, error.fields, strict=True)
    )
    return Diagnostic(
        summary="Platform refused an attribute",
        detail=f"DataRobot refused {step.verb} {step.path}: {wrong}.",
        fix="Correct the attribute in the declaration, then run the command again.",
        path=format_path(paths[0]) or None,
    )


def attribute_path(field: FieldError, payload: Json) -> Path:
    """Return where in the declaration a refused attribute stands: elements of keyed lists by their key."""
    loc = [part for part in field[0] if part != "body"]
    path: list[str | int] = []
    here: Any = payload
    for part in loc:
        match here:
            case Mapping():
                here = here.get(part)
                path.append(part)
            case Sequence() if isinstance(part, int) and not isinstance(here, str) and part < len(here):
                here = here[part]
                key = here.get("name") or here.get("scalingMetric") if isinstance(here, Mapping) else None
                path.append(key or part)
            case _:
                # The platform also names the kind it tried, such as a union's member; that is no attribute.
                continue
    return tuple(path)
