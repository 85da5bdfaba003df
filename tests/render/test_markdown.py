from __future__ import annotations

from collections.abc import Callable

import pytest
from support import sample_plans as samples

from wlinfra.changes.model import Action
from wlinfra.render.html import render_html
from wlinfra.render.markdown import render_markdown

HOSTILE = "``` @octocat <script>alert(1)</script> | [x](http://evil)"


def test_the_comment_reads_as_recorded(golden: Callable[[str, str], None]) -> None:
    golden("plan-everything.md", render_markdown(samples.everything()))


def test_the_page_reads_as_recorded(golden: Callable[[str, str], None]) -> None:
    golden("plan-everything.html", render_html(samples.everything()))


def test_no_change_and_failure_are_said_first() -> None:
    assert "**No changes.**" in render_markdown(samples.plan_of())
    assert "**This plan cannot be applied.**" in render_markdown(samples.failing())


@pytest.mark.parametrize("budget", [40_000, 12_000, 3_000, 100])
def test_what_destroys_is_listed_whatever_the_budget(budget: int) -> None:
    many = [samples.change(f"workload.w{number}", Action.CREATE, values={"name": "x" * 50}) for number in range(200)]
    text = render_markdown(samples.plan_of(*many, samples.deleted()), budget=budget)
    assert "workload.old" in text
    assert len(text) <= max(budget, 1_000)


def test_others_can_neither_mention_anybody_nor_leave_a_fence() -> None:
    hostile = samples.change("workload.chat", Action.UPDATE, label=HOSTILE, id=HOSTILE, notes=(HOSTILE,))
    text = render_markdown(samples.plan_of(hostile, provisional=HOSTILE))
    outside, _, inside = text.partition("<details>")
    table = [line for line in outside.splitlines() if line.startswith("| ")][-1]
    assert "@" not in table
    assert "<script>" not in table
    assert "\n````\n" in inside


def test_the_page_runs_nothing_of_others() -> None:
    page = render_html(samples.plan_of(samples.change("workload.chat", Action.UPDATE, label=HOSTILE, notes=(HOSTILE,))))
    assert "<script>" not in page


def test_neither_holds_a_secret() -> None:
    assert samples.CANARY not in render_markdown(samples.everything()) + render_html(samples.everything())
