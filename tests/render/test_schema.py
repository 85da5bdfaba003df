from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its stubs are a separate package
from support import sample_plans as samples

from wlinfra.plan.model import Plan
from wlinfra.render.document import plan_schema
from wlinfra.render.json import dump_json, render_json

PUBLISHED = Path(__file__).parents[2] / "docs" / "plan.schema.json"


def test_the_published_schema_is_up_to_date(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--update-golden"):
        PUBLISHED.write_text(dump_json(plan_schema()))
    assert PUBLISHED.read_text() == dump_json(plan_schema())


def test_it_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(plan_schema())


@pytest.mark.parametrize(
    "plan", [samples.everything(), samples.failing(), samples.plan_of()], ids=["everything", "failing", "empty"]
)
def test_plans_keep_the_schema(plan: Plan) -> None:
    Draft202012Validator(plan_schema()).validate(json.loads(render_json(plan)))


def test_every_member_of_a_plan_is_described() -> None:
    schema = plan_schema()
    document = json.loads(render_json(samples.everything()))
    assert set(document) == set(schema["properties"])
    assert set(document["changes"][0]) == set(schema["$defs"]["Change"]["properties"])
