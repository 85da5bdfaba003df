"""The parts of resources as dicts, in which an Output may stand anywhere.

Generated from the package schema by `python scripts/pulumi_sdk.py`; do not edit it by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Required, TypedDict

import pulumi

if TYPE_CHECKING:
    import wlinfra as wl
    from pulumi_wlinfra.kubernetes import Manifest
    from wlinfra.resources.variables import ApiKey, Credential
    from wlinfra.values import Secret

__all__ = [
    "Allocation",
    "ArtifactDeclaration",
    "Autoscaling",
    "Capabilities",
    "CodeRef",
    "Container",
    "ContainerGroup",
    "ContainerRuntime",
    "GeneratedDockerfile",
    "GroupRuntime",
    "ImageBuild",
    "ManifestDeclaration",
    "Probe",
    "ProvidedDockerfile",
    "ReplacementPolicy",
    "Runtime",
    "ScalingPolicy",
    "SeccompProfile",
    "SecurityContext",
    "SharedRole",
    "Storage",
]


class Allocation(TypedDict, total=False):
    """What one container gets on its node."""

    cpu: pulumi.Input[float] | None
    """CPU cores, 0.1 or more."""
    memory: pulumi.Input[int | str] | None
    """Memory: bytes, or a string such as 2GB."""
    gpu: pulumi.Input[float] | None
    """GPUs; a fraction where the platform can split one."""


class ArtifactDeclaration(TypedDict, total=False):
    """A declaration of Artifact, alone or with the id of the resource that it declares."""

    id: pulumi.Input[str] | None
    """Its `artifactId`, where it is a resource of its own."""
    name: pulumi.Input[str] | None
    """Its name on the platform; the name of the resource in the program when left out."""
    adopt: pulumi.Input[bool] | None
    """Take over an existing object of that name without asking."""
    containers: pulumi.Input[Sequence[pulumi.Input[Container | wl.Container]]] | None
    """The containers of the one group named `default`."""
    container_groups: pulumi.Input[Sequence[pulumi.Input[ContainerGroup | wl.ContainerGroup]]] | None
    """The groups, when `containers` is not enough."""
    type: pulumi.Input[Literal["service", "nim", "agent", "mcp"]] | None
    """What kind of thing it serves."""
    status: pulumi.Input[Literal["locked", "draft"]] | None
    """A locked artifact is a version that never changes; a draft may be edited."""
    description: pulumi.Input[str] | None
    """A description for users."""
    storage: pulumi.Input[Storage | wl.Storage] | None
    """Where model files are kept, with type nim only."""
    template_id: pulumi.Input[str] | None
    """The template it was created from, with type nim only."""
    a2a_enabled: pulumi.Input[bool] | None
    """Whether other agents may call it, with type agent only."""
    repository: pulumi.Input[str] | None
    """The repository its versions go to; a new one when left out."""


class Autoscaling(TypedDict, total=False):
    """Policies of one group; bounds given here hold for every policy without its own."""

    enabled: pulumi.Input[bool] | None
    """Whether it is in force."""
    policies: Required[pulumi.Input[Sequence[pulumi.Input[ScalingPolicy | wl.ScalingPolicy]]]]
    """The policies."""
    min_replicas: pulumi.Input[int] | None
    """The fewest replicas for all policies."""
    max_replicas: pulumi.Input[int] | None
    """The most replicas for all policies."""


class Capabilities(TypedDict, total=False):
    """Linux capabilities given to a container or taken from it."""

    add: pulumi.Input[Sequence[pulumi.Input[str]]] | None
    """Capabilities to give; ordinary users may not."""
    drop: pulumi.Input[Sequence[pulumi.Input[str]]] | None
    """Capabilities to take away."""


class CodeRef(TypedDict, total=False):
    """Source files the platform stores."""

    catalog_id: Required[pulumi.Input[str]]
    """The id of the stored files."""
    catalog_version_id: Required[pulumi.Input[str]]
    """The version of the stored files."""


class Container(TypedDict, total=False):
    """One container: its image, port, environment and probes."""

    image: pulumi.Input[str] | None
    """The image to run; either this or `build`."""
    build: pulumi.Input[ImageBuild | wl.ImageBuild] | None
    """How the platform builds the image."""
    port: pulumi.Input[int] | None
    """The port it serves on; the primary container only."""
    name: pulumi.Input[str] | None
    """Its name; needed when there are several containers, else `main`."""
    primary: pulumi.Input[bool] | None
    """Whether requests go to it; a sole container is primary by itself."""
    env: pulumi.Input[Mapping[str, pulumi.Input[str | Secret | Credential | ApiKey]]] | None
    """Environment variables: a dict, or a list of names and values."""
    entrypoint: pulumi.Input[Sequence[pulumi.Input[str]]] | None
    """The command to start, as a list; the image's own when left out."""
    readiness: pulumi.Input[Probe | wl.Probe] | None
    """Checks whether it can receive requests."""
    liveness: pulumi.Input[Probe | wl.Probe] | None
    """Checks whether it must be restarted."""
    startup: pulumi.Input[Probe | wl.Probe] | None
    """Checks whether it has started; the other probes wait for it."""
    security: pulumi.Input[SecurityContext | wl.SecurityContext] | None
    """What it may do on its node."""
    description: pulumi.Input[str] | None
    """A description for users."""


class ContainerGroup(TypedDict, total=False):
    """Containers that run side by side in one pod."""

    containers: Required[pulumi.Input[Sequence[pulumi.Input[Container | wl.Container]]]]
    """The containers, one of them primary."""
    name: pulumi.Input[str] | None
    """Its name; a workload's runtime refers to it."""


class ContainerRuntime(TypedDict, total=False):
    """What one container of a group gets, by the container's name."""

    name: Required[pulumi.Input[str]]
    """The name of a container of the artifact."""
    allocation: pulumi.Input[Allocation | wl.Allocation] | None
    """What it gets."""


class GeneratedDockerfile(TypedDict, total=False):
    """A Dockerfile the platform creates from one of its execution environments."""

    source: pulumi.Input[Literal["generated"]] | None
    """The kind of Dockerfile."""
    execution_environment_id: Required[pulumi.Input[str]]
    """The id of the execution environment."""
    execution_environment_version_id: Required[pulumi.Input[str]]
    """The version of the execution environment."""
    entrypoint: Required[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """The command the image starts."""


class GroupRuntime(TypedDict, total=False):
    """How one container group runs."""

    name: pulumi.Input[str] | None
    """The name of a group of the artifact."""
    replicas: pulumi.Input[int] | None
    """How many run, when that is fixed."""
    autoscaling: (
        pulumi.Input[
            Autoscaling
            | wl.Autoscaling
            | Sequence[pulumi.Input[ScalingPolicy | wl.ScalingPolicy]]
            | ScalingPolicy
            | wl.ScalingPolicy
        ]
        | None
    )
    """How the number follows the load."""
    bundles: pulumi.Input[Sequence[pulumi.Input[str]]] | None
    """Bundles of resources in order of preference."""
    bundle_selection_policy: pulumi.Input[Literal["availability"]] | None
    """How one of the bundles is chosen."""
    containers: pulumi.Input[Sequence[pulumi.Input[ContainerRuntime | wl.ContainerRuntime]]] | None
    """What single containers get."""


class ImageBuild(TypedDict, total=False):
    """How the platform builds the image from sources."""

    code_ref: pulumi.Input[CodeRef | wl.CodeRef] | None
    """The sources; needed before a build or a lock."""
    dockerfile: (
        pulumi.Input[str | ProvidedDockerfile | wl.ProvidedDockerfile | GeneratedDockerfile | wl.GeneratedDockerfile]
        | None
    )
    """The Dockerfile: a path in the sources, or one that is generated; the one at the root when left out."""


class Probe(TypedDict, total=False):
    """An HTTP request that checks whether a container has started, is ready, or is alive.

    What is left out is the platform's own; the port is that of the container."""

    path: Required[pulumi.Input[str]]
    """The path asked for."""
    port: pulumi.Input[int] | None
    """The port asked; the container's port when left out."""
    scheme: pulumi.Input[Literal["HTTP", "HTTPS"]] | None
    """How it is asked; HTTP when left out."""
    host: pulumi.Input[str] | None
    """The host name sent with the request."""
    headers: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None
    """Headers sent with the request."""
    initial_delay_seconds: pulumi.Input[int] | None
    """Seconds to wait before the first request."""
    period_seconds: pulumi.Input[int] | None
    """Seconds between two requests."""
    timeout_seconds: pulumi.Input[int] | None
    """Seconds to wait for an answer."""
    failure_threshold: pulumi.Input[int] | None
    """Failures in a row that count as failed."""
    success_threshold: pulumi.Input[int] | None
    """Successes in a row that count as passed."""


class ProvidedDockerfile(TypedDict, total=False):
    """A Dockerfile that is part of the sources."""

    source: pulumi.Input[Literal["provided"]] | None
    """The kind of Dockerfile."""
    path: pulumi.Input[str] | None
    """Its path in the sources."""


class ReplacementPolicy(TypedDict, total=False):
    """How one version takes over from another; it works at the next roll and causes none itself."""

    warmup_minutes: pulumi.Input[int] | None
    """Minutes the new version warms up before requests reach it."""
    keep_old_minutes: pulumi.Input[int] | None
    """Minutes the old version is kept after the switch."""


class Runtime(TypedDict, total=False):
    """How every container group of a workload runs."""

    container_groups: Required[pulumi.Input[Sequence[pulumi.Input[GroupRuntime | wl.GroupRuntime]]]]
    """The groups, by the names the artifact gives them."""


class ScalingPolicy(TypedDict, total=False):
    """One metric with the value to keep and the bounds to stay within."""

    metric: Required[pulumi.Input[str]]
    """What is measured."""
    target: Required[pulumi.Input[float]]
    """The value to keep for each replica."""
    min: pulumi.Input[int] | None
    """The fewest replicas; with 0 it scales to zero when idle."""
    max: pulumi.Input[int] | None
    """The most replicas."""
    priority: pulumi.Input[int] | None
    """Ranks several policies."""


class SeccompProfile(TypedDict, total=False):
    """Which system calls a container may make."""

    type: Required[pulumi.Input[Literal["RuntimeDefault", "Unconfined", "Localhost"]]]
    """Whose profile it is."""
    localhost_profile: pulumi.Input[str] | None
    """The profile's file on the node, with type Localhost only."""


class SecurityContext(TypedDict, total=False):
    """What a container may do on its node; ordinary users can only tighten it."""

    capabilities: pulumi.Input[Capabilities | wl.Capabilities] | None
    """Linux capabilities added and dropped."""
    allow_privilege_escalation: pulumi.Input[bool] | None
    """Whether a process may gain more rights than its parent."""
    read_only_root_filesystem: pulumi.Input[bool] | None
    """Whether the root file system is read only."""
    seccomp_profile: pulumi.Input[SeccompProfile | wl.SeccompProfile] | None
    """Which system calls are allowed."""


class SharedRole(TypedDict, total=False):
    """Who else may use a workload, and how."""

    role: Required[
        pulumi.Input[
            Literal[
                "OWNER", "READ_WRITE", "EDITOR", "USER", "DATA_SCIENTIST", "ADMIN", "READ_ONLY", "CONSUMER", "OBSERVER"
            ]
        ]
    ]
    """What the recipient may do; leave the entry out to revoke it."""
    recipient: pulumi.Input[Literal["user", "group", "organization", "role"]] | None
    """Who the recipient is."""
    id: pulumi.Input[str] | None
    """The recipient's id; either this or `username`."""
    username: pulumi.Input[str] | None
    """The recipient's user name."""


class Storage(TypedDict, total=False):
    """Where a model server keeps its model files."""

    mode: pulumi.Input[Literal["dedicated_pvc", "nim_cache"]] | None
    """Its own volume, or one shared by all workloads that run the same model image."""
    pvc_size: pulumi.Input[str] | None
    """The size of the volume, such as 200Gi; the platform's own when left out."""


class ManifestDeclaration(TypedDict, total=False):
    """A declaration of Manifest, alone or with the id of the resource that it declares."""

    id: pulumi.Input[str] | None
    """Its `manifestId`, where it is a resource of its own."""
    adopt: pulumi.Input[bool] | None
    """Take over an existing object of that name without asking."""
    manifest: Required[pulumi.Input[Mapping[str, Any]]]
    """The object as Kubernetes takes it."""
    cluster_scoped: pulumi.Input[bool] | None
    """Whether it lives in no namespace; known for the kinds of Kubernetes itself."""
    outputs: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None
    """Names of outputs and the paths they stand at, such as status.loadBalancer."""
    roll_on: pulumi.Input[Sequence[pulumi.Input[Mapping[str, Any] | Manifest]]] | None
    """Secrets and ConfigMaps whose change restarts its pods, which read them at their start."""
