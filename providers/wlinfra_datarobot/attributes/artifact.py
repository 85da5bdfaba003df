"""The rows of an artifact: its containers, probes, security, builds, variables and storage.

Defaults are those of the published contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wlinfra.provider import Attribute, Effect, fields, memory_bytes
from wlinfra.resources.variables import ApiKey, Credential, EnvVar
from wlinfra.values import Json

from .dialects import Dialect
from .rows import Requirement, Row, Shape

__all__ = ["API_KEY", "ARTIFACT_ROWS", "BUILD_ROWS", "CONTAINER_ROWS", "SPEC_ROWS"]

API_KEY: Final = "api-key"
"""The source of a variable that carries a key of the calling user; older versions of the API call it otherwise."""

_OLD_API_KEY: Final = "dr-api-token"
_CREDENTIAL: Final = "dr-credential"


def _or_empty(value: object) -> object:
    return "" if value is None else value


def _one_source(value: object) -> object:
    return API_KEY if value == _OLD_API_KEY else value


_TEXT: Final = Attribute(default="", normalize=_or_empty)
_UNORDERED: Final = Attribute(items=Attribute(), unordered=True, default=[])
_WORDS: Final = Attribute(items=Attribute())


def _seconds(declared: str, wire: str, default: int) -> Row:
    return Row(declared=declared, wire=wire, attribute=Attribute(default=default))


_PROBE: Final = Shape(
    rows=(
        Row(declared="path", wire="path"),
        Row(declared="port", wire="port", attribute=Attribute(default=8080)),
        Row(declared="scheme", wire="scheme", attribute=Attribute(default="HTTP")),
        Row(declared="host", wire="host"),
        Row(
            declared="headers",
            wire="httpHeaders",
            attribute=Attribute(default={}, values=Attribute(private=True)),
        ),
        _seconds("initial_delay_seconds", "initialDelaySeconds", 30),
        _seconds("period_seconds", "periodSeconds", 30),
        _seconds("timeout_seconds", "timeoutSeconds", 30),
        Row(declared="failure_threshold", wire="failureThreshold", attribute=Attribute(default=3)),
        Row(
            declared="success_threshold",
            wire="successThreshold",
            attribute=Attribute(default=1),
            need=Requirement(
                has=lambda dialect: dialect.probe_success_threshold,
                what="a success threshold of probes",
                neutral=(None, 1),
            ),
        ),
    )
)

_SECURITY: Final = Shape(
    rows=(
        Row(declared="allow_privilege_escalation", wire="allowPrivilegeEscalation"),
        Row(declared="read_only_root_filesystem", wire="readOnlyRootFilesystem"),
        Row(
            declared="capabilities",
            wire="capabilities",
            shape=Shape(
                rows=(
                    Row(declared="add", wire="add", attribute=_UNORDERED, to_wire=list),
                    Row(declared="drop", wire="drop", attribute=_UNORDERED, to_wire=list),
                )
            ),
        ),
        Row(
            declared="seccomp_profile",
            wire="seccompProfile",
            shape=Shape(
                rows=(
                    Row(declared="type", wire="type"),
                    Row(declared="localhost_profile", wire="localhostProfile"),
                )
            ),
        ),
    )
)


def _of_source(source: str, attribute: str) -> Any:
    """Return how an attribute is read that only one of the two kinds of Dockerfile has."""
    return lambda dockerfile: getattr(dockerfile, attribute) if dockerfile.source == source else None


BUILD_ROWS: Final = Shape(
    rows=(
        Row(wire="codeRef.provider", attribute=Attribute(default="datarobot")),
        Row(wire="codeRef.type", attribute=Attribute(default="datarobot")),
        Row(
            declared="code_ref",
            wire="codeRef.datarobot",
            shape=Shape(
                rows=(
                    Row(declared="catalog_id", wire="catalogId"),
                    Row(declared="catalog_version_id", wire="catalogVersionId"),
                )
            ),
        ),
        Row(
            declared="dockerfile",
            wire="dockerfile",
            shape=Shape(
                rows=(
                    Row(declared="source", wire="source", attribute=Attribute(default="provided")),
                    Row(
                        declared="path",
                        wire="path",
                        attribute=Attribute(default="./Dockerfile"),
                        read=_of_source("provided", "path"),
                    ),
                    Row(
                        declared="execution_environment_id",
                        wire="executionEnvironmentId",
                        read=_of_source("generated", "execution_environment_id"),
                    ),
                    Row(
                        declared="execution_environment_version_id",
                        wire="executionEnvironmentVersionId",
                        read=_of_source("generated", "execution_environment_version_id"),
                    ),
                    Row(
                        declared="entrypoint",
                        wire="entrypoint",
                        attribute=_WORDS,
                        read=_of_source("generated", "entrypoint"),
                        to_wire=list,
                    ),
                )
            ),
        ),
    )
)

_ENVIRONMENT: Final = Attribute(
    keyed_by="name",
    default=[],
    items=Attribute(
        fields=fields(
            name=Attribute(),
            source=Attribute(default="string", normalize=_one_source),
            value=Attribute(private=True),
            drCredentialId=Attribute(),
            key=Attribute(),
        )
    ),
)


_VARIABLE_PATHS: Final = (
    ("[]", "[]"),
    ("[].value", "[]"),
    ("[].source", "[]"),
    ("[].drCredentialId", "[].id"),
    ("[].key", "[].key"),
)


def _variables(env: tuple[EnvVar, ...]) -> Json:
    return [_variable(variable) for variable in env] or None


def _variable(variable: EnvVar) -> dict[str, Json]:
    match variable.value:
        case Credential(id, key):
            return {"name": variable.name, "source": _CREDENTIAL, "drCredentialId": id, "key": key}
        case ApiKey():
            return {"name": variable.name, "source": API_KEY}
        case value:
            return {"name": variable.name, "source": "string", "value": value}


def _sent_variables(variables: list[Mapping[str, Any]], dialect: Dialect) -> Json:
    return [
        {**variable, "source": dialect.api_key_source} if variable.get("source") == API_KEY else variable
        for variable in variables
    ]


def _declared_variables(variables: list[Mapping[str, Any]]) -> dict[str, Json]:
    return {variable["name"]: _declared_variable(variable) for variable in variables}


def _declared_variable(variable: Mapping[str, Any]) -> Json:
    match _one_source(variable.get("source")):
        case "dr-credential":
            return Credential(variable["drCredentialId"], variable["key"])
        case "api-key":
            return ApiKey()
        case _:
            return variable.get("value")


def _probe(name: str) -> Row:
    return Row(declared=name, wire=f"{name}Probe", shape=_PROBE)


CONTAINER_ROWS: Final = Shape(
    rows=(
        Row(declared="name", wire="name"),
        Row(declared="image", wire="imageUri"),
        Row(declared="build", wire="imageBuildConfig", shape=BUILD_ROWS),
        Row(wire="build", attribute=Attribute(computed=True), server_only=True),
        Row(declared="primary", wire="primary", attribute=Attribute(default=False)),
        Row(declared="port", wire="port"),
        Row(declared="entrypoint", wire="entrypoint", attribute=_WORDS, to_wire=list),
        Row(declared="security", wire="securityContext", shape=_SECURITY),
        Row(
            declared="env",
            wire="environmentVars",
            attribute=_ENVIRONMENT,
            to_wire=_variables,
            to_declared=_declared_variables,
            send=_sent_variables,
            inner=_VARIABLE_PATHS,
        ),
        Row(declared="description", wire="description", attribute=_TEXT, if_declared=True),
        _probe("startup"),
        _probe("readiness"),
        _probe("liveness"),
    )
)

_GROUP: Final = Shape(
    rows=(
        Row(declared="name", wire="name", attribute=Attribute(default="default")),
        Row(
            declared="containers",
            wire="containers",
            attribute=Attribute(keyed_by="name", default=[]),
            shape=CONTAINER_ROWS,
            listed=True,
        ),
    )
)

_MODES: Final = {"dedicated_pvc": "dedicatedPvc", "nim_cache": "nimCache"}

SPEC_ROWS: Final = Shape(
    rows=(
        Row(wire="type", attribute=Attribute(computed=True), server_only=True),
        Row(
            declared="container_groups",
            wire="containerGroups",
            attribute=Attribute(keyed_by="name"),
            shape=_GROUP,
            listed=True,
            read=lambda artifact: artifact.groups,
        ),
        Row(
            declared="storage",
            wire="storage",
            shape=Shape(
                rows=(
                    Row(
                        declared="mode",
                        wire="mode",
                        attribute=Attribute(default="dedicatedPvc"),
                        to_wire=_MODES.__getitem__,
                    ),
                    Row(declared="pvc_size", wire="pvcSize", attribute=Attribute(normalize=memory_bytes)),
                )
            ),
        ),
        Row(declared="template_id", wire="templateId"),
        Row(declared="a2a_enabled", wire="a2aEnabled", attribute=Attribute(default=False)),
    )
)

ARTIFACT_ROWS: Final = Shape(
    rows=(
        Row(declared="platform_name", wire="name", read=lambda artifact: artifact.name_on_platform),
        # A repository takes the type of its first artifact, so another type is another repository.
        Row(
            declared="artifact_type",
            wire="type",
            attribute=Attribute(effect=Effect.REPLACES, default="service"),
            need=Requirement(
                takes=lambda dialect, kind: kind in dialect.artifact_types,
                what="artifacts of type {}",
                fix="Use type service or nim.",
            ),
        ),
        Row(declared="status", wire="status", attribute=Attribute(default="draft")),
        Row(
            declared="repository",
            wire="artifactRepositoryId",
            attribute=Attribute(effect=Effect.REPLACES),
            to_declared=lambda _: None,  # where its versions go already
        ),
        Row(declared="description", wire="description", attribute=_TEXT, if_declared=True),
        Row(wire="spec", shape=SPEC_ROWS, flat=True),
    )
)
"""An artifact; what a change of its spec costs depends on its status, so `plan_artifact` decides that."""
