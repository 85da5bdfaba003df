"""The bodies that the API takes for workloads, per dialect; `shapes` has those of artifacts and what both use."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from .shapes import GroupBound, Importance, InputArtifact, LegacyBound, Memory, Name, Shape


class Policy(Shape):
    """One rule of autoscaling."""

    scaling_metric: str
    target: Annotated[float, Field(ge=0)]
    priority: int | None = None
    min_count: LegacyBound = None
    max_count: LegacyBound = None


class Autoscaling(Shape):
    """How a group scales by itself."""

    enabled: bool = True
    min_replica_count: GroupBound | None = None
    max_replica_count: GroupBound | None = None
    cooldown_period_minutes: GroupBound | None = None
    policies: list[Policy]


class Allocation(Shape):
    """What one container gets."""

    cpu: Annotated[float, Field(ge=0.1)] | None = None
    gpu: Annotated[float, Field(ge=0)] | None = None
    memory: Memory = None


class ContainerOverride(Shape):
    """Run-time settings of one container."""

    name: str
    resource_allocation: Allocation | None = None


class GroupRuntime(Shape):
    """Run-time settings of one group."""

    name: str = "default"
    replica_count: Annotated[int, Field(ge=1)] | None = None
    autoscaling: Autoscaling | None = None
    bundle_selection_policy: Literal["availability"] = "availability"
    resource_bundles: list[str] | None = None
    containers: list[ContainerOverride] | None = None
    resolved_bundle: Any = None

    @model_validator(mode="after")
    def _one_way_of_scaling(self) -> Self:
        if self.autoscaling is None or not self.autoscaling.enabled:
            return self
        if self.replica_count is not None:
            raise PydanticCustomError("value_error", "replicaCount cannot be set when autoscaling is enabled")
        return self


class Runtime(Shape):
    """Run-time settings of a workload."""

    container_groups: list[GroupRuntime] = Field(default_factory=list)


class CreateWorkload(Shape):
    """A workload to create."""

    name: Name
    description: str | None = None
    importance: Importance = "low"
    artifact_id: str | None = None
    artifact: InputArtifact | None = None
    runtime: Runtime | None = None

    @model_validator(mode="after")
    def _exactly_one_artifact(self) -> Self:
        if (self.artifact is None) == (self.artifact_id is None):
            raise PydanticCustomError("value_error", "Exactly one of artifact and artifactId is needed")
        return self


class UpdateWorkload(Shape):
    """What a PATCH of a workload may hold."""

    name: Name | None = None
    description: str | None = None
    importance: Importance | None = None


class UpdateSettings(Shape):
    """New run-time settings."""

    runtime: Runtime


class ReplacementConfig(Shape):
    """The timing of a replacement."""

    keep_old_version_minutes: Annotated[int, Field(ge=0)] = 0
    warmup_duration_minutes: Annotated[int, Field(ge=0)] = 0


class StartReplacement(Shape):
    """A replacement to start."""

    artifact_id: str
    strategy: Literal["rolling"]
    config: ReplacementConfig = Field(default_factory=ReplacementConfig)
    runtime: Runtime | None = None


class Grant(Shape):
    """A role for one recipient, named by id or user name."""

    share_recipient_type: Literal["user", "group", "organization", "role"]
    role: Literal[
        "NO_ROLE", "OWNER", "READ_WRITE", "EDITOR", "USER", "DATA_SCIENTIST", "ADMIN", "READ_ONLY", "CONSUMER", "OBSERVER"
    ]  # fmt: skip
    id: str | None = None
    username: str | None = None

    @model_validator(mode="after")
    def _one_recipient(self) -> Self:
        if (self.id is None) == (self.username is None):
            raise PydanticCustomError("value_error", "Exactly one of id and username is needed")
        return self


class UpdateRoles(Shape):
    """Roles to give, change or take away."""

    operation: Literal["updateRoles"]
    roles: Annotated[list[Grant], Field(min_length=1, max_length=100)]
