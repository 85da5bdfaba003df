"""What a plan remarks beside a value is what the change as a whole does."""

from __future__ import annotations

import pytest
from support.datarobot_stage import Declaring, Stage, chat

import wlinfra as wl
from wlinfra.render.text import render_plan

ONE = chat(replicas=1, bundles=["cpu.small"], description="a")


@pytest.mark.parametrize(
    ("declaring", "line"),
    [
        (chat(replicas=1, bundles=["cpu.small", "cpu.large"], description="a"), '= "cpu.large"  # rolls'),
        (chat(replicas=2, bundles=["cpu.small"], description="a"), "replicas = 1 -> 2  # rolls"),
        (
            chat(autoscaling=[wl.concurrency(target=3, max=5)], bundles=["cpu.small"], description="a"),
            "replicas = 1 -> null  # rolls",
        ),
        (
            chat(replicas=1, bundles=["cpu.small"], description="b", replace_on=["description"]),
            '"a" -> "b"  # forces replacement',
        ),
    ],
)
def test_every_value_that_costs_something_says_so(stage: Stage, declaring: Declaring, line: str) -> None:
    stage.apply(ONE)
    text = " ".join(render_plan(stage.plan(declaring)).replace("=", " = ").split())
    assert " ".join(line.replace("=", " = ").split()) in text


def test_what_is_stopped_does_not_roll(stage: Stage) -> None:
    stage.apply(chat(replicas=1, power="stopped"))
    assert "# rolls" not in render_plan(stage.plan(chat(replicas=2, power="stopped")))
