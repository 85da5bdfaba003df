"""Whichever answer is lost, nothing is done twice and the plan afterwards is empty."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from support.datarobot_stage import Stage, chat

from wlinfra.emulation import Drop, Phase

DRAFT = {"status": "draft"}
CASES = [
    pytest.param({}, {"artifact": {"image": "acme/chat:2"}, "replicas": 2, "description": "d"}, 4, id="new version"),
    pytest.param({"artifact": DRAFT}, {"artifact": {**DRAFT, "image": "acme/chat:2"}}, 2, id="draft edited"),
    pytest.param({"artifact": DRAFT}, {}, 1, id="promoted"),
    pytest.param({}, {"power": "stopped"}, 1, id="stopped"),
    pytest.param({"power": "stopped"}, {"replicas": 3}, 2, id="rolled and started"),
]


@pytest.mark.parametrize("phase", [Phase.BEFORE, Phase.AFTER])
@pytest.mark.parametrize(("before", "after", "count"), CASES)
def test_a_change_converges_whichever_answer_is_lost(
    stage: Stage, before: dict[str, Any], after: dict[str, Any], count: int, phase: Phase
) -> None:
    stage.apply(chat(**before))
    for number in range(1, count + 1):
        stage.emulator.faults.on(Drop(), mutating=True, at=number, phase=phase)
        stage.apply(chat(**after), ok=False)
        stage.emulator.faults.clear()
        stage.apply(chat(**after))
        assert stage.plan(chat(**after)).is_empty
        stage.apply(chat(), destroy=True)
        assert stage.artifacts() == []
        stage.apply(chat(**before))


@pytest.mark.parametrize("phase", [Phase.BEFORE, Phase.AFTER])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_new_version_is_made_once(stage: Stage, number: int, phase: Phase) -> None:
    stage.apply(chat())
    stage.emulator.faults.on(Drop(), mutating=True, at=number, phase=phase)
    wanted = chat(artifact={"image": "acme/chat:2"}, description="d")
    stage.apply(wanted, ok=False)
    stage.apply(wanted)
    assert Counter(artifact["version"] for artifact in stage.artifacts()) == {1: 1, 2: 1}
    history = stage.api.ok("GET", f"/workloads/{stage.workload()['id']}/history")["data"]
    assert len(history) == 1
