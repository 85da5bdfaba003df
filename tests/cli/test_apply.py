from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from support.command_line import PROGRAM, CommandLine

from wlinfra.changes.model import Step
from wlinfra.cli.app import main
from wlinfra.provider.base import StepResult
from wlinfra.state.lease import LockRequest
from wlinfra.state.store import LocalStateStore
from wlinfra.testing import refuse


def refusing(address_word: str) -> Callable[[Step, Callable[[], StepResult]], StepResult]:
    def answer(step: Step, proceed: Callable[[], StepResult]) -> StepResult:
        return (
            refuse("the quota is used up")
            if address_word in str(step.lookup) + step.operation + str(step.payload)
            else proceed()
        )

    return answer


def test_a_person_is_asked_and_only_yes_counts(wlinfra: CommandLine) -> None:
    refused = wlinfra.run("apply", answer="y\n")
    assert (refused.code, "cancelled" in refused.out) == (1, True)
    assert "in environment test?" in refused.out
    assert wlinfra.provider.world.objects == {}
    assert wlinfra.run("apply", answer="yes\n").code == 0
    assert len(wlinfra.provider.world.objects) == 2


def test_a_protected_environment_asks_for_its_name(wlinfra: CommandLine) -> None:
    wlinfra.write(PROGRAM.replace('provider="memory")', 'provider="memory", protect=True)'))
    assert wlinfra.run("apply", answer="yes\n").code == 1
    assert wlinfra.run("apply", answer="test\n").code == 0


def test_where_nobody_can_be_asked_nothing_is_done(wlinfra: CommandLine) -> None:
    ended = wlinfra.run("apply")
    assert (ended.code, "--auto-approve" in ended.err) == (1, True)
    assert "wlinfra plan -e test --chdir" in ended.err
    assert wlinfra.provider.world.objects == {}


def test_a_missing_secret_is_told_before_anything_is_made(wlinfra: CommandLine) -> None:
    wlinfra.write(
        PROGRAM.replace("port=8080", 'port=8080, env={"A": wl.secret_env("NO_A"), "B": wl.secret_env("NO_B")}')
    )
    assert wlinfra.run("plan").code == 0
    ended = wlinfra.run("apply", "--auto-approve")
    assert (ended.code, ended.err.count("Secret not found")) == (1, 2)
    assert "in artifact.server" in ended.err
    assert wlinfra.provider.world.objects == {}


def test_an_apply_tells_what_it_did_and_the_outputs(wlinfra: CommandLine) -> None:
    ended = wlinfra.run("apply", "--auto-approve")
    assert "artifact.server: Creation complete after 0s [id=obj-1]" in ended.out
    assert "Apply complete! Resources: 2 added, 0 changed, 0 destroyed." in ended.out
    assert 'endpoint = "memory://workload/chat/obj-2/"' in ended.out


def test_nothing_to_do_is_no_apply(applied: CommandLine) -> None:
    assert "No changes." in applied.run("apply").out
    assert len(applied.run("history", "--json").json) == 1


def test_progress_as_json_lines_ends_with_the_result(wlinfra: CommandLine) -> None:
    lines = wlinfra.run("apply", "--auto-approve", "--json").lines
    assert [line["type"] for line in lines] == [
        "plan", "apply_start", "step_done", "apply_complete", "apply_start", "step_done", "apply_complete", "apply_result",
    ]  # fmt: skip
    assert lines[-1]["ok"] is True


def test_json_without_approval_is_refused(wlinfra: CommandLine) -> None:
    assert wlinfra.run("apply", "--json").code == 1


def test_a_failure_exits_1_and_says_how_to_go_on(wlinfra: CommandLine) -> None:
    wlinfra.provider.on_run = refusing("cpu.small")
    ended = wlinfra.run("apply", "--auto-approve", "--set", "replicas=2")
    assert ended.code == 1
    assert "Apply is not complete. Resources: 1 added" in ended.out
    assert "the quota is used up" in ended.out
    assert "wlinfra apply -e test" in ended.out
    assert "--set replicas=2" in ended.out


def test_the_command_it_names_does_the_rest(wlinfra: CommandLine) -> None:
    wlinfra.provider.on_run = refusing("cpu.small")
    wlinfra.run("apply", "--auto-approve")
    wlinfra.provider.on_run = None
    ended = wlinfra.run("apply", "-e", "test", "--auto-approve")
    assert "Resources: 1 added" in ended.out
    assert len(wlinfra.provider.world.objects) == 2


def test_what_was_not_awaited_is_awaited_by_the_next_apply_without_asking(wlinfra: CommandLine) -> None:
    wlinfra.run("apply", "--auto-approve", "--no-wait")
    assert "workload.chat will be waited for until it is ready" in wlinfra.run("plan").out
    ended = wlinfra.run("apply")
    assert (ended.code, wlinfra.run("plan", "--detailed-exitcode").code) == (0, 0)


def test_a_saved_plan_is_applied_without_asking(wlinfra: CommandLine) -> None:
    wlinfra.run("plan", "--out", "plan.json")
    assert wlinfra.run("apply", "plan.json").code == 0
    assert len(wlinfra.provider.world.objects) == 2


def test_a_saved_plan_of_another_world_is_refused(wlinfra: CommandLine) -> None:
    wlinfra.run("plan", "--out", "plan.json")
    wlinfra.write(PROGRAM.replace("shop:1", "shop:2"))
    ended = wlinfra.run("apply", "plan.json")
    assert ended.code == 10
    assert wlinfra.provider.world.objects == {}


def test_a_tampered_plan_is_refused(wlinfra: CommandLine) -> None:
    wlinfra.run("plan", "--out", "plan.json")
    file = wlinfra.folder / "plan.json"
    text = file.read_text()
    assert "Plan: 2 to add" in text
    file.write_text(text.replace("Plan: 2 to add", "Plan: 0 to add"))
    assert wlinfra.run("apply", "plan.json").code == 1
    assert wlinfra.provider.world.objects == {}


def test_destroy_takes_everything_away(applied: CommandLine) -> None:
    ended = applied.run("destroy", answer="yes\n")
    assert "Destroy complete! Resources: 2 destroyed." in ended.out
    assert applied.provider.world.objects == {}
    assert applied.run("state", "list").out == ""


def test_a_locked_state_exits_11_and_names_the_holder(applied: CommandLine) -> None:
    store = LocalStateStore(applied.folder / ".wlinfra", "shop", "test")
    with store.acquire(LockRequest(owner="bob")):
        ended = applied.run("apply", "--auto-approve", "--set", "replicas=2")
        planned = applied.run("plan")
    assert (ended.code, "bob" in ended.err) == (11, True)
    assert (planned.code, "provisional" in planned.out) == (0, True)


def test_a_damaged_state_exits_12(applied: CommandLine) -> None:
    for path in (applied.folder / ".wlinfra").rglob("*"):
        if path.is_file() and path.name.startswith(("state", "journal", "snapshot")):
            path.write_bytes(b"{]\n" + path.read_bytes()[5:] + b"x\n")
    ended = applied.run("plan")
    assert (ended.code, "state repair" in ended.err) == (12, True)


class Closed(io.StringIO):
    """A pipe whose reader leaves after the first progress line."""

    def write(self, text: str) -> int:
        if "complete" in text:
            raise BrokenPipeError
        return super().write(text)


def test_the_work_goes_on_when_nobody_reads_any_more(wlinfra: CommandLine) -> None:
    environ: dict[str, Any] = {"HOME": str(wlinfra.folder / "home")}
    given = ["--chdir", str(wlinfra.folder), "apply", "--auto-approve"]
    main(given, stdout=Closed(), stderr=io.StringIO(), environ=environ, providers={"memory": wlinfra.provider})
    assert len(wlinfra.provider.world.objects) == 2
    assert wlinfra.run("plan", "--detailed-exitcode").code == 0


def test_without_a_terminal_nothing_is_asked_and_nothing_done(wlinfra: CommandLine) -> None:
    ended = wlinfra.run("apply")
    assert (ended.code, "there is no terminal to ask at. Nothing was changed." in ended.err) == (1, True)
    assert "--auto-approve" in ended.err
    assert wlinfra.provider.world.objects == {}


def test_a_state_directory_that_cannot_be_made_exits_12_before_any_call(wlinfra: CommandLine) -> None:
    (wlinfra.folder / "taken").write_text("a file, where a directory is to be")
    wlinfra.environ["WLINFRA_STATE_DIR"] = str(wlinfra.folder / "taken")
    ended = wlinfra.run("apply", "--auto-approve")
    assert (ended.code, "Error: State directory" in ended.err) == (12, True)
    assert wlinfra.provider.world.objects == {}
