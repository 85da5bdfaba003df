"""Artifacts, repositories, builds and source files on the wire, as types of plain dictionaries.

The published reference (June 2026) has artifacts only inside a workload's creation; the rest is what the live service answers.
"""

from __future__ import annotations

from typing import Any, Required, TypedDict

from wlinfra_datarobot.client.wire_common import Tag, User


class EnvironmentVariable(TypedDict, total=False):
    """A variable; ``source`` shows which of the other keys belong to it."""

    source: str
    name: str
    value: str
    drCredentialId: str
    key: str


class Probe(TypedDict, total=False):
    """An HTTP probe; times are in seconds."""

    path: str
    port: int
    scheme: str
    host: str | None
    httpHeaders: dict[str, str]
    initialDelaySeconds: int
    periodSeconds: int
    timeoutSeconds: int
    failureThreshold: int
    successThreshold: int


class ContainerBuild(TypedDict, total=False):
    """The build a container's image came from; only the server sets it."""

    artifactImageBuildId: str
    createdAt: str
    status: str


class Container(TypedDict, total=False):
    """One container of an artifact."""

    name: str | None
    description: str
    imageUri: str | None
    imageBuildConfig: dict[str, Any] | None
    build: ContainerBuild | None
    entrypoint: list[str] | None
    environmentVars: list[EnvironmentVariable]
    port: int | None
    primary: bool | None
    livenessProbe: Probe | None
    readinessProbe: Probe | None
    startupProbe: Probe | None
    securityContext: dict[str, Any] | None


class ContainerGroup(TypedDict, total=False):
    """Containers that run together."""

    name: str
    containers: list[Container]


class ArtifactSpec(TypedDict, total=False):
    """What an artifact is made of; ``storage`` and ``templateId`` belong to NIM artifacts."""

    type: str
    containerGroups: list[ContainerGroup]
    storage: dict[str, Any] | None
    templateId: str | None
    a2aEnabled: bool | None


class Artifact(TypedDict, total=False):
    """An artifact version as the platform shows it."""

    id: Required[str]
    name: str
    description: str | None
    type: str
    status: str
    version: int | None
    spec: ArtifactSpec
    artifactRepositoryId: str
    createdAt: str
    updatedAt: str
    creator: User | None
    tags: list[Tag]
    permissions: list[str]


class Repository(TypedDict, total=False):
    """The versions of one artifact."""

    id: Required[str]
    name: str
    type: str
    createdAt: str
    updatedAt: str
    creator: User | None


class BuildsStarted(TypedDict):
    """The answer to a started build."""

    buildIds: list[str]


class Build(TypedDict, total=False):
    """An image build of an artifact."""

    id: Required[str]
    artifactId: str
    status: str
    createdAt: str
    updatedAt: str
    message: str | None


class CatalogItem(TypedDict, total=False):
    """The answer to the calls that store files."""

    catalogId: str
    catalogVersionId: str
    statusId: str


class StoredFile(TypedDict, total=False):
    """One file of a catalogue item."""

    fileName: str
    fileSize: int
    fileChecksum: str


class Stage(TypedDict, total=False):
    """The answer to a new stage of files."""

    stageId: str
    catalogId: str


class TaskStatus(TypedDict, total=False):
    """How a task of the platform is."""

    status: str
    message: str | None
    statusId: str
