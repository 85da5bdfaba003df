"""A plan that the token may not carry out is refused before any call, and one of a reading token is a preview."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.datarobot_stage import Stage, chat

from wlinfra.changes.model import Action
from wlinfra.errors import ProviderError
from wlinfra_datarobot.expand import expand
from wlinfra_datarobot.planning.permissions import CAN_DELETE, CAN_UPDATE, verify_permissions


@pytest.mark.parametrize(
    ("document", "predicted"),
    [
        pytest.param({"permissions": ["*"]}, 0, id="everything"),
        pytest.param({"permissions": "*"}, 0, id="everything as a text"),
        pytest.param({"permissions": ["CAN_VIEW", "CAN_UPDATE"]}, 0, id="named"),
        pytest.param({}, 1, id="not told"),
        pytest.param({"permissions": ["CAN_VIEW"]}, 1, id="a token that only reads"),
    ],
)
def test_a_held_permission_passes_and_an_unknown_one_is_predicted(document: dict[str, Any], predicted: int) -> None:
    (artifact, _) = chat()()
    (item,) = expand(artifact, {})
    assert len(verify_permissions(document, [CAN_UPDATE], item)) == predicted


def test_a_missing_permission_is_refused_by_name() -> None:
    (artifact, _) = chat()()
    (item,) = expand(artifact, {})
    with pytest.raises(ProviderError) as refused:
        verify_permissions({"permissions": ["CAN_VIEW", "CAN_SHARE"]}, [CAN_UPDATE, CAN_DELETE], item)
    assert "CAN_UPDATE, CAN_DELETE" in refused.value.diagnostics[0].detail


def test_a_token_that_may_only_read_gets_a_whole_plan_that_says_so(stages: Callable[..., Stage]) -> None:
    stage = stages(token="test-token", read_only_token="reader")
    stage.apply(chat(replicas=1))
    stage.options["token"] = "reader"
    plan = stage.plan(chat(artifact={"image": "acme/chat:2"}, replicas=2))
    assert plan.errors == ()
    assert {change.address: len(change.decision.predicted) for change in plan.effective} == {
        "artifact.server": 1,
        "workload.chat": 1,
    }


def test_an_apply_with_such_a_token_changes_nothing(stages: Callable[..., Stage]) -> None:
    stage = stages(token="test-token", read_only_token="reader")
    stage.apply(chat(replicas=1))
    stage.options["token"] = "reader"
    result = stage.apply(chat(replicas=2), ok=False)
    assert [str(change.address) for change, _ in result.failed] == ["workload.chat"]
    stage.options["token"] = "test-token"
    assert stage.change(chat(replicas=2), "workload.chat").action is Action.ROLL
