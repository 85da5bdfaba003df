"""Environments that share a platform: nothing that another state records is taken over or ended."""

from __future__ import annotations

import re
import shlex

import pytest
from support.command_line import PROGRAM, CommandLine, Ended

from wlinfra.state.lease import LockRequest
from wlinfra.state.model import EnvironmentState, Intent
from wlinfra.state.store import LocalStateStore
from wlinfra.values import Address

BOTH = PROGRAM + 'stack.environment("prod", provider="memory", protect=True)\n'


@pytest.fixture
def two(wlinfra: CommandLine) -> CommandLine:
    """A program with two environments on one account, of which ``test`` is applied."""
    wlinfra.write(BOTH)
    assert wlinfra.run("apply", "-e", "test", "--auto-approve").code == 0
    return wlinfra


def told(ended: Ended) -> str:
    return re.sub(r"[\s│]+", " ", ended.out + ended.err)


def commands(ended: Ended) -> list[list[str]]:
    """Return the commands that the errors print, without the folder that each of them names."""
    lines = (line.replace("│", "").strip() for line in ended.err.splitlines() + ended.out.splitlines())
    found = [shlex.split(line)[1:] for line in lines if line.startswith("wlinfra ")]
    for words in found:
        if "--chdir" in words:
            del words[words.index("--chdir") : words.index("--chdir") + 2]
    return found


@pytest.mark.parametrize("command", [["plan"], ["apply", "--auto-approve"], ["apply", "--auto-approve", "--adopt"]])
def test_what_a_sibling_records_is_not_taken_over(two: CommandLine, command: list[str]) -> None:
    ended = two.run(*command, "-e", "prod")
    assert ended.code == 1
    assert "recorded by environment test of stack shop as artifact.server" in told(ended)
    assert "name_prefix=" in told(ended)
    assert len(two.provider.world.objects) == 2


def test_the_printed_command_hands_it_over(two: CommandLine) -> None:
    for command in [one for one in commands(two.run("plan", "-e", "prod")) if one[:2] == ["state", "rm"]]:
        assert two.run(*command).code == 0
    for command in [one for one in commands(two.run("plan", "-e", "prod")) if one[:2] == ["state", "rm"]]:
        assert two.run(*command).code == 0  # what depends on the first
    assert two.run("apply", "-e", "prod", "--auto-approve", "--adopt").code == 0
    assert sorted(two.run("state", "list", "-e", "prod").out.split()) == ["artifact.server", "workload.chat"]
    assert two.run("state", "list", "-e", "test").out.split() == []
    assert len(two.provider.world.objects) == 2


def test_it_is_not_imported_by_its_id_either(two: CommandLine) -> None:
    (chat,) = two.provider.world.find("workload", "chat")
    ended = two.run("import", "workload.chat", chat, "-e", "prod")
    assert (ended.code, "environment test of stack shop" in told(ended)) == (1, True)


def test_another_stack_of_the_state_directory_counts_too(two: CommandLine) -> None:
    two.write(PROGRAM.replace('Stack("shop"', 'Stack("copy"'), "copy.py")
    ended = two.run("plan", "copy.py")
    assert "environment test of stack shop" in told(ended)
    (command,) = [one for one in commands(ended) if one[:2] == ["state", "rm"]]
    assert command[3:7] == ["--stack", "shop", "-e", "test"]
    assert two.run(*command).code == 0
    assert two.run("state", "list", "-e", "test").out.split() == ["workload.chat"]


def doubled(line: CommandLine) -> None:
    """Record the objects of ``test`` in ``prod`` as well, as a version before could do."""
    root = line.folder / ".wlinfra"
    records = LocalStateStore(root, "shop", "test").load().objects.values()
    store = LocalStateStore(root, "shop", "prod")
    with store.acquire(LockRequest(owner="test")) as lease, store.open(lease) as session:
        session.set_many(put=records)


def test_what_two_states_record_is_deleted_by_neither(two: CommandLine) -> None:
    doubled(two)
    ended = two.run("destroy", "-e", "test", "--auto-approve")
    assert (ended.code, "is recorded by environment prod of stack shop as workload.chat, too" in told(ended)) == (
        1,
        True,
    )
    assert two.run("apply", "-e", "test", "--auto-approve", "--replace", "workload.chat").code == 1
    assert len(two.provider.world.objects) == 2
    here = [one for one in commands(ended) if one[:2] == ["state", "rm"] and one[-1] == "test"]
    assert len(here) == 2
    for command in here:
        assert two.run(*command).code == 0
    assert two.run("destroy", "-e", "test", "--auto-approve").code == 0
    assert len(two.provider.world.objects) == 2


def test_what_an_interrupted_sibling_may_have_made_is_left_to_it(two: CommandLine) -> None:
    (chat,) = two.provider.world.find("workload", "chat")
    assert two.run("state", "rm", "workload.chat", "-e", "test").code == 0
    store = LocalStateStore(two.folder / ".wlinfra", "shop", "test")
    draft = Intent(
        address=Address("workload.chat"),
        provider="default",
        kind="workload",
        name="chat",
        operation="create",
        verb="POST",
        target=None,
        makes=True,
        lookup={"before": []},
    )
    with store.acquire(LockRequest(owner="test")) as lease, store.open(lease) as session:
        session.begin(draft)
    ended = two.run("import", "workload.chat", chat, "-e", "prod")
    assert "an interrupted run of environment test of stack shop may have created it" in told(ended)
    assert ["apply", "-e", "test"] in commands(ended)


def test_a_damaged_sibling_is_named_before_anything_is_taken(two: CommandLine) -> None:
    (two.folder / ".wlinfra" / "shop" / "test" / "journal.jsonl").write_text("no journal\n")
    ended = two.run("plan", "-e", "prod")
    assert (ended.code, "State next to this one damaged" in told(ended)) == (1, True)
    assert len(two.provider.world.objects) == 2


# ---------------------------------------------------------------- prefixes

PREFIXED = BOTH.replace('"prod", provider="memory", protect=True', '"prod", provider="memory", name_prefix="prod-"')


def test_a_prefix_lets_environments_share_an_account(two: CommandLine) -> None:
    two.write(PREFIXED)
    assert two.run("apply", "-e", "prod", "--auto-approve").code == 0
    names = sorted(item.name for item in two.provider.world.objects.values())
    assert names == ["chat", "prod-chat", "prod-server", "server"]
    assert two.run("destroy", "-e", "test", "--auto-approve").code == 0
    assert sorted(item.name for item in two.provider.world.objects.values()) == ["prod-chat", "prod-server"]
    assert "No changes" in two.run("plan", "-e", "prod").out


@pytest.mark.parametrize("after", ["", "other-"])
def test_a_prefix_does_not_change_while_there_are_objects(two: CommandLine, after: str) -> None:
    two.write(PREFIXED)
    assert two.run("apply", "-e", "prod", "--auto-approve").code == 0
    two.write(PREFIXED.replace("prod-", after))
    ended = two.run("apply", "-e", "prod", "--auto-approve")
    assert (ended.code, "Name prefix changed" in ended.err) == (1, True)
    assert ["destroy", "-e", "prod"] in commands(ended)
    assert two.run("destroy", "-e", "prod", "--auto-approve").code == 0
    two.run("destroy", "-e", "test", "--auto-approve")
    assert two.run("apply", "-e", "prod", "--auto-approve").code == 0
    assert {item.name for item in two.provider.world.objects.values()} == {f"{after}chat", f"{after}server"}


def test_a_name_given_for_the_platform_has_no_prefix(wlinfra: CommandLine) -> None:
    wlinfra.write(PREFIXED.replace('"chat", artifact', '"chat", platform_name="exactly", artifact'))
    assert wlinfra.run("apply", "-e", "prod", "--auto-approve").code == 0
    assert {item.name for item in wlinfra.provider.world.objects.values()} == {"exactly", "prod-server"}


def test_a_prefix_that_no_name_can_begin_with_is_refused(wlinfra: CommandLine) -> None:
    wlinfra.write(PREFIXED.replace('"prod-"', '"prod/"'))
    ended = wlinfra.run("validate", "-e", "prod")
    assert (ended.code, "Bad name prefix" in ended.err, "infra.py line" in ended.err) == (1, True, True)


# ---------------------------------------------------------------- places


def test_another_place_is_refused_and_nothing_counts_as_gone_there(wlinfra: CommandLine) -> None:
    assert wlinfra.run("apply", "--auto-approve").code == 0
    there = wlinfra.provider
    elsewhere = CommandLine(wlinfra.folder)
    elsewhere.provider.place = "another"
    for command in (["plan"], ["apply", "--auto-approve"], ["destroy", "--auto-approve"], ["drift"]):
        ended = elsewhere.run(*command)
        assert (ended.code, "State belongs to another place" in ended.err) == (14, True), command
    assert elsewhere.run("import", "workload.chat", "obj-1").code == 14
    assert elsewhere.provider.world.objects == {}
    assert len(there.world.objects) == 2
    assert "No changes" in wlinfra.run("plan").out


def test_the_printed_command_begins_at_the_new_place(wlinfra: CommandLine) -> None:
    assert wlinfra.run("apply", "--auto-approve").code == 0
    elsewhere = CommandLine(wlinfra.folder)
    elsewhere.provider.place = "another"
    (command,) = commands(elsewhere.run("plan"))
    planned = elsewhere.run(*command)
    assert (planned.code, "2 created" in planned.out) == (0, True)
    assert commands(planned)[-1][0] == "apply"
    assert elsewhere.run(*commands(planned)[-1], "--auto-approve").code == 0
    assert "No changes" in elsewhere.run("plan").out
    assert wlinfra.run("plan").code == 14


def test_a_saved_plan_keeps_the_new_place(wlinfra: CommandLine) -> None:
    assert wlinfra.run("apply", "--auto-approve").code == 0
    elsewhere = CommandLine(wlinfra.folder)
    elsewhere.provider.place = "another"
    assert elsewhere.run("plan", "--new-place", "--out", "plan.json").code == 0
    assert elsewhere.run("apply", "plan.json").code == 0
    assert len(elsewhere.provider.world.objects) == 2


def test_a_state_that_knows_no_place_learns_it_without_a_change(wlinfra: CommandLine) -> None:
    assert wlinfra.run("apply", "--auto-approve").code == 0
    store = LocalStateStore(wlinfra.folder / ".wlinfra", "shop", "test")
    with store.acquire(LockRequest(owner="test")) as lease, store.open(lease) as session:
        session.set_environment(EnvironmentState())
    assert "No changes" in wlinfra.run("plan").out
    assert store.load().places == {}
    assert "No changes" in wlinfra.run("apply", "--auto-approve").out
    assert store.load().places == {"default": {"platform": "memory"}}
    serial = store.load().serial
    assert wlinfra.run("apply", "--auto-approve").code == 0
    assert store.load().serial == serial


def test_a_place_without_objects_may_change(wlinfra: CommandLine) -> None:
    assert wlinfra.run("apply", "--auto-approve").code == 0
    assert wlinfra.run("destroy", "--auto-approve").code == 0
    elsewhere = CommandLine(wlinfra.folder)
    elsewhere.provider.place = "another"
    assert elsewhere.run("apply", "--auto-approve").code == 0
