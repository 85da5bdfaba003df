"""A plan needs no secret, not for an output either; an apply that would record one does, before any call."""

from __future__ import annotations

from pathlib import Path

from support.command_line import PROGRAM, CommandLine

SECRET = PROGRAM.replace(
    "    yield chat\n", '    yield chat\n    yield wl.Output("token", wl.secret_env("CHAT_TOKEN"), sensitive=True)\n'
)


def line_of(folder: Path) -> CommandLine:
    line = CommandLine(folder)
    line.write(SECRET)
    return line


def test_a_first_plan_shows_the_output_and_warns(tmp_path: Path) -> None:
    line = line_of(tmp_path)
    ended = line.run("plan")
    assert (ended.code, "+ token    = (sensitive value)" in ended.out) == (0, True)
    assert ended.out.count("CHAT_TOKEN is not set. It counts as unchanged in output token") == 1
    refused = line.run("apply", "--auto-approve")
    assert (refused.code, "in output token" in refused.err) == (1, True)
    assert line.provider.world.objects == {}


def test_a_recorded_one_counts_as_unchanged(tmp_path: Path) -> None:
    line = line_of(tmp_path)
    line.environ["CHAT_TOKEN"] = "one"
    assert line.run("apply", "--auto-approve").code == 0
    del line.environ["CHAT_TOKEN"]
    assert line.run("plan", "--detailed-exitcode").code == 0
    line.environ["CHAT_TOKEN"] = "two"
    assert "~ token = (sensitive value)" in line.run("plan").out


def test_a_narrowed_apply_needs_it_not_and_shows_no_outputs(tmp_path: Path) -> None:
    line = line_of(tmp_path)
    line.environ["CHAT_TOKEN"] = "one"
    assert "Outputs:" in line.run("apply", "--auto-approve").out
    del line.environ["CHAT_TOKEN"]
    ended = line.run("apply", "--auto-approve", "--target", "workload.chat", "--set", "replicas=2")
    assert (ended.code, "Outputs:" in ended.out) == (0, False)
    assert line.run("output", "--json").json["token"]["sensitive"]
    assert line.run("destroy", "--auto-approve").code == 0
