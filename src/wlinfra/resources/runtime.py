"""How much of an artifact runs: replicas, bundles and allocations of each container group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator

from wlinfra.resources.autoscaling import Autoscaling, ScalingPolicy
from wlinfra.resources.declaring import Problem
from wlinfra.resources.fields import Label, Line, Memory, Number, Whole, attribute
from wlinfra.resources.model import Model

__all__ = ["Allocation", "ContainerRuntime", "GroupRuntime", "Runtime", "Scaling"]


class Allocation(Model):
    """What one container gets on its node."""

    cpu: Number | None = attribute(None, "CPU cores, 0.1 or more.", ge=0.1)
    memory: Memory | None = attribute(None, "Memory: bytes, or a string such as 2GB.")
    gpu: Number | None = attribute(None, "GPUs; a fraction where the platform can split one.", ge=0)

    def rules(self) -> Iterator[Problem]:
        """Yield an allocation that allocates nothing."""
        if self.cpu is None and self.memory is None and self.gpu is None:
            yield Problem(
                summary="Missing attribute",
                detail="An allocation names at least one of cpu, memory and gpu.",
                fix='Write it as wl.Allocation(cpu=1, memory="2GB").',
                path=("cpu",),
            )


def _to_scaling(value: Any) -> Any:
    if isinstance(value, ScalingPolicy):
        return Autoscaling(policies=(value,))
    if isinstance(value, list | tuple):
        return Autoscaling(policies=tuple(value))
    return value


Scaling: TypeAlias = Annotated[
    Autoscaling,
    BeforeValidator(_to_scaling, json_schema_input_type=Autoscaling | tuple[ScalingPolicy, ...] | ScalingPolicy),
]
"""Autoscaling, written as a list of policies or in full."""


class ContainerRuntime(Model):
    """What one container of a group gets, by the container's name."""

    name: Label = attribute(..., "The name of a container of the artifact.")
    allocation: Allocation | None = attribute(None, "What it gets.", "resource_allocation")


class GroupRuntime(Model):
    """How one container group runs."""

    name: Label = attribute("default", "The name of a group of the artifact.")
    replicas: Whole | None = attribute(None, "How many run, when that is fixed.", "replica_count", ge=1)
    autoscaling: Scaling | None = attribute(None, "How the number follows the load.")
    bundles: tuple[Line, ...] = attribute((), "Bundles of resources in order of preference.", "resource_bundles")
    bundle_selection_policy: Literal["availability"] | None = attribute(None, "How one of the bundles is chosen.")
    containers: tuple[ContainerRuntime, ...] = attribute((), "What single containers get.")

    @property
    def policies(self) -> tuple[ScalingPolicy, ...]:
        """The policies in force, bounds filled in; empty when the number of replicas is fixed."""
        return self.autoscaling.bounded() if self.autoscaling is not None and self.autoscaling.enabled else ()

    @property
    def all_policies(self) -> tuple[ScalingPolicy, ...]:
        """The policies, bounds filled in, those that are not in force too."""
        return self.autoscaling.bounded() if self.autoscaling is not None else ()

    @property
    def bounds(self) -> tuple[int, int]:
        """The fewest and the most replicas."""
        policies = self.policies
        if not policies:
            replicas = self.replicas or 1
            return replicas, replicas
        return min(policy.min or 0 for policy in policies), max(policy.max or 0 for policy in policies)

    def allocation(self, container: str) -> Allocation | None:
        """Return what the container gets, None when nothing is declared."""
        return next((entry.allocation for entry in self.containers if entry.name == container), None)

    def rules(self) -> Iterator[Problem]:
        """Yield replicas next to autoscaling, and containers named twice."""
        if self.replicas is not None and self.autoscaling is not None and self.autoscaling.enabled:
            yield Problem(
                summary="Attributes exclude each other",
                detail="The number of replicas is either fixed or left to autoscaling.",
                fix="Leave replicas out, or autoscaling.",
                path=("replicas",),
            )
        names = [container.name for container in self.containers]
        if len(set(names)) < len(names):
            yield Problem(
                summary="Duplicate container name",
                detail="The same container is given two allocations.",
                fix="Give each container once.",
                path=("containers",),
            )


class Runtime(Model):
    """How every container group of a workload runs."""

    container_groups: tuple[GroupRuntime, ...] = attribute(
        ..., "The groups, by the names the artifact gives them.", min_length=1
    )

    def rules(self) -> Iterator[Problem]:
        """Yield groups named twice."""
        names = [group.name for group in self.container_groups]
        if len(set(names)) < len(names):
            yield Problem(
                summary="Duplicate group name",
                detail="The same group is described twice.",
                fix="Describe each group once.",
                path=("container_groups",),
            )
