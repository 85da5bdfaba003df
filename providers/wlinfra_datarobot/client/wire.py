"""What travels between the client and the DataRobot Workload API, as types of plain dictionaries.

Documents stay the dictionaries the server sent, so that fields these types do not name survive a read and a write.
Names and shapes follow the published Workloads API reference (June 2026) and, for artifacts, repositories, builds,
files and bundles, what the live service answers. Values of enumerations are `str` in answers, because the platform adds some.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, Required, TypeAlias, TypedDict

WorkloadStatus: TypeAlias = Literal[
    "unknown",
    "submitted",
    "provisioning",
    "launching",
    "running",
    "suspended",
    "interrupted",
    "stopping",
    "stopped",
    "errored",
    "terminated",
]
ArtifactStatus: TypeAlias = Literal["draft", "locked"]
ArtifactType: TypeAlias = Literal["service", "nim", "agent", "mcp"]
Importance: TypeAlias = Literal["critical", "high", "moderate", "low"]
WorkloadOrder: TypeAlias = Literal[
    "name",
    "-name",
    "createdAt",
    "-createdAt",
    "updatedAt",
    "-updatedAt",
    "status",
    "-status",
    "importance",
    "-importance",
]
ArtifactOrder: TypeAlias = Literal["name", "-name", "createdAt", "-createdAt", "updatedAt", "-updatedAt"]
Metric: TypeAlias = Literal[
    "totalRequests", "requestsOverN", "requestsPerMinute", "concurrentRequests", "responseTime", "totalErrorRate"
]
SharingRole: TypeAlias = Literal[
    "NO_ROLE", "OWNER", "READ_WRITE", "EDITOR", "USER", "DATA_SCIENTIST", "ADMIN", "READ_ONLY", "CONSUMER", "OBSERVER"
]
SubjectType: TypeAlias = Literal["user", "group", "organization", "role"]


class User(TypedDict, total=False):
    """A person as the platform shows them."""

    id: Required[str]
    email: str | None
    fullName: str | None
    userhash: str | None
    username: str | None


class Tag(TypedDict):
    """A tag; list filters call its name key."""

    id: str
    name: str
    value: str


class ResourceAllocation(TypedDict, total=False):
    """What one container gets; memory is bytes, or text in B, KB, MB or GB counted in thousands."""

    cpu: float | None
    gpu: float | None
    gpuMemory: str | int | None
    memory: str | int | None


class ContainerOverride(TypedDict, total=False):
    """Runtime settings of a container the artifact declares."""

    name: Required[str]
    resourceAllocation: ResourceAllocation | None


class AutoscalingPolicy(TypedDict, total=False):
    """One scaling rule; the bounds stand here up to 2026-06, on the group's autoscaling afterwards."""

    scalingMetric: Required[str]
    target: Required[float]
    minCount: int
    maxCount: int
    priority: int | None


class Autoscaling(TypedDict, total=False):
    """How a group scales."""

    enabled: bool
    minReplicaCount: int
    maxReplicaCount: int
    policies: list[AutoscalingPolicy]


class ResolvedBundle(TypedDict, total=False):
    """The bundle the scheduler chose; only the server sets it."""

    id: Required[str]
    cpuCount: float
    memoryBytes: int
    gpuCount: int
    gpuMaker: str | None
    gpuTypeLabel: str | None


class GroupRuntime(TypedDict, total=False):
    """Runtime settings of a container group."""

    name: str
    replicaCount: int | None
    autoscaling: Autoscaling | None
    bundleSelectionPolicy: str
    resourceBundles: list[str]
    resolvedBundle: ResolvedBundle | None
    containers: list[ContainerOverride]


class Runtime(TypedDict, total=False):
    """How a workload runs."""

    containerGroups: list[GroupRuntime]


class EnvironmentVariable(TypedDict, total=False):
    """A variable; ``source`` tells which of the other keys belong to it."""

    source: str
    name: str
    value: str
    drCredentialId: str
    key: str


class Probe(TypedDict, total=False):
    """An HTTP probe; times are in seconds."""

    path: Required[str]
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


class ArtifactInput(TypedDict, total=False):
    """An artifact to create, on its own or with a workload."""

    name: Required[str]
    spec: Required[ArtifactSpec]
    description: str
    type: str
    status: str
    artifactRepositoryId: str | None


class ArtifactPatch(TypedDict, total=False):
    """What may be changed of an artifact; a spec is replaced as a whole."""

    name: str
    description: str
    spec: ArtifactSpec
    status: str


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


class ArtifactSummary(TypedDict, total=False):
    """The artifact inside a workload."""

    id: Required[str]
    artifactRepositoryId: str
    name: str | None
    status: str | None
    templateId: str | None
    type: str | None
    version: int | None


class ReplacementSummary(TypedDict, total=False):
    """The replacement inside a workload."""

    status: str
    strategy: str
    candidateProtonIds: list[str]
    message: str | None


class RequestStats(TypedDict, total=False):
    """Traffic of a workload; the rates are the last 7 periods."""

    concurrentRequests: int
    errorRate: float
    errorRates: list[int]
    lastRequestAt: str | None
    requestRates: list[int]
    responseTime: int
    totalRequests: int


class Workload(TypedDict, total=False):
    """A workload as the platform shows it."""

    id: Required[str]
    name: Required[str]
    createdAt: Required[str]
    updatedAt: Required[str]
    description: str | None
    importance: str
    status: str
    type: str
    artifact: ArtifactSummary | None
    artifactId: str | None
    creator: User | None
    endpoint: str | None
    lastResponse: str | None
    owners: list[User]
    permissions: list[str]
    protonId: str | None
    replacement: ReplacementSummary | None
    requestStats: RequestStats | None
    runtime: Runtime
    tags: list[Tag]


class WorkloadInput(TypedDict, total=False):
    """A workload to create, with exactly one of ``artifact`` and ``artifactId``."""

    name: Required[str]
    description: str | None
    importance: str
    artifact: ArtifactInput | None
    artifactId: str | None
    runtime: Runtime


class WorkloadPatch(TypedDict, total=False):
    """What may be changed of a workload without a roll."""

    name: str | None
    description: str | None
    importance: str | None


class OperationAnswer(TypedDict, total=False):
    """The answer to start and stop; ``trackVia`` is the URL to watch."""

    status: str
    workloadId: Required[str]
    trackVia: str


class ReplacementConfig(TypedDict, total=False):
    """Timing of a replacement, in minutes."""

    warmupDurationMinutes: int
    keepOldVersionMinutes: int


class ReplacementInput(TypedDict, total=False):
    """A replacement to start; without ``runtime`` the current one stays."""

    artifactId: Required[str]
    strategy: Required[Literal["rolling"]]
    config: ReplacementConfig
    runtime: Runtime | None


class ContainerStatus(TypedDict, total=False):
    """How one container of a replica is."""

    name: str
    image: str
    ready: bool
    restartCount: int
    startedAt: str | None
    status: str


class ReplicaCondition(TypedDict, total=False):
    """One condition of a replica."""

    type: str
    value: bool | None
    reason: str
    message: str
    lastTransitionTime: str


class Replica(TypedDict, total=False):
    """How one replica is."""

    name: str
    status: str
    address: str
    nodeAddress: str
    startedAt: str | None
    conditions: list[ReplicaCondition]
    containers: list[ContainerStatus]


class OverallStatus(TypedDict, total=False):
    """The platform's own summary of a proton."""

    state: str
    summary: str
    lastUpdated: str


class StatusDetails(TypedDict, total=False):
    """The latest status report of a proton."""

    overallStatus: OverallStatus
    replicas: list[Replica]


class Replacement(TypedDict, total=False):
    """A replacement as the platform shows it, running or in the history."""

    id: Required[str]
    workloadId: str
    name: str
    candidateArtifactId: str
    candidateProtonIds: list[str]
    previousProtonIds: list[str] | None
    config: ReplacementConfig
    createdAt: str
    updatedAt: str
    switchedAt: str | None
    message: str | None
    protonStatuses: dict[str, StatusDetails] | None
    runtime: Runtime
    status: str
    strategy: str
    userId: str


class Proton(TypedDict, total=False):
    """One running version of a workload."""

    id: Required[str]
    name: str
    artifactId: str
    workloadId: str | None
    role: str | None
    status: str
    endpoint: str | None
    runningSince: str | None
    runtime: Runtime
    creator: User | None
    createdAt: str
    updatedAt: str


class Settings(TypedDict, total=False):
    """The settings of a workload."""

    runtime: Runtime


class Event(TypedDict, total=False):
    """One event; the platform calls this record a placeholder."""

    id: Required[str]
    workloadId: str
    timestamp: str
    eventType: str
    actorId: str | None
    details: dict[str, Any] | None


class Related(TypedDict, total=False):
    """An artifact, repository, proton, workload or model that belongs to a workload; some come with id and type only."""

    id: Required[str]
    type: Required[str]
    name: str
    createdAt: str
    updatedAt: str
    creator: User | None
    permissions: list[str]


class SharedRole(TypedDict, total=False):
    """Who may do what with an object."""

    id: Required[str]
    name: str
    role: Required[str]
    shareRecipientType: Required[str]


class Grant(TypedDict):
    """A role to give to someone by id or user name; ``NO_ROLE`` takes it away."""

    role: SharingRole
    shareRecipientType: SubjectType
    id: NotRequired[str]
    username: NotRequired[str]


class Period(TypedDict, total=False):
    """From when to when."""

    start: str | None
    end: str | None


class RequestMetrics(TypedDict, total=False):
    """Aggregates of a proton's traffic; times are in milliseconds, rates are fractions."""

    concurrentRequests: int
    requestsPerMinute: int
    responseTime: int
    serverErrorRate: float
    serverErrors: int
    slowRequests: int
    totalErrorRate: float
    totalRequests: int
    userErrorRate: float
    userErrors: int


class ProtonStats(TypedDict, total=False):
    """Statistics of one proton."""

    metrics: RequestMetrics
    period: Period | None


class StatsSummary(TypedDict, total=False):
    """What a time series speaks of."""

    protonId: str
    period: Period


class MetricSeries(TypedDict, total=False):
    """One metric over time."""

    metric: Required[str]
    summary: StatsSummary
    buckets: list[dict[str, Any]]


class AllStats(TypedDict, total=False):
    """Statistics of all workloads a filter selects."""

    concurrentRequests: dict[str, float]
    errorRate: dict[str, float]
    requests: dict[str, float]
    responseTime: dict[str, float]
    workloads: dict[str, int]


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


class Bundle(TypedDict, total=False):
    """A resource bundle the platform offers."""

    id: Required[str]
    name: str
    description: str
    cpuCount: float
    memoryBytes: int
    gpuCount: int | None
    gpuMaker: str | None
    gpuTypeLabel: str | None


class Credential(TypedDict, total=False):
    """A stored credential, without what it holds."""

    credentialId: Required[str]
    name: str
    credentialType: str
    description: str | None


class CatalogItem(TypedDict, total=False):
    """The answer to the calls that store files."""

    catalogId: str
    catalogVersionId: str
    statusId: str


class Stage(TypedDict, total=False):
    """The answer to a new stage of files."""

    stageId: str
    catalogId: str


class TaskStatus(TypedDict, total=False):
    """How a task of the platform is."""

    status: str
    message: str | None
    statusId: str
