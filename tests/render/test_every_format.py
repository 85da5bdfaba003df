"""What one format names of a plan, every format names."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from html import unescape

import pytest
from support import sample_plans as samples

from wlinfra.changes.model import Action, ActionReason
from wlinfra.diff.model import AttributeChange, Origin
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.render.html import render_html
from wlinfra.render.json import render_json
from wlinfra.render.markdown import render_markdown
from wlinfra.render.terraform_json import render_terraform_json
from wlinfra.render.text import render_plan

FORMATS: dict[str, Callable[[Plan], str]] = {
    "text": render_plan,
    "markdown": render_markdown,
    "html": lambda plan: unescape(render_html(plan)),
    "json": render_json,
}
FOR_PEOPLE = sorted(set(FORMATS) - {"json"})


@pytest.mark.parametrize("name", sorted(FORMATS))
@pytest.mark.parametrize(
    "word",
    [
        "runtime.containerGroups.default.replicaCount",  # drifted
        "workload.before",  # moved
        "a-7",  # recovered
        "https://old",  # an output
        "alice on build-7",  # applying right now
        "Image is not pinned",  # a warning
        "must be replaced",
        "the quota was not checked",
    ],
)
def test_every_format_names_what_was_found(name: str, word: str) -> None:
    assert word in FORMATS[name](samples.everything())


@pytest.mark.parametrize("name", FOR_PEOPLE)
def test_a_plan_of_a_part_is_called_one(name: str) -> None:
    assert "a part of the environment" in FORMATS[name](replace(samples.everything(), partial=True))
    assert "a part of the environment" not in FORMATS[name](samples.everything())


def test_terraform_readers_learn_that_a_part_is_not_complete() -> None:
    documents = [render_terraform_json(replace(samples.everything(), partial=partial)) for partial in (False, True)]
    assert [json.loads(document)["complete"] for document in documents] == [True, False]


DRIFTED = samples.change(
    "workload.chat",
    Action.NO_OP,
    drift=(AttributeChange(path=("importance",), recorded="low", live="high", origin=Origin.DRIFT),),
)
GONE = samples.change("workload.lost", Action.FORGET, reason=ActionReason.GONE)


@pytest.mark.parametrize("name", FOR_PEOPLE)
def test_a_report_of_drift_names_what_drifted(name: str) -> None:
    page = FORMATS[name](samples.plan_of(DRIFTED, GONE, options=PlanOptions(refresh_only=True)))
    assert 'importance = "low" -> "high"' in page
    assert "workload.lost has been deleted" in page


@pytest.mark.parametrize("name", FOR_PEOPLE)
@pytest.mark.parametrize(
    ("options", "word"),
    [
        (PlanOptions(targets=("workload.chat",)), "covers a part of the stack only"),
        (PlanOptions(refresh=False), "the state stands in for what is live"),
        (PlanOptions(destroy=True), "Nothing is recorded, so nothing is destroyed."),
        (PlanOptions(refresh_only=True), "The state matches the infrastructure."),
    ],
)
def test_every_format_says_what_limits_the_plan(name: str, options: PlanOptions, word: str) -> None:
    assert word in FORMATS[name](samples.plan_of(options=options))


@pytest.mark.parametrize("name", FOR_PEOPLE)
def test_every_format_says_that_the_environment_is_protected(name: str) -> None:
    assert "(protected)" in FORMATS[name](samples.plan_of(protected_environment=True))


def test_a_comment_without_room_names_what_drifted_by_its_address() -> None:
    many = [samples.change(f"workload.w{number}", Action.CREATE, values={"name": "x" * 50}) for number in range(50)]
    page = render_markdown(samples.plan_of(DRIFTED, *many), budget=4_500)
    assert "`workload.chat`" in page
    assert "importance" not in page
    assert len(page) <= 4_500
