"""A plan that the token may not carry out is refused before any call."""

from __future__ import annotations

from typing import Any

import pytest
from support.datarobot_stage import chat

from wlinfra.errors import ProviderError
from wlinfra_datarobot.expand import expand
from wlinfra_datarobot.permissions import CAN_DELETE, CAN_UPDATE, verify_permissions


@pytest.mark.parametrize(
    ("document", "predicted"),
    [
        pytest.param({"permissions": ["*"]}, 0, id="everything"),
        pytest.param({"permissions": "*"}, 0, id="everything as a text"),
        pytest.param({"permissions": ["CAN_VIEW", "CAN_UPDATE"]}, 0, id="named"),
        pytest.param({}, 1, id="not told"),
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
        verify_permissions({"permissions": ["CAN_VIEW"]}, [CAN_UPDATE, CAN_DELETE], item)
    assert "CAN_UPDATE, CAN_DELETE" in refused.value.diagnostics[0].detail
