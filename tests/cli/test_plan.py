from __future__ import annotations

import pytest
from support.command_line import PROGRAM, CommandLine

TWO = PROGRAM + 'stack.environment("prod", provider="memory")\n'


def test_a_plan_changes_nothing(wlinfra: CommandLine) -> None:
    ended = wlinfra.run("plan")
    assert ended.code == 0
    assert "Plan: 2 to add, 0 to change, 0 to destroy." in ended.out
    assert "infra.py:13" in ended.out
    assert wlinfra.provider.world.objects == {}


def test_detailed_exit_codes_tell_changes_from_none(wlinfra: CommandLine) -> None:
    assert wlinfra.run("plan", "--detailed-exitcode").code == 2
    wlinfra.run("apply", "--auto-approve")
    ended = wlinfra.run("plan", "--detailed-exitcode")
    assert (ended.code, "No changes." in ended.out) == (0, True)


def test_equal_plans_are_byte_identical_in_every_format(wlinfra: CommandLine) -> None:
    for name in ("text", "json", "terraform-json", "markdown", "html"):
        first, second = (wlinfra.run("plan", "--format", name) for _ in range(2))
        assert (first.code, first.out) == (0, second.out)


def test_json_is_for_machines_alone_even_when_the_program_prints(wlinfra: CommandLine) -> None:
    wlinfra.write('print("hello")\n' + PROGRAM)
    ended = wlinfra.run("plan", "--format", "json")
    assert [change["action"] for change in ended.json["changes"]] == ["create", "create"]
    assert "hello" in ended.err


def test_settings_come_from_the_command_line_and_the_environment(applied: CommandLine) -> None:
    assert "replicas = 1 -> 4" in applied.run("plan", "--set", "replicas=4").out
    applied.environ["WLINFRA_SET_REPLICAS"] = "5"
    assert "replicas = 1 -> 5" in applied.run("plan").out


def test_settings_come_from_a_file(applied: CommandLine) -> None:
    (applied.folder / "settings.json").write_text('{"replicas": 6}')
    assert "replicas = 1 -> 6" in applied.run("plan", "--settings", "settings.json").out


def test_an_environment_must_be_named_where_there_are_several(wlinfra: CommandLine) -> None:
    wlinfra.write(TWO)
    ended = wlinfra.run("plan")
    assert (ended.code, "test, prod" in ended.err) == (1, True)
    wlinfra.environ["WLINFRA_ENVIRONMENT"] = "prod"
    assert "environment prod" in wlinfra.run("plan").out


def test_targets_narrow_the_plan(wlinfra: CommandLine) -> None:
    ended = wlinfra.run("plan", "--target", "artifact.server")
    assert "Plan: 1 to add" in ended.out
    assert "--target" in ended.out


def test_a_narrowed_plan_tells_who_goes_on_using_what_it_replaces(applied: CommandLine) -> None:
    narrowed = ("plan", "--replace", "artifact.server", "--target", "artifact.server")
    assert "still using what is replaced: workload.chat; plan them too" in applied.run(*narrowed).out
    assert "still using" not in applied.run(*narrowed, "--target", "workload.chat").out


def test_without_a_refresh_the_platform_is_not_asked(applied: CommandLine) -> None:
    before = len([call for call in applied.provider.calls if call.question == "read"])
    assert "No changes." in applied.run("plan", "--refresh=false").out
    assert len([call for call in applied.provider.calls if call.question == "read"]) == before


def test_a_declaration_that_cannot_be_is_shown_with_its_line(wlinfra: CommandLine) -> None:
    wlinfra.write(PROGRAM.replace("port=8080", 'port="eighty"'))
    ended = wlinfra.run("plan")
    assert ended.code == 1
    assert "on infra.py line 13" in ended.err
    assert '13:     server = wl.Artifact("server"' in ended.err


def test_an_object_that_cannot_be_planned_fails_the_plan(applied: CommandLine) -> None:
    applied.write(
        PROGRAM.replace("chat = wl.Workload", "chat = wl.Workload").replace(
            'bundles=["cpu.small"])', 'bundles=["cpu.small"], protect=True)'
        )
    )
    applied.run("apply", "--auto-approve")
    ended = applied.run("destroy", "--auto-approve")
    assert ended.code == 1
    assert "cannot be applied" in ended.out
    assert len(applied.provider.world.objects) == 2


def test_a_saved_plan_is_private_and_can_be_shown(wlinfra: CommandLine) -> None:
    ended = wlinfra.run("plan", "--out", "plan.json")
    assert "wlinfra apply plan.json" in ended.out
    assert (wlinfra.folder / "plan.json").stat().st_mode & 0o077 == 0
    assert "Plan: 2 to add" in wlinfra.run("show", "plan.json").out
    assert wlinfra.run("show", "plan.json", "--json").json["stack"] == "shop"


def test_drift_is_told_and_counted(applied: CommandLine) -> None:
    assert applied.run("drift", "--detailed-exitcode").code == 0
    identity = next(key for key, item in applied.provider.world.objects.items() if item.kind == "workload")
    applied.provider.world.update(identity, {**applied.provider.world.objects[identity].values, "replicas": 9})
    ended = applied.run("drift", "--detailed-exitcode")
    assert ended.code == 2
    assert "Objects have changed outside of wlinfra" in ended.out
    assert "replicas = 1 -> 9" in ended.out
    assert "--refresh-only" in ended.out


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_warnings_and_results_go_to_different_streams(wlinfra: CommandLine, command: str) -> None:
    assert wlinfra.run(command).err == ""


def test_validate_needs_neither_state_nor_platform(wlinfra: CommandLine) -> None:
    ended = wlinfra.run("validate")
    assert "Success!" in ended.out
    assert {call.question for call in wlinfra.provider.calls} == {"check", "expand"}
    assert [path.name for path in wlinfra.folder.iterdir()] == ["infra.py"]


def test_an_output_of_an_unset_secret_fails_no_plan_and_stops_the_apply_before_any_call(wlinfra: CommandLine) -> None:
    secret = 'yield wl.Output("key", wl.secret_env("KEY_OF_TEST"), sensitive=True)\n    yield server'
    wlinfra.write(PROGRAM.replace("yield server", secret))
    ended = wlinfra.run("plan")
    assert (ended.code, "KEY_OF_TEST" in ended.out + ended.err) == (0, True)
    wlinfra.provider.calls.clear()
    assert wlinfra.run("apply", "--auto-approve").code == 1
    assert wlinfra.provider.operations == []
    wlinfra.environ["KEY_OF_TEST"] = "canary"
    assert wlinfra.run("apply", "--auto-approve").code == 0
    del wlinfra.environ["KEY_OF_TEST"]
    assert wlinfra.run("plan", "--detailed-exitcode").code == 0


def test_a_program_that_declares_something_else_each_time_is_told_of(applied: CommandLine) -> None:
    line = applied
    line.write(PROGRAM.replace("import wlinfra as wl", "import pathlib\nimport wlinfra as wl").replace(
        "replicas=env.settings.replicas", "replicas=int(pathlib.Path('count').read_text())"
    ))  # fmt: skip
    count = line.folder / "count"
    count.write_text("2")
    assert line.run("plan", "--out", "plan.json").code == 0
    count.write_text("3")
    ended = line.run("apply", "plan.json")
    assert ended.code == 10
    assert "Neither the program nor its settings changed" in ended.err
