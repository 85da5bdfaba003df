"""What the platform keeps of a workload that the program does not describe is known from the record too."""

from __future__ import annotations

from support.datarobot_stage import Stage, chat


def test_a_plan_from_the_record_knows_what_an_import_found(stage: Stage) -> None:
    stage.apply(chat(importance="critical", description="first"))
    stage.forget("workload.chat")
    stage.apply(chat())
    again = chat(importance="critical", description="first")
    assert stage.change(again, "workload.chat", refresh=False).steps == ()
    assert stage.change(again, "workload.chat").steps == ()


def test_a_plan_from_the_record_knows_what_the_last_apply_reset(stage: Stage) -> None:
    stage.apply(chat(importance="critical"))
    stage.apply(chat(), wait=False)
    change = stage.change(chat(importance="critical"), "workload.chat", refresh=False)
    assert [step.payload for step in change.steps] == [{"importance": "critical"}]
