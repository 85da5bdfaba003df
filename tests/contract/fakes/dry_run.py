"""A platform whose plan is the server's own dry run, as on Kubernetes: defaults, field ownership, immutable fields.

An `App` expands to an image that lives in the state alone, a Deployment and a Service.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from wlinfra.errors import Diagnostic, ProviderError
from wlinfra.provider import (
    Absent,
    Action,
    ActionReason,
    Attribute,
    Decision,
    DidNotHappen,
    Done,
    Effect,
    Failed,
    Gate,
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
    Repeat,
    Status,
    Step,
    StepResult,
    Waiting,
    WaitingStill,
    default_decision,
    fields,
)
from wlinfra.resources.base import Resource
from wlinfra.resources.fields import Text
from wlinfra.values import Address, Json, Secret, is_open

SCHEMA = Attribute(
    fields=fields(
        image=Attribute(effect=Effect.ROLLS),
        imageId=Attribute(effect=Effect.ROLLS),
        selector=Attribute(effect=Effect.REPLACES),
        token=Attribute(effect=Effect.ROLLS, sensitive=True),
    )
)
DEFAULTS: dict[str, dict[str, Json]] = {"Deployment": {"replicas": 1, "strategy": "rolling"}, "Service": {"port": 80}}
IMMUTABLE = "selector"


class App(Resource):
    """Something that runs behind a service."""

    type: ClassVar[str] = "app"
    image: Text
    selector: str = "app"
    replicas: int | None = None
    target: Text | None = None
    token: Any = None


class Rejected(Exception):  # noqa: N818 - an answer of the server, not a fault
    """The server's 409 or 422: which field, and why."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path


@dataclass
class Stored:
    uid: str
    values: dict[str, Json]
    owners: dict[str, str]


@dataclass
class FakeServer:
    """Objects by kind and name; every field has a manager, and a dry run answers without storing."""

    objects: dict[tuple[str, str], Stored] = field(default_factory=dict)
    requests: int = 0
    made: int = 0

    def apply(self, key: tuple[str, str], values: Mapping[str, Json], manager: str, *, dry_run: bool = False) -> Stored:
        """Merge the manager's fields, drop those it no longer sends; raises Rejected."""
        self.requests += 1
        stored = self.objects.get(key)
        self._check(stored, values, manager)
        if stored is None:
            self.made += 0 if dry_run else 1
            stored = Stored(f"uid-{self.made}", {}, {})
        kept = {name: value for name, value in stored.values.items() if stored.owners.get(name) != manager}
        sent = {name: value for name, value in values.items() if value is not None}
        owners = {name: owner for name, owner in stored.owners.items() if owner != manager}
        merged = Stored(stored.uid, {**DEFAULTS[key[0]], **kept, **sent}, {**owners, **dict.fromkeys(sent, manager)})
        if not dry_run:
            self.objects[key] = merged
        return merged

    def _check(self, stored: Stored | None, values: Mapping[str, Json], manager: str) -> None:
        if (values.get("replicas") or 0) < 0:
            raise Rejected("replicas", "must not be negative")
        for name, value in values.items():
            before = stored.values.get(name) if stored is not None else None
            owner = stored.owners.get(name, manager) if stored is not None else manager
            if before is not None and before != value and owner != manager:
                raise Rejected(name, f"is managed by {owner}")
            if before is not None and before != value and name == IMMUTABLE:
                raise Rejected(name, "is immutable")

    def list(self) -> dict[tuple[str, str], Stored]:
        """Return all objects in one answer."""
        self.requests += 1
        return dict(self.objects)

    def delete(self, key: tuple[str, str]) -> None:
        """Remove an object; nothing happens when it is gone."""
        self.requests += 1
        self.objects.pop(key, None)


@dataclass
class DryRunProvider:
    """Plans by asking `server`."""

    name: str = "dry-run"
    server: FakeServer = field(default_factory=FakeServer)

    def connect(self, context: ProviderContext) -> DryRunConnection:
        """Return a connection whose field manager is the stack and environment."""
        return DryRunConnection(self.server, f"wlinfra-{context.stack}-{context.environment}")


@dataclass
class DryRunConnection:
    server: FakeServer
    manager: str

    def check(self, resource: Resource) -> Sequence[Diagnostic]:
        """Return nothing: the server checks."""
        return ()

    def expand(self, resource: Resource, dependencies: Mapping[Address, Resource]) -> Sequence[PlatformObject]:
        """Return the image, the Deployment that refers to it, and the Service."""
        if not isinstance(resource, App):
            return ()
        address, name, lifecycle = resource.address, resource.name_on_platform, resource.lifecycle
        deployment = {
            "image": resource.image,
            "imageId": resource.ref("image_id"),
            "selector": resource.selector,
            "replicas": resource.replicas,
            "target": resource.target,
            "token": resource.token,
        }
        known = {"image_id": hashlib.sha256(str(resource.image).encode()).hexdigest()[:12]}
        return (
            PlatformObject(address=Address(f"{address}/Service"), kind="Service", name=name, values={"selector": resource.selector}, schema=Attribute(), outputs=("host",), known_outputs={"host": f"{name}.svc"}, name_is_unique=True, lifecycle=lifecycle),
            PlatformObject(address=Address(f"{address}/Deployment"), kind="Deployment", name=name, values={key: value for key, value in deployment.items() if value is not None}, schema=SCHEMA, outputs=("id",), name_is_unique=True, lifecycle=lifecycle),
            PlatformObject(address=Address(f"{address}/Image"), kind="Image", name=name, values={"image": resource.image}, schema=Attribute(), outputs=("image_id",), known_outputs=known, virtual=True),
        )  # fmt: skip

    def read(self, wanted: Sequence[ReadRequest]) -> Sequence[Reading]:
        """Return what one list shows."""
        objects = self.server.list()
        return [self._reading(objects.get((one.kind, one.name))) for one in wanted]

    def _reading(self, stored: Stored | None) -> Reading:
        if stored is None:
            return Absent()
        values = {name: _hidden(value) if name == "token" else value for name, value in stored.values.items()}
        return Live(
            id=stored.uid, values=values, outputs={"id": stored.uid}, owned=self.manager in stored.owners.values()
        )

    def plan(self, request: PlanRequest) -> Decision:
        """Return what the server's dry run says; a field that is immutable replaces, once a probe create succeeds."""
        desired = request.desired
        if desired is None or desired.virtual or request.deposed_id is not None:
            return self._default(request)
        if is_open(dict(desired.values)):
            return replace(self._default(request), predicted=("the server cannot judge what is not known yet",))
        key = (desired.kind, desired.name)
        try:
            self.server.apply(key, _sent(desired.values), self.manager, dry_run=True)
        except Rejected as rejected:
            if rejected.path != IMMUTABLE or request.live is None:
                raise ProviderError.of("Server refuses the object", f"{desired.address}: {rejected}.") from rejected
            self.server.apply(
                (desired.kind, f"{desired.name}-probe"), _sent(desired.values), self.manager, dry_run=True
            )
            return replace(self._default(replace(request, replace=True)), reason=ActionReason.CANNOT_UPDATE)
        return self._default(request)

    def _default(self, request: PlanRequest) -> Decision:
        return default_decision(request, steps=lambda decision: self._steps(request, decision))

    def _steps(self, request: PlanRequest, decision: Decision) -> Sequence[Step]:
        subject = request.subject
        key = {"kind": subject.kind, "name": subject.name}
        path = f"/{subject.kind}/{subject.name}"
        delete = Step(
            operation="delete",
            verb="DELETE",
            path=path,
            summary="delete it",
            target=decision.id,
            payload=key,
            removes=True,
            repeat=Repeat.SAFE,
        )
        apply = Step(
            operation="apply",
            verb="PATCH",
            path=path,
            summary="apply it",
            target=decision.id,
            payload={**key, "values": decision.values},
            repeat=Repeat.SAFE,
        )
        match decision.action:
            case Action.DELETE:
                return [delete]
            case Action.CREATE:
                return [replace(apply, makes=True, target=None)]
            case Action.REPLACE:
                gate = Gate(goal="name-free", describe="the old object is gone", details=key)
                return [delete, replace(apply, makes=True, target=None, gate=gate)]
            case _:
                return [apply]

    def run(self, step: Step) -> StepResult:
        """Apply or delete for real."""
        key = (step.payload["kind"], step.payload["name"])
        if step.operation == "delete":
            self.server.delete(key)
            return Done()
        try:
            stored = self.server.apply(key, _sent(step.payload["values"]), self.manager)
        except Rejected as rejected:
            return Refused(error=Diagnostic(summary="Server refuses the object", detail=str(rejected)))
        return Done(id=stored.uid, outputs={"id": stored.uid})

    def recover(self, intent: Intent) -> Recovery:
        """Return whether the object is there: names are unique and an apply may be repeated."""
        stored = self.server.list().get((intent.kind, intent.name))
        if intent.makes and stored is not None:
            return Happened(id=stored.uid, outputs={"id": stored.uid})
        return Happened() if intent.removes and stored is None else DidNotHappen()

    def poll(self, waiting: Sequence[Waiting]) -> Sequence[Status]:
        """Return whether names are free and objects there."""
        objects = self.server.list()
        uids = {stored.uid for stored in objects.values()}
        found: list[Status] = []
        for one in waiting:
            if one.goal == "name-free":
                taken = (one.details["kind"], one.details["name"]) in objects
                found.append(WaitingStill(reason="it is being deleted") if taken else Ready())
            elif one.id in uids:
                found.append(Ready())
            else:
                found.append(
                    Failed(error=Diagnostic(summary="Object is gone", detail=f"{one.address} does not exist."))
                )
        return found


def _sent(values: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in values.items()}


def _hidden(value: Json) -> Secret:
    return Secret(lambda: str(value), describe="a live value")
