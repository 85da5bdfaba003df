"""The workload: an artifact that runs. Providers read `Workload.groups`, whichever form the user wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import PlainValidator, WithJsonSchema
from typing_extensions import Unpack

from wlinfra.resources.artifact import Artifact
from wlinfra.resources.autoscaling import Autoscaling, ScalingPolicy
from wlinfra.resources.base import Resource, ResourceOptions
from wlinfra.resources.container import ContainerGroup
from wlinfra.resources.declaring import Problem
from wlinfra.resources.fields import (
    TEXT_SCHEMA,
    Label,
    Line,
    Memory,
    Number,
    Plain,
    Prose,
    Whole,
    Word,
    attribute,
    broken_rule,
    marked,
    to_text,
)
from wlinfra.resources.model import Model
from wlinfra.resources.runtime import Allocation, ContainerRuntime, GroupRuntime, Runtime, Scaling
from wlinfra.values import Path, Ref, Template

__all__ = ["ReplacementPolicy", "SharedRole", "Workload"]


class ReplacementPolicy(Model):
    """How one version takes over from another; it works at the next roll and causes none itself."""

    warmup_minutes: Whole | None = attribute(
        None, "Minutes the new version warms up before requests reach it.", "warmup_duration_minutes", ge=0
    )
    keep_old_minutes: Whole | None = attribute(
        None, "Minutes the old version is kept after the switch.", "keep_old_version_minutes", ge=0
    )


class SharedRole(Model):
    """Who else may use a workload, and how."""

    role: Literal[
        "OWNER", "READ_WRITE", "EDITOR", "USER", "DATA_SCIENTIST", "ADMIN", "READ_ONLY", "CONSUMER", "OBSERVER"
    ] = attribute(..., "What the recipient may do; leave the entry out to revoke it.")
    recipient: Literal["user", "group", "organization", "role"] = attribute(
        "user", "Who the recipient is.", "share_recipient_type"
    )
    id: Line | None = attribute(None, "The recipient's id; either this or `username`.")
    username: Word | None = attribute(None, "The recipient's user name.", min_length=1)

    def rules(self) -> Iterator[Problem]:
        """Yield a recipient named twice or not at all, and a name for what has none."""
        if (self.id is None) == (self.username is None):
            yield Problem(
                summary="Recipient not clear",
                detail="A role goes to one recipient, named by id or by user name.",
                fix="Give either id= or username=.",
                path=("id",),
            )
        elif self.username is not None and self.recipient != "user":
            yield Problem(
                summary="Attributes exclude each other",
                detail="Only a user has a user name.",
                fix="Give the recipient's id.",
                path=("username",),
            )


def _to_artifact(value: Any) -> Artifact | str | Ref | Template:
    if isinstance(value, Artifact):
        return value
    if not isinstance(value, str | Ref | Template | Resource):
        raise broken_rule(
            Problem(
                summary="Wrong type",
                detail=f"What runs is an artifact or the id of one, not {type(value).__name__}.",
                fix='Write it as artifact=wl.Artifact("server", containers=[...]).',
            )
        )
    return to_text(value)


ArtifactOrId: TypeAlias = Annotated[
    Artifact | str | Ref | Template,
    PlainValidator(_to_artifact),
    WithJsonSchema({"anyOf": [*TEXT_SCHEMA["anyOf"], marked("$resource", {"type": "string"})]}),
]

_LITTLE = 1_000_000
"""Bytes below which a number is surely meant in another unit."""
_SHORT = ("replicas", "autoscaling", "bundles", "cpu", "memory", "gpu", "allocations")


class Workload(Resource):
    """An artifact that runs, with replicas, hardware and an endpoint.

    >>> chat = Workload("chat", artifact="65f0c0ffee0123456789abcd", replicas=2, bundles=["cpu.small"])
    >>> chat.groups[0].bounds, f"{chat.endpoint}v1/models"
    ((2, 2), '${wlinfra:workload.chat#endpoint}v1/models')
    """

    __slots__ = ("_groups",)

    type: ClassVar[str] = "workload"

    artifact: ArtifactOrId = attribute(
        ...,
        "What runs: an artifact, or the id of one that exists; an artifact that is not yielded is created with the workload.",
        "artifact",
        "artifact_id",
    )
    replicas: Whole | None = attribute(None, "How many run, when that is fixed.", "replica_count", ge=1)
    autoscaling: Scaling | None = attribute(None, "How the number follows the load: a list of policies.")
    bundles: tuple[Line, ...] = attribute((), "Bundles of resources in order of preference.", "resource_bundles")
    cpu: Number | None = attribute(None, "CPU cores of the sole container.", ge=0.1)
    memory: Memory | None = attribute(None, "Memory of the sole container: bytes, or a string such as 2GB.")
    gpu: Number | None = attribute(None, "GPUs of the sole container.", ge=0)
    allocations: dict[Label, Allocation] = attribute({}, "What each container gets, by its name.")
    description: Prose | None = attribute(None, "A description for users.")
    importance: Literal["critical", "high", "moderate", "low"] | None = attribute(
        None, "How much it matters when things are scarce."
    )
    power: Literal["running", "stopped"] = attribute("running", "Whether it runs or is stopped with its endpoint kept.")
    replacement: ReplacementPolicy | None = attribute(None, "How one version takes over from another.")
    tags: dict[Plain, Line] | None = attribute(None, "Names and values for finding it.")
    shared_roles: tuple[SharedRole, ...] | None = attribute(None, "Who else may use it; left alone when left out.")
    runtime: Runtime | None = attribute(None, "The long form of replicas, bundles and allocations.")

    if TYPE_CHECKING:

        def __init__(
            self,
            name: str,
            /,
            *,
            artifact: Artifact | str | Ref | Template | Resource,
            replicas: int | None = None,
            autoscaling: Sequence[ScalingPolicy] | ScalingPolicy | Autoscaling | None = None,
            bundles: Sequence[str | Ref] | None = (),
            cpu: float | None = None,
            memory: int | str | None = None,
            gpu: float | None = None,
            allocations: Mapping[str, Allocation] | None = None,
            description: str | Ref | Template | None = None,
            importance: Literal["critical", "high", "moderate", "low"] | None = None,
            power: Literal["running", "stopped"] | None = "running",
            replacement: ReplacementPolicy | None = None,
            tags: Mapping[str, str] | None = None,
            shared_roles: Sequence[SharedRole] | None = None,
            runtime: Runtime | None = None,
            **options: Unpack[ResourceOptions],
        ) -> None: ...

    @property
    def groups(self) -> tuple[GroupRuntime, ...]:
        """How each container group runs, in the long form; empty when the platform decides everything."""
        known: tuple[GroupRuntime, ...] | None = getattr(self, "_groups", None)
        if known is None:
            known = self._settle()
            object.__setattr__(self, "_groups", known)
        return known

    def _settle(self) -> tuple[GroupRuntime, ...]:
        if self.runtime is not None:
            return self.runtime.container_groups
        if not self._short():
            return ()
        group = GroupRuntime.model_construct(
            name=self._artifact_groups[0].name if self._artifact_groups else "default",
            replicas=self.replicas,
            autoscaling=self.autoscaling,
            bundles=self.bundles,
            containers=tuple(
                ContainerRuntime.model_construct(name=name, allocation=allocation)
                for name, allocation in self._allocations().items()
            ),
        )
        return (group,)

    @property
    def id(self) -> Ref:
        """Its id on the platform."""
        return self.ref("id")

    @property
    def endpoint(self) -> Ref:
        """The URL that serves it."""
        return self.ref("endpoint")

    @property
    def _artifact_groups(self) -> tuple[ContainerGroup, ...]:
        return self.artifact.groups if isinstance(self.artifact, Artifact) else ()

    def _short(self) -> list[str]:
        return [name for name in _SHORT if getattr(self, name) not in (None, (), {})]

    def _allocations(self) -> dict[str, Allocation]:
        if self.cpu is None and self.memory is None and self.gpu is None:
            return self.allocations
        own = Allocation.model_construct(cpu=self.cpu, memory=self.memory, gpu=self.gpu)
        return {self._artifact_groups[0].containers[0].name or "main": own}

    def rules(self) -> Iterator[Problem]:
        """Yield what is wrong between its attributes, and between it and its artifact."""
        short = self._short()
        if self.runtime is not None and short:
            yield Problem(
                summary="Attributes exclude each other",
                detail=f"runtime is the long form of {', '.join(short)}.",
                fix="Give everything in runtime, or leave it out.",
                path=("runtime",),
            )
            return
        yield from self._check_scaling()
        wrong = list(self._check_allocation())
        yield from wrong
        if not wrong:
            yield from self._check_names()
        yield from self._check_roles()

    def _check_scaling(self) -> Iterator[Problem]:
        if self.replicas is not None and self.autoscaling is not None and self.autoscaling.enabled:
            yield Problem(
                summary="Attributes exclude each other",
                detail="The number of replicas is either fixed or left to autoscaling.",
                fix="Leave replicas out, or autoscaling.",
                path=("replicas",),
            )

    def _check_allocation(self) -> Iterator[Problem]:
        sole = [name for name in ("cpu", "memory", "gpu") if getattr(self, name) is not None]
        if len(self._artifact_groups) > 1 and self._short():
            yield Problem(
                summary="Group not clear",
                detail="The artifact has several container groups, and the short form describes one.",
                fix="Give runtime=wl.Runtime(container_groups=[...]).",
                path=(self._short()[0],),
            )
        elif sole and self.allocations:
            yield Problem(
                summary="Attributes exclude each other",
                detail=f"{', '.join(sole)} and allocations declare the same thing.",
                fix="Keep allocations.",
                path=("allocations",),
            )
        elif sole and not isinstance(self.artifact, Artifact):
            yield Problem(
                summary="Container not clear",
                detail="The artifact is given by its id, so the names of its containers are not known here.",
                fix='Name the container: allocations={"main": wl.Allocation(...)}.',
                path=(sole[0],),
            )
        elif sole and len(self._artifact_groups[0].containers) > 1:
            yield Problem(
                summary="Container not clear",
                detail="The artifact has several containers.",
                fix='Say which gets what: allocations={"main": wl.Allocation(...), ...}.',
                path=(sole[0],),
            )

    def _check_names(self) -> Iterator[Problem]:
        known = {group.name: group for group in self._artifact_groups}
        if not known:
            return
        for index, runtime in enumerate(self.groups):
            path = ("runtime", "container_groups", index) if self.runtime is not None else ()
            group = known.get(runtime.name)
            if group is None:
                yield Problem(
                    summary="Unknown container group",
                    detail=f"The artifact has no group {runtime.name}; it has {', '.join(known)}.",
                    fix="Use the name the artifact gives it.",
                    path=(*path, "name"),
                )
            else:
                yield from _check_containers(group, runtime, (*path, "containers" if path else "allocations"))

    def _check_roles(self) -> Iterator[Problem]:
        recipients = [str((role.recipient, str(role.id), role.username)) for role in self.shared_roles or ()]
        if len(set(recipients)) < len(recipients):
            yield Problem(
                summary="Duplicate recipient",
                detail="The same recipient is given two roles.",
                fix="Keep one role for each recipient.",
                path=("shared_roles",),
            )

    def warnings(self) -> Iterator[Problem]:
        """Yield amounts of memory that nothing runs in, and what is odd about an artifact that is created with it."""
        for index, group in enumerate(self.groups):
            for entry in group.containers:
                memory = entry.allocation.memory if entry.allocation is not None else None
                if memory is not None and memory < _LITTLE:
                    short: Path = ("memory",) if self.memory is not None else ("allocations", entry.name)
                    yield Problem(
                        summary="Hardly any memory",
                        detail=f"{memory} bytes are less than anything runs in; a number without a unit is in bytes.",
                        fix=f'Write it with its unit, as "{memory}GB" or "{memory}MB".',
                        path=("runtime", "container_groups", index) if self.runtime is not None else short,
                    )
        if isinstance(self.artifact, Artifact):
            yield from self.artifact.warnings()


def _check_containers(group: ContainerGroup, runtime: GroupRuntime, path: tuple[str | int, ...]) -> Iterator[Problem]:
    names = [str(container.name) for container in group.containers]
    for entry in runtime.containers:
        if entry.name not in names:
            yield Problem(
                summary="Unknown container",
                detail=f"The artifact has no container {entry.name}; it has {', '.join(names)}.",
                fix="Use the name the artifact gives it.",
                path=(*path, entry.name),
            )
    missing = [name for name in names if runtime.allocation(name) is None]
    if len(names) > 1 and missing and not runtime.bundles:
        yield Problem(
            summary="Missing allocation",
            detail=f"With several containers each needs an allocation, and {', '.join(missing)} has none.",
            fix="Give every container an allocation, or give bundles.",
            path=path,
        )
