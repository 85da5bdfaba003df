"""The artifact: what runs, apart from where and how much. Workloads refer to it; providers read `Artifact.groups`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator
from typing_extensions import Unpack

from wlinfra.resources.base import Resource, ResourceOptions
from wlinfra.resources.container import Container, ContainerGroup, check_containers, settle
from wlinfra.resources.declaring import Problem
from wlinfra.resources.fields import Flag, Line, Prose, VolumeSize, attribute
from wlinfra.resources.model import Model
from wlinfra.values import Ref, Template

__all__ = ["Artifact", "Storage"]

_MODES = {"dedicatedPvc": "dedicated_pvc", "nimCache": "nim_cache"}


def _to_mode(value: Any) -> Any:
    return _MODES.get(value, value) if isinstance(value, str) else value


class Storage(Model):
    """Where a model server keeps its model files."""

    mode: Annotated[Literal["dedicated_pvc", "nim_cache"], BeforeValidator(_to_mode)] = attribute(
        "dedicated_pvc", "Its own volume, or one shared by all workloads that run the same model image."
    )
    pvc_size: VolumeSize | None = attribute(
        None, "The size of the volume, such as 200Gi; the platform's own when left out."
    )

    def rules(self) -> Iterator[Problem]:
        """Yield a size for a volume that is shared."""
        if self.mode != "dedicated_pvc" and self.pvc_size is not None:
            yield Problem(
                summary="Attributes exclude each other",
                detail="A size has a meaning only for a volume of its own.",
                fix='Set mode="dedicated_pvc" or leave pvc_size out.',
                path=("pvc_size",),
            )


class Artifact(Resource):
    """What runs: containers in groups, as a draft that may be edited or locked as a version.

    >>> server = Artifact("server", containers=[Container(image="ghcr.io/acme/chat:1.4.2", port=8080)])
    >>> server.address, server.groups[0].containers[0].name
    ('artifact.server', 'main')
    """

    __slots__ = ("_groups",)

    type: ClassVar[str] = "artifact"

    containers: tuple[Container, ...] = attribute((), "The containers of the one group named `default`.")
    container_groups: tuple[ContainerGroup, ...] = attribute((), "The groups, when `containers` is not enough.")
    artifact_type: Literal["service", "nim", "agent", "mcp"] = attribute(
        "service", "What kind of thing it serves.", "type", "artifact_type"
    )
    status: Literal["locked", "draft"] = attribute(
        "locked", "A locked artifact is a version that never changes; a draft may be edited."
    )
    description: Prose = attribute("", "A description for users.")
    storage: Storage | None = attribute(None, "Where model files are kept, with type nim only.")
    template_id: Line | None = attribute(None, "The template it was created from, with type nim only.")
    a2a_enabled: Flag | None = attribute(None, "Whether other agents may call it, with type agent only.", "a2aEnabled")
    repository: Line | None = attribute(
        None, "The repository its versions go to; a new one when left out.", "artifact_repository_id"
    )

    if TYPE_CHECKING:

        def __init__(
            self,
            name: str,
            /,
            *,
            containers: Sequence[Container] | None = (),
            container_groups: Sequence[ContainerGroup] | None = (),
            type: Literal["service", "nim", "agent", "mcp"] | None = "service",  # noqa: A002 - the API's word
            status: Literal["locked", "draft"] | None = "locked",
            description: str | Ref | Template | None = "",
            storage: Storage | None = None,
            template_id: str | Ref | Template | None = None,
            a2a_enabled: bool | None = None,
            repository: str | Ref | Template | Resource | None = None,
            **options: Unpack[ResourceOptions],
        ) -> None: ...

    @property
    def groups(self) -> tuple[ContainerGroup, ...]:
        """Its groups in full: names, roles and the ports of probes filled in."""
        known: tuple[ContainerGroup, ...] | None = getattr(self, "_groups", None)
        if known is None:
            groups = self.container_groups or (ContainerGroup.model_construct(containers=self.containers),)
            known = tuple(settle(group) for group in groups)
            object.__setattr__(self, "_groups", known)
        return known

    @property
    def id(self) -> Ref:
        """The id of the version that is current."""
        return self.ref("id")

    @property
    def version(self) -> Ref:
        """The number of the version; none for a draft."""
        return self.ref("version")

    @property
    def repository_id(self) -> Ref:
        """The id of the repository that has its versions."""
        return self.ref("repository_id")

    def rules(self) -> Iterator[Problem]:
        """Yield what is wrong between its attributes."""
        if bool(self.containers) == bool(self.container_groups):
            yield Problem(
                summary="Attributes exclude each other" if self.containers else "Missing attribute",
                detail="An artifact has either containers or container groups.",
                fix="Give containers=[...] for one group, or container_groups=[...].",
                path=("containers",),
            )
        elif self.containers:
            yield from check_containers(self.containers)
        names = [group.name for group in self.container_groups]
        if len(set(names)) < len(names):
            yield Problem(
                summary="Duplicate group name",
                detail="Several container groups have the same name.",
                fix="Give each group a name of its own.",
                path=("container_groups",),
            )
        for name, kind in (("storage", "nim"), ("template_id", "nim"), ("a2a_enabled", "agent")):
            if getattr(self, name) is not None and self.artifact_type != kind:
                yield Problem(
                    summary="Attributes exclude each other",
                    detail=f'{name} goes with type="{kind}" only.',
                    fix=f'Set type="{kind}" or leave {name} out.',
                    path=(name,),
                )

    def warnings(self) -> Iterator[Problem]:
        """Yield what is odd about its containers."""
        for group in self.container_groups or (self,):
            for container in group.containers:
                yield from container.warnings()
