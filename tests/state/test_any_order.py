"""Any order of changes, compactions, crashes and takeovers leaves exactly what was acknowledged."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from support.state_samples import ME, make_intent, make_item, make_store

from wlinfra.state.lock import FileLease
from wlinfra.state.model import Intent, ObjectState
from wlinfra.state.session import LocalSession
from wlinfra.state.snapshot import load_files, write_snapshot
from wlinfra.values import Address

names = st.sampled_from(["a", "b", "ü"])


class AnyOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.store = make_store(self.root)
        self.objects: dict[Address, ObjectState] = {}
        self.intents: list[Intent] = []
        self.serial = 0
        self.open()

    def open(self) -> None:
        self.lease: FileLease = self.store.acquire(ME)
        self.session: LocalSession = self.store.open(self.lease)

    @rule(name=names, text=st.text(max_size=3))
    def put(self, name: str, text: str) -> None:
        item = make_item(name, text=text.encode(errors="replace").decode())
        self.session.put(item)
        self.objects[item.address] = item
        self.serial += 1

    @rule(name=names)
    def remove(self, name: str) -> None:
        self.session.remove(Address.of("workload", name))
        self.objects.pop(Address.of("workload", name), None)
        self.serial += 1

    @rule(name=names)
    def begin(self, name: str) -> None:
        self.intents.append(self.session.begin(make_intent(name)))
        self.serial += 1

    @rule(name=names)
    def end_oldest(self, name: str) -> None:
        if self.intents:
            item = make_item(name, id="made")
            self.session.end(self.intents.pop(0), put=item)
            self.objects[item.address] = item
            self.serial += 1

    @rule()
    def close_and_compact(self) -> None:
        self.session.close()
        ledger = load_files(self.store.paths, "chat", "prod").ledger
        if ledger.lineage:
            write_snapshot(self.store.paths, replace(ledger, epoch=self.lease.epoch), self.store.disk, self.lease.check)
        self.lease.release()
        self.open()

    @rule(torn=st.binary(max_size=20).filter(lambda tail: b"\n" not in tail))
    def crash(self, torn: bytes) -> None:
        self.store.unlock()
        if self.store.paths.journal.exists():
            with self.store.paths.journal.open("ab") as file:
                file.write(torn)
        self.open()

    @invariant()
    def what_was_acknowledged_is_there(self) -> None:
        state = self.store.load()
        assert (state.objects, list(state.intents), state.serial) == (self.objects, self.intents, self.serial)
        assert self.session.state.objects == self.objects

    def teardown(self) -> None:
        self.session.close()
        self.lease.release()
        shutil.rmtree(self.root)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
