"""Long texts are cut in plans for people, wherever they stand; JSON holds them whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support import sample_plans as samples

from wlinfra.changes.model import Action, ActionReason
from wlinfra.diff.model import AttributeChange, Origin
from wlinfra.plan.model import Plan
from wlinfra.render.html import render_html
from wlinfra.render.json import render_json
from wlinfra.render.markdown import render_markdown
from wlinfra.render.text import render_plan

LINE = "x" * 1_000_000
LINES = "".join(f"line {number}\n" for number in range(20_000))
FORMATS = (render_plan, render_html, render_markdown)


def created(text: str) -> Plan:
    return samples.plan_of(samples.change("manifest.big", Action.CREATE, values={"data": {"a": text}}))


def updated(live: str, planned: str, origin: Origin = Origin.INTENDED) -> Plan:
    item = AttributeChange(path=("data", "a"), recorded=live, live=live, planned=planned, origin=origin)
    change = samples.change(
        "manifest.big", Action.UPDATE, reason=ActionReason.ATTRIBUTE_CHANGED, attributes=(item,), values={}
    )
    return samples.plan_of(change)


@pytest.mark.parametrize("render", FORMATS)
def test_the_head_of_a_new_text_is_shown_and_how_much_more_there_is(render: Callable[[Plan], str]) -> None:
    shown = render(created(LINE))
    assert len(shown) < 8_000
    assert "xxx… (998,000 more characters)" in shown
    shown = render(created(LINES))
    assert "line 19\n" in shown
    assert "line 20\n" not in shown
    assert "… (19,980 more lines)" in shown


@pytest.mark.parametrize("text", [LINE, LINES], ids=["line", "lines"])
def test_json_holds_it_whole(text: str) -> None:
    assert text.replace("\n", "\\n") in render_json(created(text))


def test_of_two_long_lines_the_place_where_they_differ_is_shown() -> None:
    shown = render_plan(updated(LINE, f"{LINE[:500_000]}NEW{LINE[500_003:]}"))
    assert '"… ' + "x" * 40 + "NEWx" in shown
    assert len(shown) < 4_000


def test_a_line_that_only_grew_shows_its_end() -> None:
    shown = render_plan(updated(LINE, f"{LINE}NEW"))
    assert "x" * 40 + '" -> "… ' + "x" * 40 + 'NEW"' in shown


def test_the_lines_that_differ_are_shown_up_to_a_number() -> None:
    few = render_plan(updated(LINES, LINES.replace("line 15000\n", "changed\n")))
    assert "- line 15000\n" in few
    assert "more lines" not in few
    many = render_plan(updated(LINES, LINES.replace("line", "word")))
    assert "… (39,941 more lines)" in many
    assert len(many) < 8_000


def test_drift_and_an_end_are_bounded_too() -> None:
    assert len(render_plan(updated(LINES, LINES + "more", Origin.DRIFT))) < 8_000
    item = AttributeChange(path=("data", "a"), live=LINE)
    change = samples.change("manifest.big", Action.UPDATE, reason=ActionReason.ATTRIBUTE_CHANGED, attributes=(item,))
    assert len(render_plan(samples.plan_of(change))) < 8_000


def test_a_text_of_usual_length_is_shown_whole() -> None:
    assert "more" not in render_plan(created("".join(f"line {number}\n" for number in range(20))))
    assert "more" not in render_plan(created("y" * 2_000))
