from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace

from support import sample_plans as samples
from support.changes import altered

from wlinfra.apply.events import (
    ApplyEvent,
    ApplyResult,
    ChangeFailed,
    Progress,
    Skipped,
    Started,
    StepDone,
    Stopping,
    Succeeded,
)
from wlinfra.changes.model import Action, ActionReason
from wlinfra.errors import Diagnostic
from wlinfra.render.events import EventLines, JsonLines, render_outputs, render_result, result_document
from wlinfra.render.live import LiveTable
from wlinfra.render.style import PLAIN
from wlinfra.values import Secret

CREATE = samples.created_artifact()
ROLL = samples.rolling_workload()
ERROR = Diagnostic(
    summary="Quota is used up", detail="The platform has no GPU left.", fix="Ask for more.", address="workload.chat"
)
SECRET = Secret(lambda: samples.CANARY, describe="X")
EVENTS: list[ApplyEvent] = [
    Started(change=CREATE),
    StepDone(change=CREATE, step=CREATE.steps[0], id="a-1"),
    Succeeded(change=CREATE, id="a-1", elapsed=3.2),
    Started(change=ROLL),
    StepDone(change=ROLL, step=ROLL.steps[0]),
    Progress(change=ROLL, waiting_for="running", reason="0 of 2 replicas are ready", elapsed=10.4),
    Progress(change=ROLL, waiting_for="running", reason="0 of 2 replicas are ready", elapsed=12.4),
    Progress(change=ROLL, waiting_for="running", reason="1 of 2 replicas are ready", elapsed=13.4),
    Stopping(running=1),
    ChangeFailed(change=ROLL, error=ERROR, recorded=True, elapsed=125.0),
    Skipped(change=samples.deleted(), because="the run was stopped"),
]
PARTIAL = ApplyResult(done=(CREATE,), failed=((ROLL, ERROR),), skipped=((samples.deleted(), "workload.chat failed"),))


def told(make: Callable[[Callable[[str], None]], Callable[[ApplyEvent], None]]) -> str:
    parts: list[str] = []
    listener = make(parts.append)
    for event in EVENTS:
        listener(event)
    return "".join(parts)


def test_lines_read_as_recorded(golden: Callable[[str, str], None]) -> None:
    golden("apply-lines.txt", told(EventLines))


def test_a_wait_is_told_again_only_when_its_reason_changes_or_time_has_passed() -> None:
    assert told(EventLines).count("Still rolling...") == 2


def test_a_reason_of_any_length_stays_on_one_line() -> None:
    reason = " ".join(["0/500 nodes are available: 500 Insufficient nvidia.com/gpu."] * 100)
    error = replace(ERROR, detail=reason)
    parts: list[str] = []
    listener = EventLines(parts.append)
    listener(Progress(change=ROLL, waiting_for="ready", reason=reason, elapsed=13.4))
    listener(ChangeFailed(change=ROLL, error=error, recorded=True, elapsed=125.0))
    result = ApplyResult(done=(), failed=((ROLL, error),))
    parts.append(render_result(result, destroying=False, next_command="wlinfra apply"))
    assert sum(reason in line for line in "".join(parts).splitlines()) == 3


def test_json_lines_are_one_object_each() -> None:
    documents = [json.loads(line) for line in told(JsonLines).splitlines()]
    assert [document["type"] for document in documents][:3] == ["apply_start", "step_done", "apply_complete"]
    assert len(documents) == len(EVENTS)


def test_a_partial_failure_says_what_is_left_and_how_to_go_on(golden: Callable[[str, str], None]) -> None:
    golden("apply-partial.txt", render_result(PARTIAL, destroying=False, next_command="wlinfra apply -e prod"))


def test_a_success_counts_and_lists_outputs() -> None:
    result = ApplyResult(done=(CREATE, ROLL), outputs={"endpoint": "https://x", "token": SECRET})
    assert render_result(result, destroying=False, next_command="") == (
        "Apply complete! Resources: 1 added, 1 changed, 0 destroyed.\n\n"
        'Outputs:\n\nendpoint = "https://x"\ntoken = (sensitive value)\n'
    )


def test_no_output_shows_a_secret() -> None:
    result = ApplyResult(outputs={"token": {"inner": SECRET}})
    assert samples.CANARY not in render_outputs(result.outputs) + str(result_document(result, next_command=""))


def test_the_table_shows_running_work_and_leaves_lines_behind() -> None:
    stream = io.StringIO()
    with LiveTable(stream, PLAIN, clock=lambda: 7.0) as table:
        for event in EVENTS:
            table(event)
    assert "artifact.server: Creation complete after 3s [id=a-1]" in stream.getvalue()
    assert "workload.chat: Failed after 2m05s: Quota is used up" in stream.getvalue()


def test_a_destroy_names_what_stays_on_the_platform() -> None:
    kept = altered(samples.deleted(), action=Action.FORGET, kind="v1/PersistentVolumeClaim", name="prod/models", id="1")
    virtual = altered(samples.created_artifact(), action=Action.FORGET, virtual=True)
    text = render_result(ApplyResult(done=(kept, virtual)), destroying=True, next_command="")
    assert "Kept, and no longer recorded (1):" in text
    assert text.rstrip().endswith(f"{kept.address}  v1/PersistentVolumeClaim prod/models")


def test_every_command_names_what_stays_and_nothing_that_was_gone_already() -> None:
    kept = altered(samples.deleted(), action=Action.FORGET, reason=ActionReason.RETAINED, id="1")
    gone = altered(kept, reason=ActionReason.GONE)
    seen_gone = altered(kept, reason=ActionReason.DESTROYING, id=None)
    made = altered(samples.deleted(), leaves=("v1/PersistentVolumeClaim prod/data-db-0",))
    text = render_result(ApplyResult(done=(kept, gone, seen_gone, made)), destroying=False, next_command="")
    assert "Kept, and no longer recorded (2):" in text
    assert text.rstrip().endswith(f"{made.address}  v1/PersistentVolumeClaim prod/data-db-0")


def test_a_replacement_that_only_deleted_counts_as_destroyed_and_is_named() -> None:
    change = altered(samples.deleted(), action=Action.REPLACE)
    result = ApplyResult(skipped=((change, "another failed"),), removed=(change,))
    text = render_result(result, destroying=False, next_command="wlinfra apply")
    assert "0 added, 0 changed, 1 destroyed." in text
    assert f"Deleted, not recreated yet (1):\n  -/+ {change.address}\n" in text
    assert result_document(result, next_command="")["removed"][0]["address"] == str(change.address)
