"""What people and tools read of a plan, held against its calls, and what an apply says against what was called."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from wlinfra.apply.events import ApplyResult
from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, BlastRadius
from wlinfra.plan.model import Plan
from wlinfra.render.events import render_result, result_document
from wlinfra.render.html import render_html
from wlinfra.render.json import plan_document
from wlinfra.render.markdown import render_markdown
from wlinfra.render.text import render_plan

__all__ = ["calls_of", "check_reports", "check_result", "essence"]

_COUNTED = re.compile(r"(\d+) (to import|to add|to change|to destroy|to forget)")
_ENDED = re.compile(r"(\d+) (imported|added|changed|destroyed|forgotten)\b")
_RECORDED = "(recorded only)"


def calls_of(changes: tuple[Change, ...]) -> int:
    """Return how many calls the changes make."""
    return sum(len(change.steps) for change in changes)


def _amounts(changes: tuple[Change, ...]) -> Counter[str]:
    """Return the amounts as the calls tell them, without a look at what the renderers look at."""
    found: Counter[str] = Counter()
    for change in changes:
        makes = change.virtual and change.action is Action.CREATE
        makes = makes or any(step.makes and not step.supersedes for step in change.steps)
        removes = any(step.removes for step in change.steps)
        recorded = not change.steps and change.action in (Action.UPDATE, Action.ROLL)
        found["import"] += change.action is Action.IMPORT
        found["add"] += makes
        found["destroy"] += removes
        found["change"] += recorded or bool(change.steps and not makes and not removes)
        found["forget"] += change.action is Action.FORGET
    return +found


def check_reports(plan: Plan) -> None:
    """Fail unless headline, list, counts, documents and pages say what the calls of the plan do."""
    text, document = render_plan(plan), plan_document(plan)
    if plan.is_empty:
        assert "No changes." in text
        assert calls_of(plan.changes) == 0
        return
    wanted = _amounts(plan.effective)
    line = next(line for line in text.splitlines() if line.startswith("Plan: "))
    assert +Counter({word.removeprefix("to "): int(number) for number, word in _COUNTED.findall(line)}) == wanted
    for page in (render_markdown(plan), render_html(plan)):
        assert line in page
    recorded = sum(change.action is Action.UPDATE and not change.steps for change in plan.effective)
    listed = text[text.index(line) :]
    assert listed.count(_RECORDED) == recorded
    rolls = [change for change in plan.effective if change.blast_radius is BlastRadius.ROLLING]
    assert listed.count("(rolling restart") == len(rolls)
    _check_headline(document["summary"], plan, recorded, len(rolls))
    assert document["summary"]["headline"] in text
    assert sum(len(change["steps"]) for change in document["changes"]) == calls_of(plan.changes)
    for change in document["changes"]:
        quiet = change["action"] == "update" and not change["steps"]
        assert (change["label"] == "recorded only") == quiet, change


def _check_headline(summary: dict[str, Any], plan: Plan, recorded: int, rolls: int) -> None:
    if not plan.effective:
        return
    said = Counter(
        {word: int(number) for number, word in re.findall(r"(\d+) ([a-z ]+?)s?(?=[,.] )", summary["headline"] + " ")}
    )
    assert said["recorded only"] == recorded, summary
    assert said["rolling restart"] == rolls, summary
    assert summary["counts"]["roll"] == rolls, summary
    worst = max(change.blast_radius for change in plan.effective)
    assert summary["blast_radius"] == worst.words
    quiet = "Nothing that runs is interrupted." in summary["headline"]
    assert quiet == (worst is BlastRadius.NONE)


def check_result(plan: Plan, result: ApplyResult, called: int) -> None:
    """Fail unless a run that did everything says so in numbers, and made exactly the calls that the plan showed."""
    assert result.ok, result
    assert called == calls_of(plan.changes)
    assert len(result.done) == len(plan.effective) - sum(change.action is Action.READ for change in plan.effective)
    text = render_result(result, destroying=plan.options.destroy, next_command="")
    first = text.splitlines()[0]
    said = +Counter({word: int(number) for number, word in _ENDED.findall(first)})
    wanted = _amounts(plan.effective)
    words = {"import": "imported", "add": "added", "change": "changed", "destroy": "destroyed", "forget": "forgotten"}
    spoken = {words[name]: number for name, number in wanted.items()}
    if plan.options.destroy:
        spoken = {name: number for name, number in spoken.items() if name == "destroyed"}
    assert said == Counter(spoken), (first, wanted)
    assert +Counter(result_document(result, next_command="")["counts"]) == Counter(
        {words[name]: number for name, number in wanted.items()}
    )
    unawaited = f"{len(result.started)} of them started, not awaited"
    assert (unawaited in first) == bool(result.started)


def essence(plan: Plan) -> list[Any]:
    """Return what a plan says it will do, so that one from the record can be compared with one from what is live."""
    return [
        (
            str(change.address),
            change.action.value,
            change.decision.label,
            change.blast_radius.words,
            [step.operation for step in change.steps],
            sorted((str(item.path), item.effect.name) for item in change.attributes),
        )
        for change in plan.changes
    ]
