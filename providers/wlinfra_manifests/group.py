"""One container group on its way to become objects: what every renderer needs to know about it.

`render` makes one for each group of the artifact and hands it to the renderers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from wlinfra.provider import Manifest, RenderedObject
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.autoscaling import Metric, ScalingPolicy
from wlinfra.resources.container import Container, ContainerGroup
from wlinfra.resources.declaring import Problem
from wlinfra.resources.runtime import GroupRuntime
from wlinfra.resources.workload import Workload
from wlinfra.values import Path

from .labels import GROUP, RESOLVED_BUNDLE, WORKLOAD, Description
from .model import Bundle, Target
from .problems import Problems

__all__ = ["Group", "group_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of the artifact, how it runs, and where."""

    workload: Workload
    artifact: Artifact
    target: Target
    containers: ContainerGroup
    runtime: GroupRuntime
    description: Description
    problems: Problems
    name: str
    """The name of its Deployment and of most of its objects."""
    owner: str
    """The workload's name in the namespace, for the selector."""
    is_sole: bool
    bundle_id: str = ""
    bundle: Bundle | None = None

    # ------------------------------------------------------------ what it is

    @property
    def primary(self) -> Container:
        """The container that requests go to."""
        return self.containers.primary

    @property
    def port(self) -> int:
        """The port requests go to."""
        return self.primary.port or 8080

    @property
    def is_nim(self) -> bool:
        """True for a model server that needs its model files."""
        return self.artifact.artifact_type == "nim"

    @property
    def by_operator(self) -> bool:
        """True when the NIM Operator runs it."""
        return self.is_nim and self.target.nim == "operator"

    @property
    def is_stopped(self) -> bool:
        """True when nothing of it must run."""
        return self.workload.power == "stopped"

    @property
    def policies(self) -> tuple[ScalingPolicy, ...]:
        """The policies in force; none while it is stopped."""
        return () if self.is_stopped else self.runtime.policies

    @property
    def counts_requests(self) -> bool:
        """True when its requests go through the add-on that counts them; also while it is stopped, for its address."""
        counted = any(
            policy.metric in (Metric.CONCURRENCY, Metric.REQUESTS_IN_FLIGHT) for policy in self.runtime.policies
        )
        return counted and self.target.http_scaling != "none"

    # ------------------------------------------------------------ what its objects carry

    @property
    def selector(self) -> dict[str, str]:
        """The labels its pods are found by, the same for life: another selector would need other objects."""
        return {WORKLOAD: self.owner, GROUP: self.containers.name}

    def part(self, kind: str) -> str:
        """Return the part of one of its objects."""
        return kind if self.is_sole else f"{self.containers.name}/{kind}"

    def metadata(self, name: str) -> Manifest:
        """Return the metadata of an object of that name."""
        return {
            "name": name,
            "namespace": self.target.namespace,
            "labels": {**self.description.labels, "app.kubernetes.io/name": self.owner, **self.selector},
        }

    def main_metadata(self) -> Manifest:
        """Return the metadata of what runs the pods: it alone is annotated, so that a new description is one change."""
        annotations = dict(self.description.annotations)
        if self.bundle_id:
            annotations[RESOLVED_BUNDLE] = self.bundle_id
        return {**self.metadata(self.name), "annotations": annotations}

    # ------------------------------------------------------------ where things are declared

    def in_artifact(self, container: Container, *path: str | int) -> Path:
        """Return where something of a container stands in the artifact."""
        index = next(i for i, other in enumerate(self.containers.containers) if other is container)
        if self.artifact.containers:
            return ("containers", index, *path)
        group = next(i for i, other in enumerate(self.artifact.groups) if other.name == self.containers.name)
        return ("container_groups", group, "containers", index, *path)

    def in_runtime(self, *path: str | int) -> Path:
        """Return where something of the group's runtime stands in the workload."""
        if self.workload.runtime is None:
            return path
        groups = self.workload.runtime.container_groups
        index = next((i for i, other in enumerate(groups) if other.name == self.runtime.name), 0)
        return ("runtime", "container_groups", index, *path)

    def in_allocation(self, container: Container, attribute: str) -> Path:
        """Return where the allocation of a container stands in the workload."""
        if self.workload.runtime is not None:
            return self.in_runtime("containers", container.name or "main", "resource_allocation", attribute)
        return ("allocations", container.name or "main", attribute) if self.workload.allocations else (attribute,)

    def in_policy(self, policy: ScalingPolicy, *path: str | int) -> Path:
        """Return where something of a policy stands in the workload."""
        index = next(i for i, other in enumerate(self.runtime.policies) if other.metric == policy.metric)
        return self.in_runtime("autoscaling", "policies", index, *path)

    # ------------------------------------------------------------ what cannot be honoured

    def refuse_container(self, container: Container, attribute: str, problem: Problem) -> None:
        """Report an error of a container; the problem's own path goes below the attribute."""
        path = self.in_artifact(container, attribute, *problem.path)
        self.problems.refuse(self.artifact, replace(problem, path=path))

    def refuse_workload(self, path: Path, problem: Problem) -> None:
        """Report an error of the workload."""
        self.problems.refuse(self.workload, replace(problem, path=path))

    def warn_workload(self, path: Path, problem: Problem) -> None:
        """Report a warning about the workload."""
        self.problems.warn(self.workload, replace(problem, path=path))


def group_of(workload: Workload, item: RenderedObject) -> GroupRuntime | None:
    """Return the group that a rendered object stands for, by its part; None where the workload declares none."""
    name = item.part.rpartition("/")[0]
    return next((group for group in workload.groups if not name or group.name == name), None)
