"""The bodies the API takes, per dialect; `validate.py` reads requests into them.

Unknown attributes are refused everywhere except in environment variables. The dialect comes as validation context.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationInfo, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from .world import Dialect

_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}
_MEMORY = re.compile(r"^\s*(\d*\.?\d+)\s*([A-Za-z]+)?\s*$")
_LABEL = re.compile(r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")


class Shape(BaseModel):
    """A JSON object of the API."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, defer_build=True)


def _only_october(value: Any, info: ValidationInfo) -> Any:
    if info.context is not Dialect.OCTOBER:
        raise PydanticCustomError("extra_forbidden", "Extra inputs are not permitted")
    return value


def _needed_in_june(value: int | None, info: ValidationInfo) -> int | None:
    if value is None and info.context is Dialect.JUNE:
        raise PydanticCustomError("missing", "Field required")
    return value


def _label(value: str | None) -> str | None:
    if value is not None and not _LABEL.match(value):
        message = "Names are lower-case letters, digits and hyphens, first a letter, last a letter or digit, up to 63"
        raise PydanticCustomError("string_pattern_mismatch", message)
    return value


def _bytes(value: str | int | None) -> int | None:
    if value is None or isinstance(value, int):
        return value
    found = _MEMORY.match(value)
    unit = _UNITS.get((found[2] or "B").lower()) if found else None
    if found is None or unit is None:
        raise PydanticCustomError("value_error", "Memory is a number of bytes, or a number with B, KB, MB or GB")
    return round(float(found[1]) * unit)


Name = Annotated[str, Field(min_length=1, max_length=5000)]
Label = Annotated[str, AfterValidator(_label)]
Memory = Annotated[int | str | None, AfterValidator(_bytes)]
LegacyBound = Annotated[int | None, Field(ge=0, validate_default=True), AfterValidator(_needed_in_june)]
GroupBound = Annotated[int, Field(ge=0), AfterValidator(_only_october)]
Status = Literal["draft", "locked"]
Importance = Literal["critical", "high", "moderate", "low"]


class Probe(Shape):
    """A health check of a container."""

    path: str
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    scheme: Literal["HTTP", "HTTPS"] = "HTTP"
    host: str | None = None
    http_headers: dict[str, str] = Field(default_factory=dict)
    initial_delay_seconds: int = 30
    period_seconds: int = 30
    timeout_seconds: int = 30
    failure_threshold: int = 3
    success_threshold: Annotated[int, AfterValidator(_only_october)] = 1


class _Variable(Shape):
    model_config = ConfigDict(extra="allow")
    name: str


class StringVariable(_Variable):
    """An environment variable with its value."""

    source: Literal["string"] = "string"
    value: str


class CredentialVariable(_Variable):
    """An environment variable filled from a stored credential."""

    source: Literal["dr-credential"]
    dr_credential_id: str
    key: str


class ApiTokenVariable(_Variable):
    """An environment variable filled with a key of the user's, as 2026-06 spells it."""

    source: Literal["dr-api-token"]


class ApiKeyVariable(_Variable):
    """An environment variable filled with a key of the user's, as 2026-10 spells it."""

    source: Annotated[Literal["api-key"], AfterValidator(_only_october)]
    name: str = "DATAROBOT_API_TOKEN"


def _source(default: str) -> Discriminator:
    """Tell the members of a union apart by their ``source``."""

    def source(value: Any) -> str:
        return str(value.get("source", default) if isinstance(value, dict) else getattr(value, "source", default))

    return Discriminator(source)


Variable = Annotated[
    Annotated[StringVariable, Tag("string")]
    | Annotated[CredentialVariable, Tag("dr-credential")]
    | Annotated[ApiTokenVariable, Tag("dr-api-token")]
    | Annotated[ApiKeyVariable, Tag("api-key")],
    _source("string"),
]


def _variables(values: list[Any], info: ValidationInfo) -> list[Any]:
    if info.context is Dialect.OCTOBER and any(isinstance(value, ApiTokenVariable) for value in values):
        raise PydanticCustomError("union_tag_invalid", "The source dr-api-token is now called api-key")
    return values


class Capabilities(Shape):
    """Kernel capabilities given and taken."""

    add: list[str] | None = None
    drop: list[str] | None = None


class SeccompProfile(Shape):
    """Which system calls a container may make."""

    type: Literal["RuntimeDefault", "Unconfined", "Localhost"]
    localhost_profile: str | None = None

    @model_validator(mode="after")
    def _local_only(self) -> Self:
        if self.localhost_profile is not None and self.type != "Localhost":
            raise PydanticCustomError("value_error", "localhostProfile needs the type Localhost")
        return self


class SecurityContext(Shape):
    """How tightly a container is confined; ordinary users can only tighten."""

    allow_privilege_escalation: bool | None = None
    capabilities: Capabilities | None = None
    read_only_root_filesystem: bool | None = None
    seccomp_profile: SeccompProfile | None = None


class DataRobotCodeRef(Shape):
    """A version of uploaded sources."""

    catalog_id: str
    catalog_version_id: str


class CodeRef(Shape):
    """Where sources are."""

    datarobot: DataRobotCodeRef
    provider: Literal["datarobot"] = "datarobot"
    type: Literal["datarobot"] = "datarobot"


class ProvidedDockerfile(Shape):
    """A Dockerfile among the sources."""

    source: Literal["provided"] = "provided"
    path: str = "./Dockerfile"


class GeneratedDockerfile(Shape):
    """A Dockerfile made from an execution environment."""

    source: Literal["generated"]
    entrypoint: Annotated[list[str], Field(min_length=1)]
    execution_environment_id: str
    execution_environment_version_id: str


class ImageBuildConfig(Shape):
    """How an image is built from sources."""

    code_ref: CodeRef | None = None
    dockerfile: Annotated[
        Annotated[ProvidedDockerfile, Tag("provided")] | Annotated[GeneratedDockerfile, Tag("generated")],
        _source("provided"),
    ] = Field(default_factory=ProvidedDockerfile)


class Container(Shape):
    """One container of an artifact."""

    name: Label | None = None
    description: str = ""
    image_uri: str | None = None
    image_build_config: ImageBuildConfig | None = None
    build: Any = None
    primary: bool | None = None
    port: Annotated[int, Field(ge=1024, le=65535)] | None = None
    entrypoint: list[str] | None = None
    environment_vars: Annotated[list[Variable], AfterValidator(_variables)] = Field(default_factory=list)
    startup_probe: Probe | None = None
    readiness_probe: Probe | None = None
    liveness_probe: Probe | None = None
    security_context: SecurityContext | None = None


class ContainerGroup(Shape):
    """Containers that are placed and scaled together."""

    name: Label = "default"
    containers: list[Container] = Field(default_factory=list)


class NimStorage(Shape):
    """Where a NIM keeps its model."""

    mode: Literal["dedicatedPvc", "nimCache"] = "dedicatedPvc"
    pvc_size: Annotated[str, Field(pattern=r"^\d+(\.\d+)?(Gi|Mi|Ti)$")] | None = None


class _Spec(Shape):
    container_groups: list[ContainerGroup] = Field(default_factory=list)


class ServiceSpec(_Spec):
    """The specification of a service."""

    type: Literal["service"] = "service"


class NimSpec(_Spec):
    """The specification of a NIM."""

    type: Literal["nim"] = "nim"
    storage: NimStorage | None = None
    template_id: str | None = None


class AgentSpec(_Spec):
    """The specification of an agent (2026-10)."""

    type: Literal["agent"] = "agent"
    a2a_enabled: bool | None = Field(default=None, alias="a2aEnabled")


class McpSpec(_Spec):
    """The specification of an MCP server (2026-10)."""

    type: Literal["mcp"] = "mcp"


Spec = Annotated[ServiceSpec | NimSpec | AgentSpec | McpSpec, Discriminator("type")]


def _type_of_dialect(value: str, info: ValidationInfo) -> str:
    if value in {"agent", "mcp"} and info.context is not Dialect.OCTOBER:
        raise PydanticCustomError("enum", "Input should be 'service' or 'nim'")
    return value


ArtifactType = Annotated[Literal["service", "nim", "agent", "mcp"], AfterValidator(_type_of_dialect)]


class InputArtifact(Shape):
    """An artifact to create."""

    name: Name
    description: str = ""
    type: ArtifactType = "service"
    status: Status = "draft"
    spec: Spec
    artifact_repository_id: str | None = None


class ArtifactPatch(Shape):
    """What a PATCH of an artifact may hold; every attribute is optional."""

    name: Name | None = None
    description: str | None = None
    status: Status | None = None
    spec: Spec | None = None


class ArtifactClone(Shape):
    """What a copy of an artifact is called and where it goes."""

    name: Name | None = None
    artifact_repository_id: str | None = None
