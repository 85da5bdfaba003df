"""A stack that gets another name takes its record along."""

from __future__ import annotations

import pytest
from support.advice import advised_commands
from support.command_line import PROGRAM, CommandLine

from wlinfra.state.lease import LockRequest
from wlinfra.state.store import LocalStateStore

RENAMED = PROGRAM.replace('"shop"', '"store"')
OTHERS = PROGRAM.replace('"server"', '"other"').replace('"chat"', '"talk"')
EXTENDED = RENAMED.replace("    yield server\n", '    yield server\n    yield wl.Workload("late", artifact=server)\n')


def store_of(line: CommandLine, stack: str) -> LocalStateStore:
    return LocalStateStore(line.folder / ".wlinfra", stack, "test")


@pytest.fixture
def renamed(applied: CommandLine) -> CommandLine:
    """A folder whose stack was applied and then renamed."""
    applied.write(RENAMED)
    return applied


def test_the_command_that_is_advised_keeps_everything(renamed: CommandLine) -> None:
    before = dict(store_of(renamed, "shop").load().objects)
    ended = renamed.run("plan")
    (rename, *_) = advised_commands(ended.out + ended.err)
    assert rename[:3] == ["state", "rename", "shop"]
    assert renamed.run(*rename).code == 0
    assert store_of(renamed, "store").load().objects == before
    assert store_of(renamed, "shop").load().objects == {}
    assert "No changes" in renamed.run("plan").out
    assert renamed.run("destroy", "--auto-approve").code == 0
    assert renamed.provider.world.objects == {}


def test_it_is_in_the_history_of_both(renamed: CommandLine) -> None:
    assert renamed.run("state", "rename", "shop").code == 0
    assert "was the stack shop" in renamed.run("history").out
    assert "is the stack store now" in renamed.run("history", "--stack", "shop").out


def test_it_ends_what_an_interrupted_one_began(renamed: CommandLine) -> None:
    source, target = store_of(renamed, "shop"), store_of(renamed, "store")
    with target.acquire(LockRequest(owner="ada")) as lease:
        target.push(source.pull(), lease, force=True)
    assert renamed.run("state", "rename", "shop").code == 0
    assert (len(target.load().objects), len(source.load().objects)) == (2, 0)


def test_what_was_applied_after_an_interrupted_one_stays_recorded(renamed: CommandLine) -> None:
    source, target = store_of(renamed, "shop"), store_of(renamed, "store")
    with target.acquire(LockRequest(owner="ada")) as lease:
        target.push(source.pull(), lease, force=True)
    renamed.write(EXTENDED)
    assert renamed.run("apply", "--auto-approve").code == 0
    assert renamed.run("state", "rename", "shop").code == 0
    assert set(target.load().objects) == {"artifact.server", "workload.chat", "workload.late"}
    assert source.load().objects == {}
    assert "No changes" in renamed.run("plan").out


@pytest.mark.parametrize("old", ["shop2", "store"])
def test_nothing_is_renamed_where_nothing_is_recorded(renamed: CommandLine, old: str) -> None:
    ended = renamed.run("state", "rename", old)
    assert (ended.code, "Nothing to rename" in ended.err) == (1, True)
    assert not (renamed.folder / ".wlinfra" / "shop2").exists()


def test_a_record_is_never_overwritten(applied: CommandLine) -> None:
    applied.write(OTHERS.replace('"shop"', '"store"'))
    assert applied.run("apply", "--auto-approve").code == 0
    ended = applied.run("state", "rename", "shop")
    assert (ended.code, "Record is taken" in ended.err) == (1, True)
    assert len(store_of(applied, "store").load().objects) == len(store_of(applied, "shop").load().objects) == 2


def test_a_stack_that_was_applied_again_under_its_old_name_overwrites_nothing(renamed: CommandLine) -> None:
    assert renamed.run("state", "rename", "shop").code == 0
    renamed.write(EXTENDED)
    assert renamed.run("apply", "--auto-approve").code == 0
    renamed.write(OTHERS)
    assert renamed.run("apply", "--auto-approve").code == 0
    before = [store_of(renamed, stack).load().objects for stack in ("store", "shop")]
    renamed.write(EXTENDED)
    ended = renamed.run("state", "rename", "shop")
    assert (ended.code, "Record is taken" in ended.err) == (1, True)
    assert [store_of(renamed, stack).load().objects for stack in ("store", "shop")] == before
    assert [len(objects) for objects in before] == [3, 2]
