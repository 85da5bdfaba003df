"""Runs Pulumi programs without an engine, and shows what they send."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks

__all__ = ["UNKNOWN", "Answers", "Hidden", "Sent", "run"]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for an unknown value on the wire."""
_MARK = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"


@dataclass(frozen=True, slots=True)
class Hidden:
    """A secret on the wire."""

    value: Any


@dataclass(frozen=True, slots=True)
class Sent:
    """One registration of a resource."""

    request: Any

    @property
    def properties(self) -> dict[str, Any]:
        """What it sends."""
        found: dict[str, Any] = _read(MessageToDict(self.request.object))
        return found


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return [_read(item) for item in value]
    if isinstance(value, dict):
        return (
            Hidden(_read(value["value"]))
            if value.get(_MARK) == _SECRET
            else {k: _read(item) for k, item in value.items()}
        )
    return int(value) if isinstance(value, float) and value.is_integer() else value


@dataclass
class Answers(mocks.Mocks):
    """Returns what was sent, with an id and these outputs by the type of the resource."""

    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        return f"{args.name}-id", {**args.inputs, **self.outputs.get(args.typ, {})}

    def call(self, args: mocks.MockCallArgs) -> Any:
        self.calls.append((args.token, args.args))
        return {"name": args.args.get("name"), "artifactId": "a1", "workloadId": "w1", "endpoint": "http://peer/"}


class _Monitor(mocks.MockMonitor):
    def __init__(self, answers: mocks.Mocks) -> None:
        super().__init__(answers)
        self.sent: dict[str, Sent] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - Pulumi's name
        if request.type != "pulumi:pulumi:Stack":
            self.sent[request.name] = Sent(request)
        return super().RegisterResource(request)


def run(program: Callable[[], Any], answers: mocks.Mocks | None = None, *, preview: bool = False) -> dict[str, Sent]:
    """Run the program, and wait for what it returns; return what it sends, by the names of its resources."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # each output of what was refused would report it again
    monitor = _Monitor(answers or Answers())
    mocks.set_mocks(monitor.mocks, project="shop", stack="dev", preview=preview, monitor=monitor)
    tested: Callable[[], None] = pulumi.runtime.test(program)
    tested()
    return monitor.sent
