from __future__ import annotations

import pytest

from wlinfra_kubernetes.cluster.failures import brief

TEMPLATE = "core.PodTemplateSpec{" + "Name:x, " * 100 + "}"


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (f"Invalid value: {TEMPLATE}: field is immutable", "Invalid value: field is immutable"),
        (
            "Forbidden: spec is immutable after creation\n  core.Spec{\n- a\n",
            "Forbidden: spec is immutable after creation",
        ),
        ("Required value: say so", "Required value: say so"),
        ("x" * 400, "x" * 300 + "..."),
    ],
    ids=["value", "comparison", "short", "nothing else"],
)
def test_a_cause_is_told_without_the_values_it_quotes(cause: str, told: str) -> None:
    assert brief(cause) == told
