"""An import that makes calls is told as what it is, everywhere."""

from __future__ import annotations

import json

from support import sample_plans as samples

from wlinfra.apply.events import ApplyResult
from wlinfra.changes.model import Action, ActionReason, BlastRadius, Step
from wlinfra.diff.model import AttributeChange, Origin
from wlinfra.diff.schema import Effect
from wlinfra.render.events import render_result, result_document
from wlinfra.render.html import render_html
from wlinfra.render.json import render_json
from wlinfra.render.markdown import render_markdown
from wlinfra.render.terraform_json import render_terraform_json
from wlinfra.render.text import render_plan

ROLL = Step(operation="update_settings", verb="PATCH", path="/workloads/{id}/settings", summary="roll it")
CHANGE = samples.change(
    "workload.chat",
    Action.IMPORT,
    id="w-1",
    reason=ActionReason.FOUND_BY_NAME,
    steps=(ROLL,),
    attributes=(
        AttributeChange(path=("replicas",), live=1, planned=5, effect=Effect.ROLLS, origin=Origin.UNATTRIBUTED),
    ),
    blast_radius=BlastRadius.ROLLING,
)
PLAN = samples.plan_of(CHANGE)
HEADLINE = "1 rolling restart, 1 imported, 0 destroyed.  No downtime."
COUNTS = "Plan: 1 to import, 0 to add, 1 to change, 0 to destroy. 1 of the changes is a rolling restart."
SAID = "will be imported and updated (rolling restart)"


def test_every_rendering_counts_and_lists_it() -> None:
    for text in (render_plan(PLAN), render_markdown(PLAN), render_html(PLAN)):
        assert HEADLINE in text
        assert COUNTS in text
        assert SAID in text
    assert "= workload.chat  will be imported and updated (rolling restart)" in render_plan(PLAN)
    assert "1 -> 5  # rolls" in render_plan(PLAN)


def test_documents_count_it() -> None:
    document = json.loads(render_json(PLAN))
    assert {name: count for name, count in document["summary"]["counts"].items() if count} == {"import": 1, "roll": 1}
    assert document["changes"][0]["actions"] == ["import", "roll"]
    assert json.loads(render_terraform_json(PLAN))["resource_changes"][0]["change"]["actions"] == ["update"]


def test_the_result_counts_it() -> None:
    result = ApplyResult(done=(CHANGE,))
    assert render_result(result, destroying=False, next_command="") == (
        "Apply complete! Resources: 1 imported, 0 added, 1 changed, 0 destroyed.\n"
    )
    assert result_document(result, next_command="")["counts"]["changed"] == 1


def test_what_nobody_awaited_is_counted_apart() -> None:
    result = ApplyResult(done=(CHANGE,), started=(CHANGE,))
    assert render_result(result, destroying=False, next_command="") == (
        "Apply started! Resources: 1 imported, 0 added, 1 changed, 0 destroyed; 1 of them started, not awaited.\n"
    )
    assert [item["address"] for item in result_document(result, next_command="")["not_awaited"]] == ["workload.chat"]
