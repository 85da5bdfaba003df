"""A platform that cannot change anything, as Run:ai's older control planes: delete, wait for the name, create.

Its list has neither manifests nor annotations, so every object is read by its id too; an annotation proves ownership.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from wlinfra.errors import Diagnostic
from wlinfra.provider import (
    Absent,
    Action,
    Ambiguous,
    Attribute,
    Decision,
    DidNotHappen,
    Done,
    Effect,
    Failed,
    Gate,
    Goal,
    Happened,
    Intent,
    Live,
    PlanRequest,
    PlatformObject,
    ProviderContext,
    Reading,
    ReadRequest,
    Ready,
    Recovery,
    Refused,
    RefusedForNow,
    Repeat,
    Status,
    Step,
    StepResult,
    UnclearOutcome,
    Waiting,
    WaitingStill,
    default_decision,
)
from wlinfra.resources.base import Resource
from wlinfra.resources.fields import Text
from wlinfra.values import Address, Json, Secret

SCHEMA = Attribute(effect=Effect.REPLACES)
OWNER = "wlinfra/stack"
LARGEST = 8


class Job(Resource):
    """Something that runs with GPUs."""

    type: ClassVar[str] = "job"
    image: Text
    gpus: int = 0
    token: Any = None


class Conflict(Exception):  # noqa: N818 - an answer of the server, not a fault
    """The server's 409."""


@dataclass
class FakeControlPlane:
    """Jobs by id; a deleted one keeps its name until it has been looked at `lingering` times."""

    lingering: int = 2
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    leaving: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    made: int = 0

    def list(self) -> list[tuple[str, str]]:
        """Return id and name of every job, those being deleted too."""
        self.requests += 1
        for name in list(self.leaving):
            self.leaving[name] -= 1
            if self.leaving[name] <= 0:
                del self.leaving[name]
        return [*((id, job["name"]) for id, job in self.jobs.items()), *(("", name) for name in self.leaving)]

    def get(self, id: str) -> dict[str, Any]:
        """Return the manifest."""
        self.requests += 1
        return self.jobs[id]

    def create(self, manifest: dict[str, Any]) -> str:
        """Return the new id; raises Conflict while the name is taken, ValueError for what it never takes."""
        self.requests += 1
        if manifest["spec"].get("gpus", 0) > LARGEST:
            raise ValueError(f"gpus must be at most {LARGEST}")
        if manifest["name"] in self.leaving or any(job["name"] == manifest["name"] for job in self.jobs.values()):
            raise Conflict(manifest["name"])
        self.made += 1
        self.jobs[f"job-{self.made}"] = manifest
        return f"job-{self.made}"

    def delete(self, id: str) -> None:
        """Begin to delete; nothing happens when it is gone."""
        self.requests += 1
        job = self.jobs.pop(id, None)
        if job is not None and self.lingering:
            self.leaving[job["name"]] = self.lingering


@dataclass
class ReplaceOnlyProvider:
    """Knows no update."""

    name: str = "replace-only"
    plane: FakeControlPlane = field(default_factory=FakeControlPlane)

    def connect(self, context: ProviderContext) -> ReplaceOnlyConnection:
        """Return a connection that marks what it makes with the stack."""
        return ReplaceOnlyConnection(self.plane, f"{context.stack}/{context.environment}")


@dataclass
class ReplaceOnlyConnection:
    plane: FakeControlPlane
    owner: str

    def check(self, resource: Resource) -> Sequence[Diagnostic]:
        """Return nothing: only the platform knows its largest machine."""
        return ()

    def expand(self, resource: Resource, dependencies: Mapping[Address, Resource]) -> Sequence[PlatformObject]:
        """Return the one job."""
        if not isinstance(resource, Job):
            return ()
        values = {"image": resource.image, "gpus": resource.gpus, "token": resource.token}
        return (PlatformObject(address=resource.address, kind="job", name=resource.name_on_platform, values=values, schema=SCHEMA, lifecycle=resource.lifecycle, name_is_unique=True),)  # fmt: skip

    def read(self, wanted: Sequence[ReadRequest]) -> Sequence[Reading]:
        """Return one list's rows and one manifest for each job that is asked for."""
        rows = [(id, name) for id, name in self.plane.list() if id]
        manifests: dict[str, dict[str, Any]] = {}
        return [self._reading(one, rows, manifests) for one in wanted]

    def _reading(
        self, wanted: ReadRequest, rows: list[tuple[str, str]], manifests: dict[str, dict[str, Any]]
    ) -> Reading:
        named = tuple(id for id, name in rows if name == wanted.name)
        ids = (wanted.id,) if wanted.id in dict(rows) else named if wanted.id is None else ()
        if len(ids) > 1:
            return Ambiguous(candidates=named)
        if not ids or ids[0] is None:
            return Absent(siblings=named)
        id = ids[0]
        manifest = manifests.get(id) or manifests.setdefault(id, self.plane.get(id))
        values = {**manifest["spec"], "token": _hidden(manifest["spec"].get("token"))}
        owned = manifest["annotations"].get(OWNER) == self.owner
        return Live(
            id=id, values=values, outputs={"id": id}, owned=owned, found_by_name=wanted.id is None, siblings=named
        )

    def plan(self, request: PlanRequest) -> Decision:
        """Return what the schema says: everything replaces."""
        return default_decision(
            request, steps=lambda decision: self._steps(request, decision), goal=lambda _: Goal(goal="running")
        )

    def _steps(self, request: PlanRequest, decision: Decision) -> Sequence[Step]:
        delete = Step(
            operation="delete",
            verb="DELETE",
            path="/jobs/{id}",
            summary="delete it",
            target=decision.id,
            removes=True,
            repeat=Repeat.SAFE,
        )
        if decision.action is Action.DELETE:
            return [delete]
        manifest = {"name": request.subject.name, "spec": decision.values, "annotations": {OWNER: self.owner}}
        gate = Gate(goal="name-free", describe="the name is free again", details={"name": request.subject.name})
        create = Step(
            operation="create", verb="POST", path="/jobs", summary="create it", payload=manifest, makes=True, gate=gate
        )
        return [create] if decision.action is Action.CREATE else [delete, create]

    def run(self, step: Step) -> StepResult:
        """Create or delete."""
        if step.operation == "delete":
            self.plane.delete(str(step.target))
            return Done()
        try:
            id = self.plane.create({**step.payload, "spec": _sent(step.payload["spec"])})
        except Conflict:
            return RefusedForNow(
                error=Diagnostic(summary="Name is not free yet", detail="The old job still has the name."), after=0.0
            )
        except ValueError as error:
            return Refused(error=Diagnostic(summary="Platform refused the request", detail=str(error)))
        return Done(id=id, outputs={"id": id})

    def recover(self, intent: Intent) -> Recovery:
        """Return whether a job of that name bears our annotation, or whether the deleted one is gone."""
        rows = [(id, name) for id, name in self.plane.list() if id]
        if intent.removes:
            return DidNotHappen() if intent.target in dict(rows) else Happened()
        ours = [
            id
            for id, name in rows
            if name == intent.name and self.plane.get(id)["annotations"].get(OWNER) == self.owner
        ]
        if len(ours) > 1:
            error = Diagnostic(summary="Several objects match", detail=f"{len(ours)} jobs are named {intent.name!r}.")
            return UnclearOutcome(error=error, candidates=tuple(ours))
        return Happened(id=ours[0], outputs={"id": ours[0]}) if ours else DidNotHappen()

    def poll(self, waiting: Sequence[Waiting]) -> Sequence[Status]:
        """Return from one list which names are free and which jobs are there."""
        rows = self.plane.list()
        return [self._status(one, dict(rows), {name for _, name in rows}) for one in waiting]

    def _status(self, waiting: Waiting, jobs: Mapping[str, str], taken: set[str]) -> Status:
        if waiting.goal == "name-free":
            return WaitingStill(reason="the old job is going") if waiting.details["name"] in taken else Ready()
        if waiting.id in jobs:
            return Ready()
        return Failed(error=Diagnostic(summary="Object is gone", detail=f"{waiting.address} does not exist."))


def _sent(values: Mapping[str, Json]) -> dict[str, Json]:
    return {
        name: value.reveal() if isinstance(value, Secret) else value
        for name, value in values.items()
        if value is not None
    }


def _hidden(value: Json) -> Secret | None:
    return None if value is None else Secret(lambda: str(value), describe="a live value")
