"""What needs the record alone works where the program cannot be run, or is gone."""

from __future__ import annotations

import json

import pytest
from support.command_line import PROGRAM, CommandLine

from wlinfra.state.lease import LockRequest
from wlinfra.state.store import LocalStateStore

BROKEN = {
    "a syntax error": PROGRAM + "\n)(\n",
    "an import that fails": "import nothing_of_that_name\n" + PROGRAM,
    "an exception": PROGRAM.replace("class Settings", "raise ValueError\n\n\nclass Settings"),
    "an exit": "raise SystemExit(3)\n" + PROGRAM,
    "no stack": "import wlinfra as wl\n",
    "the environment gone": PROGRAM.replace('"test"', '"other"'),
}
OTHER = PROGRAM.replace('"server"', '"web"').replace('"chat"', '"talk"')
COMMANDS = [
    ("state", "list"),
    ("state", "show", "workload.chat"),
    ("state", "pull"),
    ("state", "unlock"),
    ("state", "repair"),
    ("show",),
    ("show", "workload.chat"),
    ("output",),
    ("output", "endpoint"),
    ("history",),
]


@pytest.mark.parametrize("kind", BROKEN)
def test_a_program_with_an_error_is_in_the_way_of_no_command_that_does_not_need_it(
    applied: CommandLine, kind: str
) -> None:
    whole = {words: applied.run(*words).out for words in COMMANDS}
    applied.write(BROKEN[kind])
    where = ["-e", "test"] if kind == "the environment gone" else []
    for words in COMMANDS:
        ended = applied.run(*words, *where)
        assert (ended.code, ended.out) == (0, whole[words]), words
        assert "the program was not run" in ended.err
    assert applied.run("state", "mv", "artifact.server", "artifact.web", *where).code == 0
    assert applied.run("state", "rm", "workload.chat", *where).code == 0
    assert applied.run("state", "list", *where).out.split() == ["artifact.web"]


def test_a_program_that_is_gone_leaves_its_record_readable(applied: CommandLine) -> None:
    (applied.folder / "infra.py").unlink()
    assert applied.run("state", "list").out.split() == ["artifact.server", "workload.chat"]
    with LocalStateStore(applied.folder / ".wlinfra", "shop", "test").acquire(LockRequest(owner="bob")):
        assert "bob" in applied.run("state", "unlock", "--force").out


def test_of_several_records_the_one_is_taken_that_the_text_of_the_program_names(applied: CommandLine) -> None:
    applied.write(OTHER.replace('"shop"', '"other"'), "other.py")
    assert applied.run("apply", "other.py", "--auto-approve").code == 0
    applied.write(PROGRAM + ")")
    assert applied.run("state", "list").out.split() == ["artifact.server", "workload.chat"]
    applied.write(")")
    ended = applied.run("state", "list")
    assert (ended.code, ended.out) == (1, "")
    assert "--stack other -e test" in ended.err
    assert "--stack shop -e test" in ended.err
    assert applied.run("state", "list", "--stack", "other", "-e", "test").out.split() == [
        "artifact.web",
        "workload.talk",
    ]
    assert applied.run("state", "list", "--stack", "other").out.split() == ["artifact.web", "workload.talk"]
    assert applied.run("state", "list", "--stack", "othr").code == 1


def test_an_environment_nobody_recorded_is_still_a_mistake(applied: CommandLine) -> None:
    ended = applied.run("state", "list", "-e", "tset")
    assert (ended.code, ended.out) == (1, "")
    assert "Did you mean test?" in ended.err


DESTROYABLE = {
    "an exception": PROGRAM.replace("    yield server\n", "    yield server\n    {}[1]\n"),
    "a wrong attribute": PROGRAM.replace("replicas=env", "replcias=env"),
    "nothing yielded": PROGRAM.replace("yield", "_ ="),
}


@pytest.mark.parametrize("kind", DESTROYABLE)
def test_a_stack_is_destroyed_from_its_record_whatever_its_function_does(applied: CommandLine, kind: str) -> None:
    applied.write(DESTROYABLE[kind])
    assert applied.run("plan").code == 1 or kind == "nothing yielded"
    planned = applied.run("plan", "--destroy", "--format", "json")
    assert sorted(change["address"] for change in planned.json["changes"]) == ["artifact.server", "workload.chat"]
    ended = applied.run("destroy", "--auto-approve")
    assert (ended.code, "Resources: 2 destroyed" in ended.out) == (0, True)
    assert applied.provider.world.objects == {}


def test_settings_that_cannot_be_read_are_in_no_way_of_a_destroy(applied: CommandLine) -> None:
    applied.environ["WLINFRA_SET_REPLICAS"] = "many"
    assert applied.run("plan").code == 1
    assert applied.run("destroy", "--auto-approve").code == 0
    assert applied.provider.world.objects == {}


CONSUMER = OTHER.replace('"shop"', '"consumer"').replace(
    "port=8080", 'port=8080, env={"B": stack.outputs_of("shop", env)["endpoint"]}'
)


@pytest.mark.parametrize("gone", ["destroyed", "forgotten"])
def test_a_stack_is_destroyed_after_the_one_whose_outputs_it_reads(applied: CommandLine, gone: str) -> None:
    applied.write(CONSUMER, "consumer.py")
    assert applied.run("apply", "consumer.py", "--auto-approve").code == 0
    if gone == "destroyed":
        assert applied.run("destroy", "--auto-approve").code == 0
    else:
        (applied.folder / ".wlinfra" / "shop").rename(applied.folder / "elsewhere")
    assert applied.run("plan", "consumer.py").code == 1
    ended = applied.run("destroy", "consumer.py", "--auto-approve")
    assert (ended.code, ended.out.count("Warning: Program has errors")) == (0, 1)
    assert "Resources: 2 destroyed" in ended.out


def test_protection_holds_in_a_program_with_errors(applied: CommandLine) -> None:
    applied.write(PROGRAM.replace("replicas=env", "protect=True, replicas=env"))
    assert applied.run("apply", "--auto-approve").code == 0
    applied.write(PROGRAM.replace("replicas=env", "protect=True, replicas=env").replace("    yield chat", "    {}[1]"))
    ended = applied.run("destroy", "--auto-approve")
    assert ended.code == 1
    assert len(applied.provider.world.objects) == 2


def test_json_of_a_destroy_names_the_warning(applied: CommandLine) -> None:
    applied.write(DESTROYABLE["an exception"])
    text = applied.run("plan", "--destroy", "--format", "json").out
    assert [warning["summary"] for warning in json.loads(text)["warnings"]] == ["Program has errors"]
