"""The plan in numbers: actions, capacity, and the one-line answer to "what will this do to me?".

Every rendering of a plan starts and ends with the headline; nothing is decided here, only added up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, BlastRadius, GpuCount
from wlinfra.changes.outcome import actions_of, counts_as, label_of
from wlinfra.plan.model import Plan
from wlinfra.render import document as doc
from wlinfra.render.style import clean

__all__ = ["counted", "gpu_line", "summarize", "summary_line"]


_INTERRUPTS: Final = {
    BlastRadius.NONE: "Nothing that runs is interrupted.",
    BlastRadius.ROLLING: "No downtime.",
    BlastRadius.DOWNTIME: "DOWNTIME.",
    BlastRadius.LOSS_UNKNOWN: "DATA LOSS UNKNOWN.",
    BlastRadius.DATA_LOSS: "DATA WILL BE LOST.",
}


def counted(number: int, one: str, many: str = "") -> str:
    """Return the number with its noun.

    >>> counted(2, "rolling restart")
    '2 rolling restarts'
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def summarize(plan: Plan) -> doc.Summary:
    """Return how many objects each action touches, and GPUs before, after and at the peak."""
    effective = plan.effective
    counts = Counter(action for change in plan.changes for action in actions_of(change.decision))
    radius = max((change.blast_radius for change in effective), default=BlastRadius.NONE)
    now = _total(_before(change) for change in plan.changes)
    after = _total(change.impact.gpus_after for change in plan.changes)
    peak = _total(_peaks(plan.changes))
    predicted = sum(bool(change.decision.predicted) for change in effective)
    sentences = [f"{_actions(effective, counts)}.", _INTERRUPTS[radius], *_untried(predicted)]
    if line := gpu_line(now, after, peak):
        sentences.insert(1, f"GPUs {line}.")
    return doc.Summary(
        headline=f"{counted(len(effective), 'object')} drifted." if plan.options.refresh_only else "  ".join(sentences),
        counts={action.value: counts[action] for action in Action},
        blast_radius=radius.words,
        gpus_now=now,
        gpus_after=after,
        gpus_peak=peak,
        predicted=predicted,
    )


def _before(change: Change) -> Sequence[GpuCount]:
    """Return the GPUs before; an unchanged object keeps its bounds, however many replicas run now."""
    return change.impact.gpus_after if change.action is Action.NO_OP else change.impact.gpus_now


def _peaks(changes: Sequence[Change]) -> Iterator[Sequence[GpuCount]]:
    """Yield the peak of each change, together with objects that end before it starts, because those never run together."""
    ending = {one.address: one for one in changes if one.action is Action.DELETE and one.deposed_id is None}
    for change in changes:
        if ending.get(change.address) is change:
            continue
        most = _peak(change)
        earlier = (*change.ends_first, *change.decision.after)
        gone = [ending.pop(address) for address in earlier if most and address in ending]
        yield _larger(_total(map(_peak, gone)), most) if gone else most
    yield from map(_peak, ending.values())


def _peak(change: Change) -> Sequence[GpuCount]:
    return change.impact.gpus_peak or change.impact.gpus_after or change.impact.gpus_now


def _larger(first: Sequence[GpuCount], second: Sequence[GpuCount]) -> tuple[GpuCount, ...]:
    """Return by type the larger of the bounds, unknown where one of them is."""
    found = {count.type: count for count in first}
    for count in second:
        other = found.get(count.type, count)
        high = None if other.high is None or count.high is None else max(other.high, count.high)
        found[count.type] = GpuCount(type=count.type, low=max(other.low, count.low), high=high)
    return tuple(found.values())


def _total(counts: Iterable[Sequence[GpuCount]]) -> tuple[GpuCount, ...]:
    low: Counter[str] = Counter()
    high: dict[str, int | None] = {}
    for count in (count for group in counts for count in group):
        low[count.type] += count.low
        before = high.get(count.type, 0)
        high[count.type] = None if before is None or count.high is None else before + count.high
    return tuple(GpuCount(type=name, low=low[name], high=high[name]) for name in sorted(high))


def _amount(count: GpuCount | None) -> str:
    """Return the number, as a range where it is one.

    >>> _amount(GpuCount(type="H100", low=2, high=None))
    '2 or more'
    """
    if count is None:
        return "0"
    if count.high is None:
        return f"{count.low} or more" if count.low else "unknown"
    return str(count.low) if count.low == count.high else f"{count.low}..{count.high}"


def gpu_line(now: Iterable[GpuCount], after: Iterable[GpuCount], peak: Iterable[GpuCount]) -> str:
    """Return GPUs by type before and after, the peak where it is higher; empty without GPUs."""
    by_type = [{count.type: count for count in counts} for counts in (now, after, peak)]
    parts = []
    for name in sorted(set().union(*by_type)):
        was, will_be, most = (counts.get(name) for counts in by_type)
        amounts = _amount(was) if was == will_be else f"{_amount(was)} -> {_amount(will_be)}"
        top = "" if most in (was, will_be) or most is None else f" (peak {_amount(most)})"
        parts.append(f"{amounts} {clean(name)}{top}")
    return ", ".join(parts)


def _untried(predicted: int) -> list[str]:
    return [f"{predicted} predicted, not tried."] if predicted else []


def _actions(effective: Sequence[Change], counts: Mapping[Action, int]) -> str:
    labelled = [
        change
        for change in effective
        if label_of(change.decision) and counts_as(change.decision, Action.UPDATE, Action.CREATE)
    ]
    labels = Counter(clean(label_of(change.decision)) for change in labelled)
    updated, created = (
        counts[action] - sum(counts_as(change.decision, action) for change in labelled)
        for action in (Action.UPDATE, Action.CREATE)
    )
    parts = [
        (counts[Action.REPLACE], "replacement", ""),
        (counts[Action.ROLL], "rolling restart", ""),
        *((count, label, label if label.endswith("only") else "") for label, count in sorted(labels.items())),
        (updated, "update in place", "updates in place"),
        (created, "created", "created"),
        (sum(change.action is Action.NO_OP for change in effective), "awaited", "awaited"),
        (counts[Action.IMPORT], "imported", "imported"),
        (counts[Action.FORGET], "forgotten", "forgotten"),
    ]
    words = [counted(number, one, many) for number, one, many in parts if number]
    return ", ".join([*words, f"{counts[Action.DELETE] + counts[Action.REPLACE]} destroyed"])


def summary_line(summary: doc.Summary) -> str:
    """Return Terraform's last line; a replacement counts as one added and one destroyed."""
    counts = summary.counts
    replaced, rolls = counts["replace"], counts["roll"]
    parts = [
        *([f"{counts['import']} to import"] if counts["import"] else []),
        f"{counts['create'] + replaced} to add",
        f"{counts['update'] + rolls} to change",
        f"{counts['delete'] + replaced} to destroy",
        *([f"{counts['forget']} to forget"] if counts["forget"] else []),
    ]
    restarts = counted(rolls, "of the changes is a rolling restart", "of the changes are rolling restarts")
    return " ".join([f"Plan: {', '.join(parts)}.", *([f"{restarts}."] if rolls else []), *_untried(summary.predicted)])
