"""A stack whose program cannot be loaded any more is destroyed by what the state records of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import PROGRAM, CommandLine

from wlinfra.state.lease import LockRequest
from wlinfra.state.model import EnvironmentState
from wlinfra.state.store import LocalStateStore

UNLOADABLE = {
    "a syntax error": PROGRAM + "\n)(\n",
    "an import that fails": "import nothing_of_that_name\n" + PROGRAM,
    "an exception": PROGRAM.replace("class Settings", "raise ValueError\n\n\nclass Settings"),
}


def store_of(line: CommandLine) -> LocalStateStore:
    return LocalStateStore(line.folder / ".wlinfra", "shop", "test")


@pytest.mark.parametrize("kind", UNLOADABLE)
def test_a_stack_is_destroyed_although_its_program_cannot_be_loaded(applied: CommandLine, kind: str) -> None:
    applied.write(UNLOADABLE[kind])
    planned = applied.run("plan", "--destroy")
    ended = applied.run("destroy", "--auto-approve")
    assert (planned.code, ended.code, applied.provider.world.objects) == (0, 0, {})
    for text in (planned.out, ended.out):
        assert "The program could not be loaded (" in text
        assert "infra.py:" in text
        assert "destroying what the state records" in " ".join(text.split())


def test_a_program_that_is_gone_needs_the_name_of_its_stack(applied: CommandLine) -> None:
    (applied.folder / "infra.py").unlink()
    refused = applied.run("destroy", "--auto-approve")
    assert (refused.code, len(applied.provider.world.objects)) == (1, 2)
    assert "--stack shop -e test" in refused.err
    assert applied.run("destroy", "--stack", "shop", "--auto-approve").code == 0
    assert applied.provider.world.objects == {}


def test_a_mistyped_program_destroys_nothing(applied: CommandLine) -> None:
    applied.write("import wlinfra as wl\n", "helpers.py")
    for name in ("helpers.py", "infar.py"):
        assert applied.run("destroy", name, "--auto-approve").code == 1
    assert len(applied.provider.world.objects) == 2


def test_of_several_environments_none_is_guessed(applied: CommandLine) -> None:
    applied.write(PROGRAM + 'stack.environment("prod", provider="memory")\n)')
    ended = applied.run("destroy", "--auto-approve")
    assert (ended.code, len(applied.provider.world.objects)) == (1, 2)
    assert "--stack shop -e test" in ended.err
    assert applied.run("destroy", "-e", "test", "--auto-approve").code == 0


def test_what_is_recorded_as_protected_stays(applied: CommandLine) -> None:
    applied.write(PROGRAM.replace("replicas=env", "protect=True, replicas=env"))
    assert applied.run("apply", "--auto-approve").code == 0
    applied.write(PROGRAM + ")")
    assert applied.run("destroy", "--auto-approve").code == 1
    assert len(applied.provider.world.objects) == 2


def test_a_protected_environment_stays_protected(applied: CommandLine) -> None:
    applied.write(PROGRAM.replace('provider="memory"', 'provider="memory", protect=True'))
    assert applied.run("apply", "--auto-approve").code == 0
    applied.write(PROGRAM + ")")
    assert applied.run("destroy", "--auto-approve").code == 1
    assert len(applied.provider.world.objects) == 2


@pytest.mark.parametrize("way", ["--stack=shop", "-e=test", "an error in its function"])
@pytest.mark.parametrize("protected", ['provider="memory", protect=True', "protect=True, replicas=env"])
def test_protection_that_a_broken_program_cannot_lift_is_lifted_by_a_corrected_one(
    applied: CommandLine, way: str, protected: str
) -> None:
    before = PROGRAM.replace(protected.replace(", protect=True", "").replace("protect=True, ", ""), protected)
    applied.write(before)
    assert applied.run("apply", "--auto-approve").code == 0
    applied.write(before.replace("    yield server", "    raise ValueError") if way[0] == "a" else PROGRAM + ")")
    ended = applied.run("destroy", "--auto-approve", *([way] if way[0] == "-" else []))
    assert (ended.code, len(applied.provider.world.objects)) == (1, 2)
    assert "correct yours, or write one for the stack shop with the environment test" in ended.err + ended.out
    applied.write()
    assert (applied.run("apply", "--auto-approve").code, applied.run("destroy", "--auto-approve").code) == (0, 0)


def test_no_saved_plan_is_advised_where_none_can_be_saved(applied: CommandLine) -> None:
    assert "--out plan.json" in applied.run("destroy").err
    assert "--out" not in applied.run("destroy", "--stack", "shop", "--json").err
    applied.write(PROGRAM + ")")
    for options in ([], ["--stack", "shop"]):
        ended = applied.run("destroy", *options)
        assert (ended.code, "--auto-approve" in ended.err, "--out" in ended.err) == (1, True, False)


def test_what_is_retained_is_forgotten_only(applied: CommandLine) -> None:
    applied.write(PROGRAM.replace("replicas=env", "retain=True, replicas=env"))
    assert applied.run("apply", "--auto-approve").code == 0
    applied.write(PROGRAM + ")")
    assert applied.run("destroy", "--auto-approve").code == 0
    assert [item.kind for item in applied.provider.world.objects.values()] == ["workload"]


def test_a_state_of_an_earlier_version_learns_how_to_be_destroyed_without_a_change(applied: CommandLine) -> None:
    store = store_of(applied)
    with store.acquire(LockRequest(owner="test")) as lease, store.open(lease) as session:
        session.set_environment(EnvironmentState())
    applied.write(PROGRAM + ")")
    ended = applied.run("destroy", "--auto-approve")
    assert (ended.code, len(applied.provider.world.objects)) == (1, 2)
    assert "does not record how to reach 'default'" in ended.err
    applied.write(PROGRAM)
    assert "No changes" in applied.run("apply", "--auto-approve").out
    assert store.load().providers == {"default": {"provider": "memory"}}
    applied.write(PROGRAM + ")")
    assert applied.run("destroy", "--auto-approve").code == 0


def test_a_plan_that_is_to_be_saved_needs_the_program(applied: CommandLine) -> None:
    applied.write(PROGRAM + ")")
    ended = applied.run("plan", "--destroy", "--out", "plan.json")
    assert (ended.code, (applied.folder / "plan.json").exists()) == (1, False)
    assert "wlinfra destroy -e test" in ended.err


def test_options_are_recorded_and_pulled_and_pushed(applied: CommandLine, tmp_path: Path) -> None:
    applied.write(PROGRAM.replace('provider="memory"', 'provider="memory", region="north"'))
    assert applied.run("apply", "--auto-approve").code == 0
    pulled = tmp_path / "pulled.json"
    pulled.write_text(applied.run("state", "pull").out, encoding="utf-8")
    assert applied.run("state", "push", "pulled.json").code == 0
    assert store_of(applied).load().providers == {"default": {"provider": "memory", "region": "north"}}
