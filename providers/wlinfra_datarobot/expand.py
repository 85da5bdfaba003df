"""Turns declared resources into the objects DataRobot has, in the shape that is compared.

`provider` calls `expand`; it is pure. An artifact is one object and so is a workload; an artifact that is given to a
workload without being yielded becomes an object at its own address all the same
(docs/decisions/datarobot-inline-artifacts.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from wlinfra.errors import DeclarationError
from wlinfra.provider import PlatformObject
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.base import Resource
from wlinfra.resources.container import Container, ContainerGroup, ImageBuild, Probe, SecurityContext
from wlinfra.resources.lookup import Lookup
from wlinfra.resources.runtime import GroupRuntime
from wlinfra.resources.variables import ApiKey, Credential, EnvVar
from wlinfra.resources.workload import ReplacementPolicy, Workload
from wlinfra.values import Address, Json, find_refs

from .platform import ARTIFACT_KIND, WORKLOAD_KIND, LookedUp
from .roles import role_key
from .schema import API_KEY, ARTIFACT, WORKLOAD
from .shapes import compared_runtime

__all__ = ["ARTIFACT_OUTPUTS", "WORKLOAD_OUTPUTS", "artifact_wishes", "expand"]

ARTIFACT_OUTPUTS = ("id", "version", "repository_id")
WORKLOAD_OUTPUTS = ("id", "endpoint", "artifact_id")

_STORAGE_MODES = {"dedicated_pvc": "dedicatedPvc", "nim_cache": "nimCache"}


def expand(resource: Resource, dependencies: Mapping[Address, Resource]) -> list[PlatformObject]:
    """Return the objects the resource stands for."""
    match resource:
        case Artifact():
            return [_object(resource, ARTIFACT_KIND, artifact_wishes(resource))]
        case Workload():
            return [*_unyielded(resource, dependencies), _object(resource, WORKLOAD_KIND, _workload_wishes(resource))]
        case Lookup():
            return [_looked_up(resource)]
        case _:
            return []


def artifact_wishes(artifact: Artifact) -> dict[str, Json]:
    """Return what an artifact declares, in the compared shape."""
    spec: dict[str, Json] = {"containerGroups": [_group(group) for group in artifact.groups]}
    if artifact.storage is not None:
        storage = {"mode": _STORAGE_MODES[artifact.storage.mode], "pvcSize": artifact.storage.pvc_size}
        spec["storage"] = _given(storage)
    spec |= _given({"templateId": artifact.template_id, "a2aEnabled": artifact.a2a_enabled})
    wishes = {
        "name": artifact.name_on_platform,
        "type": artifact.artifact_type,
        "status": artifact.status,
        "artifactRepositoryId": artifact.repository,
        "description": artifact.description if "description" in artifact.model_fields_set else None,
    }
    return {**_given(wishes), "spec": spec}


def _unyielded(workload: Workload, dependencies: Mapping[Address, Resource]) -> Iterator[PlatformObject]:
    """Yield the object of an artifact that only its workload mentions."""
    artifact = workload.artifact
    if not isinstance(artifact, Artifact):
        return
    yielded = dependencies.get(artifact.address)
    if yielded is None:
        yield replace(_object(artifact, ARTIFACT_KIND, artifact_wishes(artifact)), provider=workload.provider)
    elif yielded is not artifact and yielded != artifact:
        raise DeclarationError.of(
            "Two artifacts at one address",
            f"{workload.address} runs an artifact that is not yielded, and another one is yielded as {artifact.address}.",
            "Give one of them another name, or pass the yielded one.",
            address=workload.address,
            location=artifact.location,
        )


def _workload_wishes(workload: Workload) -> dict[str, Json]:
    artifact = workload.artifact
    wishes: dict[str, Json] = {
        "name": workload.name_on_platform,
        "power": workload.power,
        "artifactId": artifact.ref("id") if isinstance(artifact, Artifact) else artifact,
    }
    if workload.groups:
        wishes["runtime"] = compared_runtime({"containerGroups": [_runtime(group) for group in workload.groups]})
    if workload.replacement is not None:
        wishes["replacement"] = _timing(workload.replacement)
    if workload.shared_roles is not None:
        wishes["sharedRoles"] = {
            role_key(role.recipient, id=_plain_id(role.id), username=role.username): role.role
            for role in workload.shared_roles
        }
    return wishes | _given({"description": workload.description, "importance": workload.importance})


def _object(resource: Resource, kind: str, values: Mapping[str, Json]) -> PlatformObject:
    is_artifact = kind == ARTIFACT_KIND
    return PlatformObject(
        address=resource.address,
        kind=kind,
        name=resource.name_on_platform,
        values=values,
        schema=ARTIFACT if is_artifact else WORKLOAD,
        outputs=ARTIFACT_OUTPUTS if is_artifact else WORKLOAD_OUTPUTS,
        depends_on=resource.depends_on,
        provider=resource.provider,
        lifecycle=resource.lifecycle,
        location=resource.location,
    )


def _looked_up(resource: Lookup) -> PlatformObject:
    is_artifact = resource.lookup_type == ARTIFACT_KIND
    return PlatformObject(
        address=resource.address,
        kind=resource.lookup_type,
        name=resource.platform_name or resource.name,
        values={},
        schema=ARTIFACT if is_artifact else WORKLOAD,
        outputs=ARTIFACT_OUTPUTS if is_artifact else WORKLOAD_OUTPUTS,
        depends_on=resource.depends_on,
        provider=resource.provider,
        location=resource.location,
        private=LookedUp(id=resource.lookup_id if isinstance(resource.lookup_id, str) else None),
        refers=tuple(find_refs(resource.lookup_id)),
        lookup=True,
    )


def _given(values: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in values.items() if value is not None}


def _timing(policy: ReplacementPolicy) -> dict[str, Json]:
    return _given({"warmupDurationMinutes": policy.warmup_minutes, "keepOldVersionMinutes": policy.keep_old_minutes})


def _group(group: ContainerGroup) -> dict[str, Json]:
    return {"name": group.name, "containers": [_container(container) for container in group.containers]}


def _container(container: Container) -> dict[str, Json]:
    wishes = {
        "name": container.name,
        "imageUri": container.image,
        "imageBuildConfig": _build(container.build) if container.build is not None else None,
        "primary": container.primary,
        "port": container.port,
        "entrypoint": list(container.entrypoint) if container.entrypoint is not None else None,
        "securityContext": _security(container.security) if container.security is not None else None,
        "environmentVars": [_variable(variable) for variable in container.env] or None,
        "description": container.description if "description" in container.model_fields_set else None,
        **{f"{name}Probe": _probe(probe) for name, probe in container.probes()},
    }
    return _given(wishes)


def _variable(variable: EnvVar) -> dict[str, Json]:
    match variable.value:
        case Credential() as credential:
            return {
                "name": variable.name,
                "source": "dr-credential",
                "drCredentialId": credential.id,
                "key": credential.key,
            }
        case ApiKey():
            return {"name": variable.name, "source": API_KEY}
        case value:
            return {"name": variable.name, "source": "string", "value": value}


def _probe(probe: Probe) -> dict[str, Json]:
    return _given(
        {
            "path": probe.path,
            "port": probe.port,
            "scheme": probe.scheme,
            "host": probe.host,
            "httpHeaders": probe.headers,
            "initialDelaySeconds": probe.initial_delay_seconds,
            "periodSeconds": probe.period_seconds,
            "timeoutSeconds": probe.timeout_seconds,
            "failureThreshold": probe.failure_threshold,
            "successThreshold": probe.success_threshold,
        }
    )


def _security(security: SecurityContext) -> dict[str, Json]:
    capabilities, seccomp = security.capabilities, security.seccomp_profile
    return _given(
        {
            "allowPrivilegeEscalation": security.allow_privilege_escalation,
            "readOnlyRootFilesystem": security.read_only_root_filesystem,
            "capabilities": _given({"add": _list(capabilities.add), "drop": _list(capabilities.drop)})
            if capabilities is not None
            else None,
            "seccompProfile": _given({"type": seccomp.type, "localhostProfile": seccomp.localhost_profile})
            if seccomp is not None
            else None,
        }
    )


def _build(build: ImageBuild) -> dict[str, Json]:
    wishes: dict[str, Json] = {}
    if build.code_ref is not None:
        stored = {"catalogId": build.code_ref.catalog_id, "catalogVersionId": build.code_ref.catalog_version_id}
        wishes["codeRef"] = {"datarobot": stored}
    if build.dockerfile is not None:
        wishes["dockerfile"] = dict(_dockerfile(build.dockerfile))
    return wishes


def _dockerfile(dockerfile: Any) -> Iterator[tuple[str, Json]]:
    yield "source", dockerfile.source
    if dockerfile.source == "provided":
        yield "path", dockerfile.path
        return
    yield "executionEnvironmentId", dockerfile.execution_environment_id
    yield "executionEnvironmentVersionId", dockerfile.execution_environment_version_id
    yield "entrypoint", list(dockerfile.entrypoint)


def _plain_id(text: object) -> str | None:
    """Return an id that is known while the program runs; `check` refuses others."""
    return text if isinstance(text, str) else None


def _list(items: tuple[str, ...] | None) -> list[str] | None:
    return list(items) if items is not None else None


def _runtime(group: GroupRuntime) -> dict[str, Json]:
    wishes: dict[str, Json] = {"name": group.name}
    if group.autoscaling is not None:
        wishes["autoscaling"] = {
            "enabled": group.autoscaling.enabled,
            "policies": [
                _given(
                    {
                        "scalingMetric": str(policy.metric),
                        "target": policy.target,
                        "minCount": policy.min,
                        "maxCount": policy.max,
                        "priority": policy.priority,
                    }
                )
                for policy in group.all_policies
            ],
        }
    if group.replicas is not None:
        wishes["replicaCount"] = group.replicas
    if group.bundles:
        wishes["resourceBundles"] = list(group.bundles)
    if group.bundle_selection_policy is not None:
        wishes["bundleSelectionPolicy"] = group.bundle_selection_policy
    containers = [
        {
            "name": entry.name,
            "resourceAllocation": _given(
                {"cpu": entry.allocation.cpu, "memory": entry.allocation.memory, "gpu": entry.allocation.gpu}
            ),
        }
        for entry in group.containers
        if entry.allocation is not None
    ]
    if containers:
        wishes["containers"] = containers
    return wishes
