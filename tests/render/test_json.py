from __future__ import annotations

import json

from support import sample_plans as samples

from wlinfra.render.json import plan_document, render_json


def test_equal_plans_give_equal_bytes() -> None:
    assert render_json(samples.everything()) == render_json(samples.everything())


def test_it_holds_no_secret() -> None:
    assert samples.CANARY not in render_json(samples.everything())


def test_unknown_and_secret_leaves_are_named_by_path() -> None:
    document = plan_document(samples.plan_of(samples.created_artifact()))
    values = document["changes"][0]["values"]
    assert values["sensitive"] == [["spec", "containers", 0, "env", "TOKEN"]]
    assert values["value"]["spec"]["containers"][0]["env"] == {"LOG": "info", "TOKEN": None}


def test_what_is_known_after_apply_has_no_value() -> None:
    document = json.loads(render_json(samples.plan_of(samples.rolling_workload())))
    artifact = document["changes"][0]["attributes"][1]
    assert artifact["planned"] == {"value": None, "unknown": [[]], "sensitive": []}


def test_an_empty_plan_says_that_it_is_empty() -> None:
    assert plan_document(samples.plan_of())["empty"] is True
