"""What is imported as it is declared is recorded so: the next plan has nothing to say."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import PROGRAM, CommandLine


def imported(folder: Path, text: str = PROGRAM) -> CommandLine:
    """Apply, lose the record of the workload, declare it as the text says, and import it."""
    line = CommandLine(folder=folder)
    line.write()
    assert line.run("apply", "--auto-approve").code == 0
    (identity,) = [item.id for item in line.provider.world.objects.values() if item.name == "chat"]
    assert line.run("state", "rm", "workload.chat").code == 0
    line.write(text)
    done = line.run("import", "workload.chat", identity)
    assert "Nothing was changed on the platform." in done.out
    return line


def test_the_next_plan_after_importing_a_match_is_empty(tmp_path: Path) -> None:
    line = imported(tmp_path)
    assert "No changes." in line.run("plan").out
    assert line.run("plan", "--detailed-exitcode").code == 0


def test_what_differs_is_left_to_the_next_plan(tmp_path: Path) -> None:
    line = imported(tmp_path, PROGRAM.replace("replicas: int = 1", "replicas: int = 3"))
    (change,) = [one for one in line.run("plan", "--format", "json").json["changes"] if one["action"] != "no-op"]
    assert (change["address"], len(change["steps"])) == ("workload.chat", 1)


@pytest.mark.parametrize("identity", ["", "  ", "\t", "a\nb"])
def test_what_can_be_no_id_is_asked_of_no_platform(wlinfra: CommandLine, identity: str) -> None:
    ended = wlinfra.run("import", "workload.chat", identity)
    assert (ended.code, "Not an id" in ended.err) == (1, True)
    assert wlinfra.provider.calls == []
