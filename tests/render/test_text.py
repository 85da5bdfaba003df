from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from support import sample_plans as samples

from wlinfra.changes.model import Action, ActionReason, GpuCount, Impact
from wlinfra.diff.model import AttributeChange
from wlinfra.diff.schema import Effect
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.render.style import Style
from wlinfra.render.summary import summarize
from wlinfra.render.text import TextOptions, render_plan
from wlinfra.values import Address

Golden = Callable[[str, str], None]

PLANS = {
    "everything": samples.everything(),
    "failing": samples.failing(),
    "unchanged": samples.plan_of(samples.change("workload.chat", Action.NO_OP)),
    "roll": samples.plan_of(samples.rolling_workload()),
    "destroy": samples.plan_of(samples.deleted(), options=PlanOptions(destroy=True), protected_environment=True),
    "refresh-only": samples.plan_of(
        samples.change("workload.chat", Action.NO_OP), options=PlanOptions(refresh_only=True)
    ),
    "target": samples.plan_of(
        samples.created_artifact(), options=PlanOptions(targets=("artifact.server",), refresh=False)
    ),
    "gone": samples.plan_of(
        samples.change("workload.chat", Action.CREATE, reason=ActionReason.GONE, values={"name": "chat"})
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_reads_as_recorded(name: str, golden: Golden) -> None:
    golden(f"plan-{name}.txt", render_plan(PLANS[name], TextOptions(next_command="wlinfra apply plan.json")))


@pytest.mark.parametrize("name", PLANS)
def test_no_rendering_holds_a_secret(name: str) -> None:
    assert samples.CANARY not in render_plan(PLANS[name])


def test_equal_plans_give_equal_text() -> None:
    assert render_plan(samples.everything()) == render_plan(samples.everything())


def test_the_headline_stands_first_and_last() -> None:
    lines = [line for line in render_plan(PLANS["roll"]).splitlines() if line.strip()]
    assert lines[1] == lines[-1] == "  1 rolling restart, 0 destroyed.  GPUs 8 -> 12 H100 (peak 16).  No downtime."


OLD = (Address("workload.old"),)


@pytest.mark.parametrize(
    ("order", "gpus"), [({}, "1 H100 (peak 2)"), ({"ends_first": OLD}, "1 H100"), ({"after": OLD}, "1 H100")]
)
def test_what_ends_before_another_begins_is_not_counted_beside_it(
    order: dict[str, tuple[Address, ...]], gpus: str
) -> None:
    one, none = GpuCount(type="H100", low=1, high=1), GpuCount(type="H100", low=0, high=0)
    end = Impact(gpus_now=(one,), gpus_after=(none,), gpus_peak=(one,))
    begin = Impact(gpus_after=(one,), gpus_peak=(one,))
    plan = samples.plan_of(
        samples.deleted(impact=end),
        samples.change("workload.new", Action.CREATE, impact=begin, **order),
    )
    assert f"  GPUs {gpus}.  " in summarize(plan).headline


def test_what_destroys_stands_above_the_rest() -> None:
    text = render_plan(samples.everything())
    order = [
        text.index(f"# {address}") for address in ("volume.store must", "workload.old will", "artifact.server will")
    ]
    assert order == sorted(order)


def test_colour_changes_nothing_but_colour() -> None:
    plain, painted = (
        render_plan(samples.everything(), TextOptions(style=Style(colour=colour))) for colour in (False, True)
    )
    assert painted != plain
    assert re.sub("\x1b\\[[0-9;]*m", "", painted) == plain


@pytest.mark.parametrize("text", ["\x1b[2J", "a\rb", "\x9b31m", "\u202eevil", "a\nb\x07", "\ud800"], ids=ascii)
def test_text_of_others_cannot_move_the_cursor(text: str) -> None:
    hostile = samples.change(
        "workload.chat",
        Action.UPDATE,
        label=text,
        id=text,
        notes=(text,),
        attributes=(AttributeChange(path=(text,), live=text, planned=text + "x"),),
    )
    plan: Plan = samples.plan_of(hostile, provisional=text)
    shown = render_plan(plan)
    assert not set(shown) & set("\x1b\r\x9b\u202e\x07\ud800")
    assert shown.encode()


def test_an_unchanged_plan_says_so() -> None:
    assert "No changes. Your infrastructure matches the program." in render_plan(PLANS["unchanged"])


def test_a_plan_with_errors_offers_no_command() -> None:
    text = render_plan(samples.failing(), TextOptions(next_command="wlinfra apply plan.json", saved=True))
    assert "cannot be applied" in text
    assert "wlinfra apply" not in text


def test_what_only_the_record_learns_is_shown_once() -> None:
    same = AttributeChange(path=("name",), live="chat", planned="chat", effect=Effect.STORED)
    text = render_plan(samples.plan_of(samples.change("workload.chat", Action.UPDATE, attributes=(same,))))
    assert '~ name = "chat"  # recorded only' in text
