"""The commands that change the record by hand orphan nothing, check what they are given, and stand in the history."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from support.command_line import CommandLine

from wlinfra.changes.model import Step
from wlinfra.provider.base import StepResult
from wlinfra.state.holder import Holder
from wlinfra.state.lease import LockInfo, LockRequest
from wlinfra.state.store import LocalStateStore


def store_of(line: CommandLine) -> LocalStateStore:
    return LocalStateStore(line.folder / ".wlinfra", "shop", "test")


# ---------------------------------------------------------------- mv and rm


@pytest.mark.parametrize(
    ("destination", "why"),
    [
        ("artifact.chat", "Address of another kind"),
        ("payments.artifact.chat", "Address of another kind"),
        ("workload.chat/Service", "Address of another kind"),
        ("chat", "Not an address"),
        ("", "Not an address"),
        ("workload.", "Not an address"),
        ("workload.a b", "Not an address"),
        ("workload.chat\n", "Not an address"),
    ],
)
def test_a_move_that_would_orphan_the_object_is_refused(applied: CommandLine, destination: str, why: str) -> None:
    before = store_of(applied).load()
    ended = applied.run("state", "mv", "workload.chat", destination)
    assert (ended.code, why in ended.err) == (1, True)
    assert store_of(applied).load() == before


def test_a_refused_move_names_one_that_works(applied: CommandLine) -> None:
    ended = applied.run("state", "mv", "workload.chat", "artifact.talk")
    assert "wlinfra state mv workload.chat workload.talk" in ended.err
    assert applied.run("state", "mv", "workload.chat", "workload.talk").code == 0


def test_a_refused_move_names_no_move_to_the_same_address(applied: CommandLine) -> None:
    ended = applied.run("state", "mv", "workload.chat", "artifact.chat")
    assert "workload.chat with another name" in ended.err
    assert "wlinfra state mv" not in ended.err


def test_a_move_into_a_scope_is_one_of_the_same_kind(applied: CommandLine) -> None:
    assert applied.run("state", "mv", "workload.chat", "payments.workload.chat").code == 0
    assert applied.run("state", "list").out.split() == ["artifact.server", "payments.workload.chat"]


@pytest.mark.parametrize("words", [("rm", "workload.nope"), ("mv", "workload.nope", "workload.other"), ("rm", "")])
def test_an_unknown_address_is_a_mistake_and_no_damage(applied: CommandLine, words: tuple[str, ...]) -> None:
    ended = applied.run("state", *words)
    assert (ended.code, "Address is not recorded" in ended.err) == (1, True)


# ---------------------------------------------------------------- push

WRONG: dict[str, Any] = {
    "a serial that is text": {"serial": "x"},
    "a serial that is true": {"serial": True},
    "a negative serial": {"serial": -1},
    "no lineage": {"lineage": ""},
    "objects as a list": {"objects": []},
    "an epoch too large": {"epoch": 2**70},
    "a mark of nothing": {"marked": ["workload.other"]},
}
WRONG_OBJECT: dict[str, Any] = {
    "another address": {"address": "workload.other"},
    "a number as id": {"id": 7},
    "no provider": {"provider": None},
    "values as text": {"values": "x"},
    "an unknown health": {"health": "fine"},
    "protect as text": {"protect": "no"},
    "a dependency without a name": {"depends_on": ["artifact"]},
    "dependencies as text": {"depends_on": "artifact.server"},
    "a deposed object without an id": {"deposed": [{}]},
}


def pulled(line: CommandLine) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(line.run("state", "pull").out)
    return document


def push(line: CommandLine, document: Any) -> tuple[int, str]:
    (line.folder / "state.json").write_text(json.dumps(document))
    ended = line.run("state", "push", "state.json", "--force")
    return ended.code, ended.err


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_document_that_is_no_state_is_refused_before_anything_is_written(applied: CommandLine, wrong: Any) -> None:
    before = store_of(applied).load()
    code, said = push(applied, {**pulled(applied), **wrong})
    assert (code, "Not a state" in said) == (1, True)
    assert store_of(applied).load() == before


@pytest.mark.parametrize("wrong", WRONG_OBJECT.values(), ids=WRONG_OBJECT)
def test_so_is_one_with_an_object_that_cannot_be(applied: CommandLine, wrong: Any) -> None:
    before, document = store_of(applied).load(), pulled(applied)
    document["objects"]["workload.chat"] |= wrong
    code, said = push(applied, document)
    assert (code, "Not a state" in said) == (1, True)
    assert store_of(applied).load() == before


def test_an_address_that_is_none_is_refused_too(applied: CommandLine) -> None:
    document = pulled(applied)
    document["objects"]["chat"] = {**document["objects"].pop("workload.chat"), "address": "chat"}
    code, said = push(applied, document)
    assert (code, "objects.chat.address" in said) == (1, True)


def test_what_was_pulled_with_an_open_step_can_be_pushed(wlinfra: CommandLine) -> None:
    interrupted(wlinfra)
    assert push(wlinfra, pulled(wlinfra))[0] == 0
    assert len(store_of(wlinfra).load().intents) == 1


# ---------------------------------------------------------------- unlock


@contextmanager
def held(line: CommandLine, **changed: Any) -> Iterator[LockInfo]:
    """Hold the lock as another run would; the record can be changed to that of another holder."""
    store = store_of(line)
    with store.acquire(LockRequest(owner="bob", operation="destroy")) as lease:
        info = replace(lease.info, **changed)
        store.lock.replace_record(lease.info, info)
        yield info


ELSEWHERE = Holder(host="far", pid=1, machine="another")


def test_a_living_holder_is_named_and_keeps_its_lock(applied: CommandLine) -> None:
    with held(applied) as info:
        ended = applied.run("state", "unlock")
        assert (ended.code, "Holder seems to live" in ended.err) == (11, True)
        assert all(text in ended.err for text in ("bob", "'destroy'", info.since, f"wlinfra state unlock {info.id}"))
        assert store_of(applied).read_lock() is not None


def test_so_does_one_on_another_machine_whose_heart_beats(applied: CommandLine) -> None:
    with held(applied, holder=ELSEWHERE):
        assert applied.run("state", "unlock").code == 11


def test_one_on_another_machine_that_is_overdue_is_over(applied: CommandLine) -> None:
    with held(applied, holder=ELSEWHERE, heartbeat=1.0):
        assert applied.run("state", "unlock").code == 0


def test_the_id_of_the_lock_frees_it_and_no_other_does(applied: CommandLine) -> None:
    with held(applied) as info:
        assert applied.run("state", "unlock", "0123abcd").code == 11
        assert "bob" in applied.run("state", "unlock", info.id).out
    assert store_of(applied).read_lock() is None


def test_a_lock_that_changed_hands_meanwhile_is_not_freed(applied: CommandLine) -> None:
    with held(applied), pytest.raises(Exception, match="bob holds the lock"):
        store_of(applied).unlock(held_by="0" * 32)


def test_a_lock_whose_record_is_damaged_can_be_freed(applied: CommandLine) -> None:
    store_of(applied).lock.path.write_text("{")
    assert applied.run("state", "unlock").code == 0
    assert applied.run("apply", "--auto-approve", "--set", "replicas=2").code == 0


# ---------------------------------------------------------------- history


def interrupted(line: CommandLine) -> None:
    """Apply until the process dies after its first call, and leave the lock as that would."""

    def dies(step: Step, proceed: Callable[[], StepResult]) -> StepResult:
        proceed()
        raise RuntimeError("the process died")

    line.provider.on_run = dies
    line.run("apply", "--auto-approve")
    line.provider.on_run = None
    assert len(store_of(line).load().intents) == 1
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    with store_of(line).acquire(LockRequest(owner="carol", operation="destroy")) as lease:
        info = lease.info
    gone = replace(info, epoch=info.epoch + 1, holder=replace(info.holder, pid=int(child.stdout)))
    store_of(line).lock.path.write_text(json.dumps(asdict(gone)))


def test_a_killed_run_stands_in_the_history_of_the_next(wlinfra: CommandLine) -> None:
    interrupted(wlinfra)
    assert wlinfra.run("apply", "--auto-approve").code == 0
    assert [entry[:2] for entry in entries(wlinfra)] == [("apply", "failed"), ("destroy", "killed"), ("apply", "done")]
    (killed,) = [entry for entry in store_of(wlinfra).history() if entry.result == "killed"]
    assert (killed.who, killed.summary) == ("carol", "ended without a result, 1 call to look up")


def entries(line: CommandLine) -> list[tuple[str, str, str]]:
    return [(entry.command, entry.result, entry.summary) for entry in store_of(line).history()]


def test_every_change_by_hand_stands_in_the_history(applied: CommandLine) -> None:
    applied.run("state", "mv", "artifact.server", "artifact.web")
    applied.run("state", "rm", "workload.chat")
    assert applied.run("import", "workload.chat", "obj-2").code == 0
    push(applied, pulled(applied))
    assert entries(applied)[1:] == [
        ("state mv", "done", "moved artifact.server to artifact.web"),
        ("state rm", "done", "forgot workload.chat"),
        ("import", "done", "imported workload.chat [id=obj-2]"),
        ("state push", "done", "replaced the state, forced"),
    ]
    assert "state mv" in applied.run("history").out


def test_a_refused_change_does_not(applied: CommandLine) -> None:
    applied.run("state", "mv", "workload.chat", "chat")
    assert len(entries(applied)) == 1


# ---------------------------------------------------------------- files


def test_files_are_for_their_owner_alone_whatever_the_umask(wlinfra: CommandLine) -> None:
    before = os.umask(0)
    try:
        assert wlinfra.run("apply", "--auto-approve").code == 0
        wlinfra.run("state", "rm", "workload.chat")
    finally:
        os.umask(before)
    found = list((wlinfra.folder / ".wlinfra").rglob("*"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_file()} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_dir()} == {0o700}


def test_a_directory_made_for_a_group_is_shared_by_it(wlinfra: CommandLine) -> None:
    shared = wlinfra.folder / ".wlinfra"
    shared.mkdir()
    shared.chmod(0o2770)
    assert wlinfra.run("apply", "--auto-approve").code == 0
    modes = {stat.S_IMODE(path.stat().st_mode) for path in shared.rglob("*") if path.is_file()}
    assert modes == {0o660}


def test_a_file_of_an_earlier_version_loses_what_others_may(applied: CommandLine) -> None:
    journal = store_of(applied).paths.journal
    journal.chmod(0o644)
    assert applied.run("apply", "--auto-approve", "--set", "replicas=2").code == 0
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600


# ---------------------------------------------------------------- a journal that was cut short


def cut(path: Path, lines: int) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:lines]))


@pytest.mark.parametrize("left", [0, 1, 3])
def test_a_journal_cut_short_is_noticed_by_the_history(applied: CommandLine, left: int) -> None:
    store = store_of(applied)
    serial = store.load().serial
    cut(store.paths.journal, left)
    ended = applied.run("plan")
    assert ended.code == 12
    assert f"the history reports a run that ended at serial {serial}" in ended.err
    assert applied.run("apply", "--auto-approve").code == 12
    assert len(applied.provider.world.objects) == 2


def test_its_repair_says_how_much_is_missing_and_goes_beyond_it(applied: CommandLine) -> None:
    store = store_of(applied)
    serial = store.load().serial
    cut(store.paths.journal, 3)
    said = applied.run("state", "repair").out
    assert "could not be read" in said
    assert store.load().serial == serial + 1
    assert applied.run("plan").code == 0


def test_a_command_that_the_lock_stops_is_told_the_id_that_frees_it(applied: CommandLine) -> None:
    with held(applied) as info:
        for words in (("state", "rm", "workload.chat"), ("apply", "--auto-approve")):
            ended = applied.run(*words)
            assert (ended.code, f"wlinfra state unlock {info.id}" in ended.err) == (11, True)


def test_an_address_that_is_not_recorded_is_answered_with_the_nearest(applied: CommandLine) -> None:
    assert "Did you mean workload.chat? List what it has:" in applied.run("state", "rm", "workload.caht").err
    assert "Did you mean" not in applied.run("state", "rm", "nothing.like.it").err
