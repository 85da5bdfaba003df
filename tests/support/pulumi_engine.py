"""A small engine: what Pulumi asks of a provider for each resource, in its order, without gRPC and without Pulumi."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from wlinfra.errors import Severity
from wlinfra.pulumi.bridge.bridge import CoreBridge
from wlinfra.pulumi.contract import Bridge, Diffed, Made, Place, Properties, Recorded, Subject
from wlinfra.values import Secret, leaves
from wlinfra_datarobot.emulator import DataRobotEmulator

__all__ = ["ARTIFACT", "WORKLOAD", "Engine", "chat", "mutations", "server", "text_of"]

ARTIFACT = "wlinfra:index:Artifact"
WORKLOAD = "wlinfra:index:Workload"


@dataclass
class Engine:
    """One stack: its state, and one plugin after another."""

    bridge: Bridge
    config: Properties
    provider_id: str = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
    state: dict[str, Recorded] = field(default_factory=dict)
    """By URN."""
    old: dict[str, Recorded] = field(default_factory=dict)
    """What is replaced and not deleted yet, by URN."""
    lines: list[str] = field(default_factory=list)
    start: Callable[[], Bridge] = field(default=CoreBridge)

    def __post_init__(self) -> None:
        self.configure()

    def configure(self) -> None:
        assert self.bridge.check_config(self.config).failures == ()
        self.bridge.configure(
            Place(project="shop", stack="dev", name="default", id=self.provider_id, config=self.config)
        )

    def restart(self) -> None:
        """End the plugin, and start another one for the same stack."""
        self.bridge.close()
        self.bridge = self.start()
        self.configure()

    def subject(self, type_: str, name: str) -> Subject:
        def report(severity: Severity | None, text: str, ephemeral: bool) -> None:
            if not ephemeral:
                self.lines.append(text)

        return Subject(urn=f"urn:pulumi:dev::shop::{type_}::{name}", type=type_, name=name, report=report)

    def recorded(self, type_: str, name: str) -> Recorded:
        return self.state[self.subject(type_, name).urn]

    def diff(self, type_: str, name: str, inputs: Properties, ignored: Sequence[str] = ()) -> Diffed:
        """Check and diff, as a preview does."""
        subject = self.subject(type_, name)
        recorded = self.state[subject.urn]
        checked = self.bridge.check(subject, recorded.inputs, inputs)
        assert not checked.failures, checked.failures
        return self.bridge.diff(subject, recorded, checked.inputs, ignored)

    def up(self, type_: str, name: str, inputs: Properties, *, delete_first: bool = False) -> str:
        """Do what an update of the one resource does, and return what that was."""
        subject = self.subject(type_, name)
        recorded = self.state.get(subject.urn)
        checked = self.bridge.check(subject, recorded.inputs if recorded else None, inputs)
        assert not checked.failures, checked.failures
        if recorded is None:
            self.keep(subject, checked.inputs, self.bridge.create(subject, checked.inputs, 0))
            return "create"
        found = self.bridge.diff(subject, recorded, checked.inputs, ())
        if not found.changes:
            self.state[subject.urn] = Recorded(id=recorded.id, inputs=checked.inputs, outputs=recorded.outputs)
            return "same"
        if any(item.replaces for item in found.differences):
            if found.deletes_first or delete_first:
                self.bridge.delete(subject, recorded, 0)
                del self.state[subject.urn]
                self.bridge.check(subject, None, inputs)
                self.keep(subject, checked.inputs, self.bridge.create(subject, checked.inputs, 0))
            else:
                self.bridge.check(subject, None, inputs)
                self.keep(subject, checked.inputs, self.bridge.create(subject, checked.inputs, 0))
                self.bridge.delete(subject, recorded, 0)
            return "replace"
        self.keep(subject, checked.inputs, self.bridge.update(subject, recorded, checked.inputs, (), 0))
        return "update"

    def keep(self, subject: Subject, inputs: Properties, made: Made) -> None:
        self.state[subject.urn] = Recorded(id=made.id, inputs=inputs, outputs=made.outputs)

    def destroy(self, type_: str, name: str) -> None:
        subject = self.subject(type_, name)
        self.bridge.delete(subject, self.state.pop(subject.urn), 0)


def server(image: str = "ghcr.io/acme/chat:1", **more: Any) -> dict[str, Any]:
    return {"containers": [{"image": image, "port": 8080}], **more}


def chat(engine: Engine, artifact: Properties, **more: Any) -> dict[str, Any]:
    """Return a workload that runs the recorded artifact, as an SDK sends it."""
    outputs = engine.recorded(ARTIFACT, "server").outputs
    return {"artifact": {"id": outputs["artifactId"], **artifact}, "replicas": 1, "bundles": ["cpu.small"], **more}


def text_of(outputs: Properties) -> str:
    """Return all that is in the outputs, the record among them."""
    return "\n".join(str(leaf.reveal() if isinstance(leaf, Secret) else leaf) for leaf in leaves(dict(outputs)))


def mutations(emulator: DataRobotEmulator, since: int = 0) -> list[str]:
    """Return the mutating calls since a number of requests."""
    calls = list(emulator.requests)[since:]
    return [f"{one.method} {one.path.removeprefix('/api/v2')}" for one in calls if one.method != "GET"]
