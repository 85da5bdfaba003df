"""Many objects are read in a few pages; nothing is concluded from a failure or from a list that lacks something."""

from __future__ import annotations

from collections.abc import Iterable

from support.datarobot_stage import Stage, chat, server

import wlinfra as wl
from wlinfra.changes.model import Action
from wlinfra.emulation import Reply


def _many(count: int) -> Iterable[wl.Resource]:
    what = server()
    yield what
    for number in range(count):
        yield wl.Workload(f"chat{number}", artifact=what, replicas=1)


def test_two_hundred_unchanged_workloads_take_a_few_requests(stage: Stage) -> None:
    stage.apply(lambda: _many(200))
    stage.calls()
    plan = stage.plan(lambda: _many(200))
    assert {change.action for change in plan.changes} == {Action.NO_OP}
    assert len(stage.emulator.requests) == 3


def test_two_hundred_new_names_take_a_few_requests(stage: Stage) -> None:
    stage.plan(lambda: _many(200))
    assert len(stage.emulator.requests) == 2


def test_a_failed_read_concludes_nothing(stage: Stage) -> None:
    stage.apply(chat())
    stage.options["retries"] = 0
    stage.emulator.faults.on(Reply(503), method="GET", path="/workloads", times=None)
    plan = stage.plan(chat())
    assert [error.address for error in plan.errors] == ["workload.chat"]
    assert [change.action for change in plan.changes] == [Action.NO_OP]


def test_a_name_in_a_description_is_no_match(stage: Stage) -> None:
    stage.apply(chat(name="other", description="like chat"))
    assert stage.change(chat(), "workload.chat").action is Action.CREATE


def test_two_of_one_name_are_not_guessed(stage: Stage) -> None:
    stage.apply(chat(name="other"))
    running = stage.workload("other")["artifactId"]
    for _ in range(2):
        stage.api.ok("POST", "/workloads", {"name": "chat", "artifactId": running})
    errors = stage.plan(chat()).errors
    assert [error.summary for error in errors] == ["Several objects match"]


def test_a_looked_up_workload_is_read_and_never_changed(stage: Stage) -> None:
    stage.apply(chat())
    found = [wl.lookup("workload", name="chat")]
    change = stage.change(lambda: found, "lookup.workload.chat", allow_empty=True)
    assert (change.action, change.outputs["endpoint"]) == (Action.READ, stage.workload()["endpoint"])
