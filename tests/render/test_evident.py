"""What an object's kind, name and stack decide is left out for people, and said to be; machines are told all of it."""

from __future__ import annotations

import json

from support import sample_plans as samples

from wlinfra.changes.model import Action, PlatformObject
from wlinfra.diff.schema import OPAQUE
from wlinfra.plan.model import Plan
from wlinfra.render.json import render_json
from wlinfra.render.text import render_plan

VALUES = {"kind": "Box", "meta": {"owner": "us"}, "labels": {"owner": "us", "team": "blue"}, "size": 1, "free": {}}
EVIDENT = frozenset({("kind",), ("meta", "owner"), ("labels", "owner"), ("labels", "absent")})


def plan() -> Plan:
    change = samples.change("box.a", Action.CREATE, values=VALUES)
    wanted = PlatformObject(address=change.address, kind="box", name="a", values=VALUES, schema=OPAQUE, evident=EVIDENT)
    return samples.plan_of(change, objects={change.address: wanted})


def test_a_new_object_is_shown_without_what_is_evident() -> None:
    text = render_plan(plan())
    assert '{ team = "blue" }' in text
    assert "free" in text
    assert "owner" not in text
    assert "meta" not in text
    assert "# (3 evident attributes hidden)" in text


def test_json_holds_everything() -> None:
    (change,) = json.loads(render_json(plan()))["changes"]
    assert change["values"]["value"] == VALUES
