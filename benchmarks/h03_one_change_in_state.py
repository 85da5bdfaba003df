"""H3: recording one change durably in a state of N objects, beside rewriting the whole state.

One change is what an apply records for one step: its intent before the call and its result after it, each synced.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.support.bench import Bench
from benchmarks.support.documents import artifact_spec
from benchmarks.support.report import Report, Row, at_least, at_most
from benchmarks.support.timing import Times, round_robin, show
from wlinfra.apply.intents import draft_intent
from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, Decision, Step
from wlinfra.clock import SystemClock
from wlinfra.state.codec import dump, object_document
from wlinfra.state.key import Digest
from wlinfra.state.lease import LockRequest
from wlinfra.state.model import ObjectState
from wlinfra.state.session import LocalSession
from wlinfra.state.store import LocalStateStore
from wlinfra.values import Address

_DIGEST = Digest(b"k" * 32)
_OPERATIONS = 20
"""Changes per timed run of the journal; the value differs each time, so that nothing can be skipped."""


def measure(bench: Bench) -> Report:
    """Return bytes and time of one change at every size of the state."""
    sizes = (20, 100) if not bench.is_full else (100, 1_000, 10_000)
    states = [_Recorded(bench.folder("state"), size) for size in sizes]
    try:
        alternatives: dict[str, Callable[[], None]] = {}
        for state in states:
            alternatives[f"journal {state.size}"] = state.change_many
            alternatives[f"rewrite {state.size}"] = state.rewrite
        times = round_robin(alternatives, bench.runs)
        costs = {str(state.size): state.count_one() for state in states}
    finally:
        for state in states:
            state.close()
    return Report(name="H3", rows=tuple(_rows(times, costs, sizes)), counts=costs)


def _rows(times: Times, costs: dict[str, dict[str, Any]], sizes: tuple[int, ...]) -> list[Row]:
    smallest, largest = sizes[0], sizes[-1]
    bytes_written = max(cost["bytes"] / cost["object bytes"] for cost in costs.values())
    one = {size: times[f"journal {size}"] / _OPERATIONS for size in sizes}
    whole = times[f"rewrite {largest}"]
    return [
        at_most("bytes written for one change", bytes_written, 3, peer="the object's own bytes"),
        at_most(
            f"one change in a state of {largest:,}",
            one[largest] / one[smallest],
            1.2,
            peer=f"of {smallest:,}",
            detail=f"{show(one[largest])} to {show(one[smallest])}",
        ),
        at_least(
            f"one change in a state of {largest:,}",
            whole / one[largest],
            100,
            peer="rewriting the state",
            detail=f"{show(whole)} to {show(one[largest])}",
        ),
    ]


@dataclass(slots=True)
class _Count:
    syncs: int
    bytes_written: int


class _Recorded:
    """A state of so many objects, open for writing."""

    def __init__(self, directory: Path, size: int) -> None:
        self.size = size
        self._directory = directory
        self._store = LocalStateStore(directory, "bench", "prod")
        self._lease = self._store.acquire(LockRequest(owner="bench", operation="apply"))
        self._session: LocalSession = self._store.open(self._lease)
        self._objects = {item.address: item for item in map(_item, range(size))}
        self._session.set_many(put=self._objects.values())
        self._changes = 0

    def change_many(self) -> None:
        """Change so many objects, one after another."""
        for _ in range(_OPERATIONS):
            self.change()

    def change(self) -> ObjectState:
        """Record one step of one object and return what was recorded."""
        self._changes += 1
        address = Address.of("artifact", f"a-{self._changes % self.size}")
        item = replace(self._objects[address], outputs={"id": f"id-{self._changes}"})
        intent = draft_intent(_change(item), _step(item), digest=_DIGEST, clock=SystemClock(), record=item)
        self._session.end(self._session.begin(intent), put=item)
        self._objects[address] = item
        return item

    def rewrite(self) -> None:
        """Write all objects to a new file, sync it, put it in the old one's place, sync the directory."""
        self._changes += 1
        path = self._directory / "whole.json"
        draft = path.with_suffix(".new")
        document = {str(address): object_document(item) for address, item in self._objects.items()}
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.write(descriptor, dump({"serial": self._changes, "objects": document}))
        os.fsync(descriptor)
        os.close(descriptor)
        draft.replace(path)
        folder = os.open(self._directory, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def count_one(self) -> dict[str, Any]:
        """Return what one change asks of the disk."""
        before = _Count(self._session.stats.syncs, self._session.stats.bytes_written)
        item = self.change()
        return {
            "object bytes": len(dump(object_document(item))),
            "bytes": self._session.stats.bytes_written - before.bytes_written,
            "syncs": self._session.stats.syncs - before.syncs,
        }

    def close(self) -> None:
        """Free the state."""
        self._session.close()
        self._lease.release()


def _item(number: int) -> ObjectState:
    return ObjectState(
        address=Address.of("artifact", f"a-{number}"),
        provider="default",
        kind="artifact",
        id=f"{number:024}",
        name=f"artifact-{number}",
        values={"name": f"artifact-{number}", "spec": artifact_spec(number)},
        outputs={"id": f"{number:024}"},
    )


def _change(item: ObjectState) -> Change:
    return Change(subject=item, decision=Decision(action=Action.UPDATE, id=item.id))


def _step(item: ObjectState) -> Step:
    return Step(
        operation="update_artifact",
        verb="PATCH",
        path="/artifacts/{id}",
        summary="edit it",
        target=item.id,
        payload=dict(item.values),
        lookup={"name": item.name},
    )
