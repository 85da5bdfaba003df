from __future__ import annotations

import json
from collections.abc import Callable

from support.command_line import PROGRAM, CommandLine

from wlinfra.changes.model import Step
from wlinfra.provider.base import StepResult
from wlinfra.state.lease import LockRequest
from wlinfra.state.store import LocalStateStore
from wlinfra.testing import lost_reply


def store_of(line: CommandLine) -> LocalStateStore:
    return LocalStateStore(line.folder / ".wlinfra", "shop", "test")


def test_what_is_recorded_can_be_listed_and_shown(applied: CommandLine) -> None:
    assert applied.run("state", "list").out.split() == ["artifact.server", "workload.chat"]
    assert 'id = "obj-2"' in applied.run("state", "show", "workload.chat").out
    assert applied.run("show", "workload.chat", "--json").json[0]["id"] == "obj-2"
    assert "obj-1" in applied.run("show").out


def test_an_unknown_address_lists_the_known_ones(applied: CommandLine) -> None:
    ended = applied.run("state", "show", "workload.caht")
    assert (ended.code, "workload.chat" in ended.err) == (1, True)


def test_a_move_takes_along_what_depends_on_it(applied: CommandLine) -> None:
    applied.run("state", "mv", "artifact.server", "artifact.web")
    objects = store_of(applied).load().objects
    assert sorted(objects) == ["artifact.web", "workload.chat"]
    assert [item.depends_on for item in objects.values() if item.address == "workload.chat"] == [("artifact.web",)]


def test_a_move_never_overwrites(applied: CommandLine) -> None:
    ended = applied.run("state", "mv", "artifact.server", "workload.chat")
    assert (ended.code, "already records workload.chat" in ended.err) == (1, True)
    assert len(store_of(applied).load().objects) == 2


def test_forgetting_destroys_nothing(applied: CommandLine) -> None:
    applied.run("state", "rm", "workload.chat")
    assert applied.run("state", "list").out.split() == ["artifact.server"]
    assert len(applied.provider.world.objects) == 2


def test_a_pulled_state_can_be_pushed_back(applied: CommandLine) -> None:
    pulled = applied.run("state", "pull").out
    applied.run("state", "rm", "workload.chat")
    (applied.folder / "state.json").write_text(pulled)
    assert applied.run("state", "push", "state.json").code == 1
    assert applied.run("state", "push", "state.json", "--force").code == 0
    assert applied.run("state", "list").out.split() == ["artifact.server", "workload.chat"]
    assert json.loads(pulled)["lineage"]


def test_a_lock_can_be_freed(applied: CommandLine) -> None:
    with store_of(applied).acquire(LockRequest(owner="bob")):
        assert "bob" in applied.run("state", "unlock", "--force").out
        assert applied.run("apply", "--auto-approve", "--set", "replicas=2").code == 0
    assert "was not locked" in applied.run("state", "unlock").out


def test_repairing_what_is_whole_does_nothing(applied: CommandLine) -> None:
    assert applied.run("state", "repair").out == "Nothing is damaged.\n"


def test_the_history_names_who_when_and_what(applied: CommandLine) -> None:
    (entry,) = applied.run("history", "--json").json
    assert (entry["who"], entry["command"], entry["result"]) == ("alice", "apply", "done")
    assert "alice" in applied.run("history").out


def test_an_existing_object_is_imported_and_compared_next(wlinfra: CommandLine) -> None:
    made = wlinfra.provider.world.create(
        "workload", "chat", {"replicas": 7, "bundles": ["cpu.small"], "power": "running"}
    )
    ended = wlinfra.run("import", "workload.chat", made.id)
    assert "Nothing was changed on the platform." in ended.out
    assert "replicas" in wlinfra.run("plan").out
    assert wlinfra.provider.world.log == ["create"] or len(wlinfra.provider.world.objects) == 1


def test_an_import_of_nothing_is_refused(wlinfra: CommandLine) -> None:
    assert "No such object" in wlinfra.run("import", "workload.chat", "nope").err
    assert "No such address" in wlinfra.run("import", "workload.other", "nope").err
    assert wlinfra.run("state", "list").out == ""


def test_an_id_is_imported_once(applied: CommandLine) -> None:
    ended = applied.run("import", "workload.chat", "obj-9")
    assert (ended.code, "Address is taken" in ended.err) == (1, True)


def leave_unclear(line: CommandLine) -> None:
    """Apply while the answer to a create is lost and somebody makes another object of that name."""

    def lose(step: Step, proceed: Callable[[], StepResult]) -> StepResult:
        line.provider.world.create(step.payload["kind"], step.payload["name"], step.payload["values"])
        return lost_reply(proceed)

    line.provider.on_run = lose
    assert line.run("apply", "--auto-approve").code == 1
    line.provider.on_run = None
    assert "wlinfra import artifact.server obj-2" in line.run("plan").out


def test_an_import_settles_what_nobody_could_tell(wlinfra: CommandLine) -> None:
    leave_unclear(wlinfra)
    assert wlinfra.run("import", "artifact.server", "obj-2").code == 0
    assert store_of(wlinfra).load().intents == ()
    assert wlinfra.run("apply", "--auto-approve").code == 0
    assert wlinfra.run("plan", "--detailed-exitcode").code == 0


def test_forgetting_settles_it_too_although_nothing_is_recorded(wlinfra: CommandLine) -> None:
    leave_unclear(wlinfra)
    assert "whether it happened is not known" in wlinfra.run("state", "rm", "artifact.server").out
    assert store_of(wlinfra).load().intents == ()
    for identity in wlinfra.provider.world.objects:
        wlinfra.provider.world.delete(identity)
    assert wlinfra.run("apply", "--auto-approve").code == 0


def test_outputs_are_printed_one_or_all(applied: CommandLine) -> None:
    assert applied.run("output", "endpoint").out == "memory://workload/chat/obj-2/\n"
    assert applied.run("output", "--json").json == {
        "endpoint": {"value": "memory://workload/chat/obj-2/", "sensitive": False}
    }
    assert "endpoint" in applied.run("output", "nope").err


def test_a_sensitive_output_is_never_printed(wlinfra: CommandLine) -> None:
    wlinfra.environ["TOKEN"] = "c4n4ry"
    wlinfra.write(
        PROGRAM.replace(
            "chat.endpoint)", 'chat.endpoint)\n    yield wl.Output("token", wl.secret_env("TOKEN"), sensitive=True)'
        )
    )
    texts = [
        wlinfra.run(*words)
        for words in (["apply", "--auto-approve"], ["output"], ["output", "--json"], ["output", "token"], ["plan"])
    ]
    assert [ended.code for ended in texts] == [0, 0, 0, 1, 0]
    assert not any("c4n4ry" in ended.out + ended.err for ended in texts)
