"""A provider that keeps JSON files in a folder: everything a provider needs, in one module."""

from __future__ import annotations

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
    """A file with a JSON object in it."""

    type: ClassVar[str] = "json_file"
    content: dict[str, Any]


@dataclass(frozen=True)
class Connection:
    root: Path

    def file(self, name: str | None) -> Path:
        return self.root / f"{name}.json"

    def check(self, resource: Resource) -> Sequence[Diagnostic]:
        if isinstance(resource, JsonFile):
            return ()
        return [
            Diagnostic(summary="Unknown resource", detail=f"{resource.type} is no file.", fix="Declare a JsonFile.")
        ]

    def expand(self, resource: Resource, dependencies: Mapping[Address, Resource]) -> Sequence[wp.PlatformObject]:
        values = {"content": resource.content} if isinstance(resource, JsonFile) else {}
        name, schema = resource.name_on_platform, wp.Attribute(fields={"content": wp.Attribute(free=True)})
        item = wp.PlatformObject(address=resource.address, kind="file", name=name, values=values, schema=schema)
        return [replace(item, lifecycle=resource.lifecycle, depends_on=resource.depends_on, name_is_unique=True)]

    def read(self, wanted: Sequence[wp.Wanted]) -> Sequence[wp.Reading]:
        return [self.look(one.id or one.name) for one in wanted]

    def look(self, name: str) -> wp.Live | wp.Absent:
        if not self.file(name).exists():
            return wp.Absent()
        return wp.Live(id=name, values={"content": json.loads(self.file(name).read_text())}, outputs={"id": name})

    def plan(self, request: wp.PlanRequest) -> wp.Change:
        return wp.default_change(request, steps=self.steps)

    def steps(self, change: wp.Change) -> Sequence[wp.Step]:
        removes = change.action is wp.Action.DELETE
        word = "delete" if removes else "write"
        step = wp.Step(operation=word, verb=word, path=change.name, summary=f"{word} the file", target=change.name)
        payload = None if removes else change.values
        return [replace(step, payload=payload, makes=change.id is None, removes=removes, repeat=wp.Repeat.SAFE)]

    def run(self, step: wp.Step) -> wp.StepResult:
        file = self.file(str(step.target))
        try:
            if step.removes:
                file.unlink(missing_ok=True)
                return wp.Done()
            file.write_text(json.dumps(step.payload["content"]))
        except OSError as error:
            return wp.Refused(error=Diagnostic(summary="File cannot be changed", detail=f"{file}: {error.strerror}."))
        return wp.Done(id=file.stem, outputs={"id": file.stem})

    def recover(self, intent: wp.Intent) -> wp.Recovery:
        exists = isinstance(self.look(intent.name), wp.Live)
        return wp.Happened(id=intent.name) if exists is not intent.removes else wp.DidNotHappen()

    def poll(self, waiting: Sequence[wp.Waiting]) -> Sequence[wp.Status]:
        missing = wp.WaitingStill(reason="there is no file")
        return [wp.Ready() if self.file(one.id).exists() else missing for one in waiting]


class Provider:
    name = "filetree"

    def connect(self, context: wp.ProviderContext) -> Connection:
        if "root" not in context.options:
            raise ConfigurationError.of("Option is missing", "It needs a folder.", 'Add root="FOLDER" to it.')
        return Connection(Path(context.options["root"]))


PROVIDER = Provider()
