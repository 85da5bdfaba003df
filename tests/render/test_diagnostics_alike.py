from __future__ import annotations

import json

import pytest
from support import sample_plans as samples

from wlinfra.errors import Diagnostic, Location, Severity
from wlinfra.render.diagnostics import render_diagnostics
from wlinfra.render.html import render_html
from wlinfra.render.json import render_json
from wlinfra.render.markdown import render_markdown
from wlinfra.render.text import render_plan


def gone(number: int, **more: object) -> Diagnostic:
    fields = {"summary": "Platform cannot be reached", "detail": "The connection was refused.", "fix": "Start it."}
    place = Location("infra.py", number)
    return Diagnostic(**{**fields, "address": f"workload.w{number}", "location": place, **more})  # type: ignore[arg-type]


ALIKE = tuple(gone(number) for number in range(1, 25))


def test_errors_with_the_same_words_are_one_box_with_the_first_places() -> None:
    lines = render_diagnostics(ALIKE).splitlines()
    assert lines[:6] == [
        "╷",
        "│ Error: Platform cannot be reached (24 times)",
        "│   on infra.py line 1, in workload.w1",
        "│   on infra.py line 2, in workload.w2",
        "│   on infra.py line 3, in workload.w3",
        "│   and 21 other places",
    ]
    assert lines[-1] == "24 errors."
    assert lines.count("│ The connection was refused.") == 1


@pytest.mark.parametrize("render", [render_plan, render_markdown, render_html])
def test_every_rendering_for_people_shows_them_once(render: object) -> None:
    text = render(samples.plan_of(errors=ALIKE))  # type: ignore[operator]
    assert text.count("The connection was refused.") == 1
    assert "(24 times)" in text


def test_the_json_keeps_them_all() -> None:
    errors = json.loads(render_json(samples.plan_of(errors=ALIKE)))["errors"]
    assert [error["address"] for error in errors] == [f"workload.w{number}" for number in range(1, 25)]


@pytest.mark.parametrize(
    "other", [{"detail": "Another."}, {"fix": "Wait."}, {"summary": "Else"}, {"severity": Severity.WARNING}]
)
def test_what_differs_in_a_word_keeps_a_box_of_its_own(other: dict[str, object]) -> None:
    text = render_diagnostics([gone(1), gone(2, **other)])
    assert text.count("╷") == 2
    assert "times" not in text


def test_a_place_that_comes_back_is_named_once() -> None:
    assert render_diagnostics([gone(1), gone(1)]).count("workload.w1") == 1
