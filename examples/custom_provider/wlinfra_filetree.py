"""A provider that keeps JSON files in a folder: everything a provider needs, in one module."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import wlinfra.provider as wp
from wlinfra.errors import ConfigurationError, Diagnostic
from wlinfra.resources.base import Resource
from wlinfra.values import Address


class JsonFile(Resource):
    type: ClassVar[str] = "json_file"
    content: dict[str, Any]


@dataclass(frozen=True)
class Connection:
    root: Path

    def file(self, name: Any) -> Path:
        return self.root / f"{name}.json"

    def check(self, resource: Resource) -> Sequence[Diagnostic]:
        wrong = Diagnostic(summary="Unknown resource", detail=f"{resource.type} is no file.", fix="Declare a JsonFile.")
        return () if isinstance(resource, JsonFile) else [wrong]

    def expand(self, resource: Resource, dependencies: Mapping[Address, Resource]) -> Sequence[wp.PlatformObject]:
        values, name = {"content": getattr(resource, "content", {})}, resource.name_on_platform
        item = wp.PlatformObject(address=resource.address, kind="file", name=name, values=values, schema=FREE)
        return [replace(item, name_is_unique=True)]

    def read(self, requests: Sequence[wp.ReadRequest]) -> Sequence[wp.Reading]:
        return [self.look(one.id or one.name) for one in requests]

    def look(self, name: str) -> wp.Live | wp.Absent:
        text = self.file(name).read_text() if self.file(name).exists() else None
        values = {"content": json.loads(text)} if text is not None else {}
        return wp.Absent() if text is None else wp.Live(id=name, values=values, outputs={"id": name})

    def plan(self, request: wp.PlanRequest) -> wp.Decision:
        return wp.default_decision(request, steps=lambda decision: self.steps(request.subject.name, decision))

    def steps(self, name: str, decision: wp.Decision) -> Sequence[wp.Step]:
        word = "delete" if decision.action is wp.Action.DELETE else "write"
        step = wp.Step(operation=word, verb=word, path=name, summary=f"{word} the file", target=name)
        what = {"removes": True} if word == "delete" else {"payload": decision.values, "makes": decision.id is None}
        return [replace(step, repeat=wp.Repeat.SAFE, **what)]

    def run(self, step: wp.Step) -> wp.StepResult:
        file = self.file(step.target)
        try:
            file.unlink(missing_ok=True) if step.removes else file.write_text(json.dumps(step.payload["content"]))
        except OSError as error:
            return wp.Refused(error=Diagnostic(summary="File cannot be written", detail=f"{file}: {error.strerror}."))
        return wp.Done(id=file.stem, outputs={"id": file.stem})

    def recover(self, intent: wp.Intent) -> wp.Recovery:
        happened = self.file(intent.name).exists() is not intent.removes
        return wp.Happened(id=intent.name) if happened else wp.DidNotHappen()

    def poll(self, waiting: Sequence[wp.Waiting]) -> Sequence[wp.Status]:
        return [wp.Ready() if self.file(one.id).exists() else wp.WaitingStill(reason="no file") for one in waiting]


class Provider:
    name = "filetree"

    def connect(self, context: wp.ProviderContext) -> Connection:
        if "root" not in context.options:
            raise ConfigurationError.of("Option is missing", "It needs a folder.", 'Add root="FOLDER" to it.')
        return Connection(Path(context.options["root"]))


FREE, PROVIDER = wp.Attribute(free=True), Provider()
