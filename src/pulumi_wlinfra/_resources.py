"""The resources of every platform.

Generated from the package schema by `python scripts/pulumi_sdk.py`; do not edit it by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import pulumi

from pulumi_wlinfra._base import Declared, Result

if TYPE_CHECKING:
    import wlinfra as wl
    from pulumi_wlinfra._types import (
        Allocation,
        ArtifactDeclaration,
        Autoscaling,
        Container,
        ContainerGroup,
        ReplacementPolicy,
        Runtime,
        ScalingPolicy,
        SharedRole,
        Storage,
    )

__all__ = ["Artifact", "Workload"]


class Artifact(Declared):
    """What runs: containers in groups, as a draft that may be edited or locked as a version."""

    _kind = "wlinfra:index:Artifact"
    _shape = "Artifact"
    _own_id = "artifactId"

    name = Result[str | None]("name")
    """Its name on the platform; the name of the resource in the program when left out."""
    adopt = Result[bool | None]("adopt")
    """Take over an existing object of that name without asking."""
    containers = Result[Any]("containers", "Container")
    """The containers of the one group named `default`."""
    container_groups = Result[Any]("containerGroups", "ContainerGroup")
    """The groups, when `containers` is not enough."""
    type = Result[str | None]("type")
    """What kind of thing it serves."""
    status = Result[str | None]("status")
    """A locked artifact is a version that never changes; a draft may be edited."""
    description = Result[str | None]("description")
    """A description for users."""
    storage = Result[Any]("storage", "Storage")
    """Where model files are kept, with type nim only."""
    template_id = Result[str | None]("templateId")
    """The template it was created from, with type nim only."""
    a2a_enabled = Result[bool | None]("a2aEnabled")
    """Whether other agents may call it, with type agent only."""
    repository = Result[str | None]("repository")
    """The repository its versions go to; a new one when left out."""
    artifact_id = Result[str]("artifactId")
    """The id of the version that is current."""
    version = Result[int | str | None]("version")
    """The number of the version; none for a draft."""
    repository_id = Result[str | None]("repositoryId")
    """The id of the repository that has its versions."""
    record = Result[str]("record")
    """What the plugin recorded of its objects; without secrets, and for the plugin alone."""

    def __init__(
        self,
        resource_name: str,
        opts: pulumi.ResourceOptions | None = None,
        *,
        name: pulumi.Input[str] | None = None,
        adopt: pulumi.Input[bool] | None = None,
        containers: pulumi.Input[Sequence[pulumi.Input[Container | wl.Container]]] | None = None,
        container_groups: pulumi.Input[Sequence[pulumi.Input[ContainerGroup | wl.ContainerGroup]]] | None = None,
        type: pulumi.Input[Literal["service", "nim", "agent", "mcp"]] | None = None,
        status: pulumi.Input[Literal["locked", "draft"]] | None = None,
        description: pulumi.Input[str] | None = None,
        storage: pulumi.Input[Storage | wl.Storage] | None = None,
        template_id: pulumi.Input[str] | None = None,
        a2a_enabled: pulumi.Input[bool] | None = None,
        repository: pulumi.Input[str] | None = None,
    ) -> None:
        """Declare the resource.

        :param name: Its name on the platform; the name of the resource in the program when left out.
        :param adopt: Take over an existing object of that name without asking.
        :param containers: The containers of the one group named `default`.
        :param container_groups: The groups, when `containers` is not enough.
        :param type: What kind of thing it serves.
        :param status: A locked artifact is a version that never changes; a draft may be edited.
        :param description: A description for users.
        :param storage: Where model files are kept, with type nim only.
        :param template_id: The template it was created from, with type nim only.
        :param a2a_enabled: Whether other agents may call it, with type agent only.
        :param repository: The repository its versions go to; a new one when left out.
        """
        super().__init__(
            resource_name,
            {
                "name": name,
                "adopt": adopt,
                "containers": containers,
                "container_groups": container_groups,
                "type": type,
                "status": status,
                "description": description,
                "storage": storage,
                "template_id": template_id,
                "a2a_enabled": a2a_enabled,
                "repository": repository,
            },
            opts,
        )


class Workload(Declared):
    """An artifact that runs, with replicas, hardware and an endpoint."""

    _kind = "wlinfra:index:Workload"
    _shape = "Workload"
    _own_id = "workloadId"

    name = Result[str | None]("name")
    """Its name on the platform; the name of the resource in the program when left out."""
    adopt = Result[bool | None]("adopt")
    """Take over an existing object of that name without asking."""
    artifact = Result[Any]("artifact", "ArtifactDeclaration")
    """What runs: the declaration of an artifact, with its id where it is a resource of its own, or the id alone."""
    replicas = Result[int | None]("replicas")
    """How many run, when that is fixed."""
    autoscaling = Result[Any]("autoscaling", "Autoscaling|ScalingPolicy")
    """How the number follows the load: a list of policies."""
    bundles = Result[Any]("bundles")
    """Bundles of resources in order of preference."""
    cpu = Result[float | None]("cpu")
    """CPU cores of the sole container."""
    memory = Result[int | str | None]("memory")
    """Memory of the sole container: bytes, or a string such as 2GB."""
    gpu = Result[float | None]("gpu")
    """GPUs of the sole container."""
    allocations = Result[Any]("allocations", "*Allocation")
    """What each container gets, by its name."""
    description = Result[str | None]("description")
    """A description for users."""
    importance = Result[str | None]("importance")
    """How much it matters when things are scarce."""
    power = Result[str | None]("power")
    """Whether it runs or is stopped with its endpoint kept."""
    replacement = Result[Any]("replacement", "ReplacementPolicy")
    """How one version takes over from another."""
    tags = Result[Any]("tags", "*")
    """Names and values for finding it."""
    shared_roles = Result[Any]("sharedRoles", "SharedRole")
    """Who else may use it; left alone when left out."""
    runtime = Result[Any]("runtime", "Runtime")
    """The long form of replicas, bundles and allocations."""
    workload_id = Result[str]("workloadId")
    """Its id on the platform."""
    endpoint = Result[str]("endpoint")
    """The URL that serves it."""
    record = Result[str]("record")
    """What the plugin recorded of its objects; without secrets, and for the plugin alone."""

    def __init__(
        self,
        resource_name: str,
        opts: pulumi.ResourceOptions | None = None,
        *,
        artifact: pulumi.Input[str | ArtifactDeclaration | Artifact | wl.Artifact],
        name: pulumi.Input[str] | None = None,
        adopt: pulumi.Input[bool] | None = None,
        replicas: pulumi.Input[int] | None = None,
        autoscaling: pulumi.Input[
            Autoscaling
            | wl.Autoscaling
            | Sequence[pulumi.Input[ScalingPolicy | wl.ScalingPolicy]]
            | ScalingPolicy
            | wl.ScalingPolicy
        ]
        | None = None,
        bundles: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        cpu: pulumi.Input[float] | None = None,
        memory: pulumi.Input[int | str] | None = None,
        gpu: pulumi.Input[float] | None = None,
        allocations: pulumi.Input[Mapping[str, pulumi.Input[Allocation | wl.Allocation]]] | None = None,
        description: pulumi.Input[str] | None = None,
        importance: pulumi.Input[Literal["critical", "high", "moderate", "low"]] | None = None,
        power: pulumi.Input[Literal["running", "stopped"]] | None = None,
        replacement: pulumi.Input[ReplacementPolicy | wl.ReplacementPolicy] | None = None,
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        shared_roles: pulumi.Input[Sequence[pulumi.Input[SharedRole | wl.SharedRole]]] | None = None,
        runtime: pulumi.Input[Runtime | wl.Runtime] | None = None,
    ) -> None:
        """Declare the resource.

        :param name: Its name on the platform; the name of the resource in the program when left out.
        :param adopt: Take over an existing object of that name without asking.
        :param artifact: What runs: the declaration of an artifact, with its id where it is a resource of its
            own, or the id alone.
        :param replicas: How many run, when that is fixed.
        :param autoscaling: How the number follows the load: a list of policies.
        :param bundles: Bundles of resources in order of preference.
        :param cpu: CPU cores of the sole container.
        :param memory: Memory of the sole container: bytes, or a string such as 2GB.
        :param gpu: GPUs of the sole container.
        :param allocations: What each container gets, by its name.
        :param description: A description for users.
        :param importance: How much it matters when things are scarce.
        :param power: Whether it runs or is stopped with its endpoint kept.
        :param replacement: How one version takes over from another.
        :param tags: Names and values for finding it.
        :param shared_roles: Who else may use it; left alone when left out.
        :param runtime: The long form of replicas, bundles and allocations.
        """
        super().__init__(
            resource_name,
            {
                "name": name,
                "adopt": adopt,
                "artifact": artifact,
                "replicas": replicas,
                "autoscaling": autoscaling,
                "bundles": bundles,
                "cpu": cpu,
                "memory": memory,
                "gpu": gpu,
                "allocations": allocations,
                "description": description,
                "importance": importance,
                "power": power,
                "replacement": replacement,
                "tags": tags,
                "shared_roles": shared_roles,
                "runtime": runtime,
            },
            opts,
        )
