"""Workloads, their rollouts, statistics and the account on the wire, as types of plain dictionaries.

Documents stay the dictionaries the server sent, so that fields these types do not name survive a read and a write.
Names and shapes follow the published Workloads API reference (June 2026). Answers are held against them where they
enter; `Required` is what is read without asking whether it is there.
"""

from __future__ import annotations

from typing import Any, Required, TypedDict

from wlinfra_datarobot.client.wire_common import Tag, User


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
    name: str
    createdAt: str
    updatedAt: str
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


class OperationAnswer(TypedDict, total=False):
    """The answer to start and stop; ``trackVia`` is the URL to watch."""

    status: str
    workloadId: Required[str]
    trackVia: str


class ReplacementConfig(TypedDict, total=False):
    """Timing of a replacement, in minutes."""

    warmupDurationMinutes: int
    keepOldVersionMinutes: int


class ContainerStatus(TypedDict, total=False):
    """How one container of a replica is."""

    name: str
    image: str
    ready: bool
    restartCount: int
    startedAt: str | None
    status: str
    reason: str | None
    message: str | None
    exitCode: int | None
    lastState: LastState | None


class LastState(TypedDict, total=False):
    """How the run of a container before this one ended."""

    status: str
    reason: str
    message: str
    exitCode: int | None
    startedAt: str | None
    finishedAt: str | None


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


class RelatedObjects(TypedDict):
    """The answer that lists what belongs to a workload, without pages."""

    data: list[Related]


class SharedRole(TypedDict, total=False):
    """Who may do what with an object."""

    id: Required[str]
    name: str
    role: Required[str]
    shareRecipientType: Required[str]


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

    metric: str
    summary: StatsSummary
    buckets: list[dict[str, Any]]


class AllStats(TypedDict, total=False):
    """Statistics of all workloads a filter selects."""

    concurrentRequests: dict[str, float]
    errorRate: dict[str, float]
    requests: dict[str, float]
    responseTime: dict[str, float]
    workloads: dict[str, int]


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

    credentialId: str
    name: str
    credentialType: str
    description: str | None
