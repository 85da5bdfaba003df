"""A bridge that plans and calls nothing: each resource does what its own inputs ask for.

Run as a program, it is a plugin that an engine can start: `python pulumi_fake_bridge.py NOTES [flags] ADDRESS`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wlinfra.errors import Severity
from wlinfra.pulumi.contract import (
    BridgeError,
    Checked,
    Diffed,
    Difference,
    Differs,
    Failure,
    Found,
    Made,
    Place,
    Properties,
    Recorded,
    Refusal,
    SecretValue,
    Subject,
)
from wlinfra.values import UNKNOWN

SCHEMA = json.dumps({"name": "wlinfra", "version": "1.2.3"})


def shown(value: Any) -> Any:
    """Return a tree that can be compared: what is secret as a pair."""
    match value:
        case SecretValue():
            return ("secret", shown(value.value))
        case dict():
            return {key: shown(inner) for key, inner in value.items()}
        case list():
            return [shown(inner) for inner in value]
        case _:
            return value


class FakeBridge:
    """Remembers what it was asked; ``notes`` is a file with one line for each event."""

    def __init__(self, notes: Path | None = None) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.place: Place | None = None
        self.stop = threading.Event()
        self.closed = threading.Event()
        self.waiting = threading.Semaphore(0)
        """Released by every question that waits for a cancel."""
        self._notes = notes
        self._lock = threading.Lock()

    def note(self, event: str, value: Any = None) -> None:
        with self._lock:
            self.asked.append((event, shown(value)))
            if self._notes is not None:
                with self._notes.open("a") as file:
                    file.write(f"{event}\n")

    def _obey(self, inputs: Mapping[str, Any]) -> None:
        refusal = inputs.get("refuse")
        if refusal:
            raise BridgeError(Refusal(refusal), f"Refused as asked: {inputs.get('because', 'no reason')}.")
        if "crash" in inputs:
            secret = inputs["crash"]
            raise RuntimeError(secret.reveal() if isinstance(secret, SecretValue) else secret)
        if inputs.get("print"):
            print("this must not be read as a port")
        if inputs.get("wait"):
            self.note("waiting")
            self.waiting.release()
            self.stop.wait(60)
            self.note("recorded")
            raise BridgeError(Refusal.CANCELLED, "It was cancelled.")

    def check_config(self, config: Properties) -> Checked:
        self.note("check_config", config)
        wrong = tuple(Failure(key, "There is no such option.") for key in config if key.startswith("misspelt"))
        return Checked(inputs=config, failures=wrong)

    def diff_config(self, old: Properties, new: Properties) -> Diffed:
        self.note("diff_config", [old, new])
        changed = tuple(Difference(path=key, differs=Differs.UPDATE) for key in new if old.get(key) != new[key])
        return Diffed(changes=bool(changed), differences=changed)

    def configure(self, place: Place) -> None:
        self.note("configure", place.config)
        if "endpoint" not in place.config:
            raise BridgeError(
                Refusal.INVALID, "The endpoint is missing.", missing={"endpoint": "where the platform answers"}
            )
        self.place = place

    def check(self, subject: Subject, old: Properties | None, new: Properties) -> Checked:
        self.note("check", [old, new])
        self._obey(new)
        wrong = [Failure('containers[0].env["a.b"].value', "It is empty.")] if new.get("wrong") else []
        return Checked(inputs=new, failures=tuple(wrong))

    def diff(self, subject: Subject, recorded: Recorded, new: Properties, ignored: Sequence[str]) -> Diffed:
        self.note("diff", [recorded.id, recorded.inputs, recorded.outputs, new, list(ignored)])
        subject.report(None, f"{subject.name} rolls", False)
        self._obey(new)
        differences = [
            Difference(path=path, differs=Differs(kind), replaces=replaces, of_inputs=of_inputs)
            for path, kind, replaces, of_inputs in new.get("differences", [])
        ]
        return Diffed(
            changes=bool(new.get("changes")),
            differences=tuple(differences),
            deletes_first=bool(new.get("deletesFirst")),
        )

    def preview_create(self, subject: Subject, inputs: Properties) -> Properties:
        self.note("preview_create", inputs)
        return {**inputs, "endpoint": UNKNOWN}

    def create(self, subject: Subject, inputs: Properties, timeout: float) -> Made:
        self.note("create", [subject.type, subject.name, inputs, timeout])
        if not inputs.get("wait"):
            subject.report(None, f"creating with {inputs.get('token', 'nothing')!s}", True)
        if "leak" in inputs:
            subject.report(Severity.WARNING, f"the server said {inputs['leak'].reveal()}", False)
        self._obey(inputs)
        return Made(id="id-1", outputs={**inputs, "endpoint": "http://1"}, reasons=tuple(inputs.get("reasons", ())))

    def preview_update(
        self, subject: Subject, recorded: Recorded, new: Properties, ignored: Sequence[str]
    ) -> Properties:
        self.note("preview_update", [recorded.id, recorded.inputs, recorded.outputs, new, list(ignored)])
        return {**recorded.outputs, **new, "version": UNKNOWN}

    def update(
        self, subject: Subject, recorded: Recorded, new: Properties, ignored: Sequence[str], timeout: float
    ) -> Made:
        self.note("update", [recorded.id, recorded.inputs, recorded.outputs, new, list(ignored), timeout])
        self._obey(new)
        return Made(id=recorded.id, outputs={**recorded.outputs, **new}, reasons=tuple(new.get("reasons", ())))

    def read(self, subject: Subject, recorded: Recorded, timeout: float) -> Found | None:
        self.note("read", [recorded.id, recorded.inputs, recorded.outputs, timeout])
        self._obey(recorded.inputs)
        if recorded.id == "gone":
            return None
        reasons = tuple(recorded.inputs.get("reasons", ()))
        return Found(id=recorded.id, inputs={"name": "live"}, outputs={"name": "live", "size": 2}, reasons=reasons)

    def delete(self, subject: Subject, recorded: Recorded, timeout: float) -> None:
        self.note("delete", [recorded.id, recorded.inputs, recorded.outputs, timeout])
        self._obey(recorded.inputs)

    def enumerate(self, token: str, query: Properties, limit: int) -> Sequence[tuple[str, str]]:
        self.note("enumerate", [token, query, limit])
        found = [(f"id-{number}", f"name-{number}") for number in range(5)]
        return found[:limit] if limit else found

    def invoke(self, token: str, arguments: Properties, *, preview: bool) -> Checked:
        self.note("invoke", [token, arguments, preview])
        wrong = (Failure("name", "It is missing."),) if "name" not in arguments else ()
        return Checked(inputs={"id": "id-1", **arguments}, failures=wrong)

    def cancel(self, *, in_order: bool = False) -> None:
        self.note("cancel")
        self.stop.set()

    def close(self) -> None:
        self.note("close")
        self.closed.set()


if __name__ == "__main__":
    from wlinfra.pulumi.service.server import serve

    out, sys.stdout = sys.stdout, sys.stderr
    bridge = FakeBridge(Path(sys.argv[1]))
    code = serve(sys.argv[2:], lambda: bridge, schema=lambda: SCHEMA, version="1.2.3", stdout=out)
    sys.stderr.flush()
    os._exit(code)
