"""Recording what is live: every change under its own variable, no secret in plain text, and nothing left to record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.datarobot_stage import Declaring, Stage, chat

import wlinfra as wl
from wlinfra.state.model import SecretDigest

SECRET, LIVE_SECRET = "first-canary", "second-canary"


@pytest.fixture
def declaring(tmp_path: Path) -> Declaring:
    (tmp_path / "token").write_text(SECRET)
    env = {"A": "B", "B": "x", "TOKEN": wl.secret_file(str(tmp_path / "token"))}
    return chat(artifact={"env": env, "status": "draft"})


def edit(stage: Stage) -> None:
    """Change one variable, a secret, take one away and add one, as somebody else would."""
    artifact = stage.artifacts()[0]
    spec: dict[str, Any] = {key: value for key, value in artifact["spec"].items() if key != "type"}
    (container,) = spec["containerGroups"][0]["containers"]
    container.pop("build", None)
    container["environmentVars"] = [
        {"name": "B", "value": "changed"},
        {"name": "TOKEN", "value": LIVE_SECRET},
        {"name": "NEW", "value": "n"},
    ]
    stage.api.ok("PATCH", f"/artifacts/{artifact['id']}", {"spec": spec})


def test_each_edit_is_recorded_where_it_was_made_and_once(stage: Stage, declaring: Declaring) -> None:
    stage.apply(declaring)
    edit(stage)
    stage.calls()
    stage.apply(declaring, refresh_only=True)
    (container,) = stage.record("artifact.server").values["spec"]["containerGroups"][0]["containers"]
    found = {variable["name"]: variable["value"] for variable in container["environmentVars"]}
    assert (found["B"], set(found)) == ("changed", {"B", "TOKEN", "NEW"})
    assert isinstance(found["NEW"], SecretDigest)  # nobody declares it, so that it may be a secret
    assert LIVE_SECRET not in repr(found)
    assert stage.plan(declaring, refresh_only=True).is_empty
    assert stage.calls() == []


def test_the_next_plan_takes_every_edit_back(stage: Stage, declaring: Declaring) -> None:
    stage.apply(declaring)
    edit(stage)
    stage.apply(declaring, refresh_only=True)
    change = stage.change(declaring, "artifact.server")
    assert sorted(str(item.path[6]) for item in change.attributes) == ["A", "B", "NEW", "TOKEN"]
    assert change.drift == ()
    stage.apply(declaring)
    assert stage.plan(declaring).is_empty
