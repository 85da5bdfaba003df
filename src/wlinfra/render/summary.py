"""The plan counted: actions, capacity, and the one-line answer to "what will this do to me?".

Every rendering of a plan starts and ends with `headline`; nothing is decided here, only added up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, BlastRadius, GpuCount
from wlinfra.changes.outcome import actions_of, counts_as, label_of
from wlinfra.plan.model import Plan, Summary
from wlinfra.render.style import clean

__all__ = ["counted", "format_gpus", "gpu_line", "headline", "is_destructive", "summarize", "summary_line"]


def counted(number: int, one: str, many: str = "") -> str:
    """Return the number with its noun.

    >>> counted(2, "rolling restart")
    '2 rolling restarts'
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def is_destructive(change: Change) -> bool:
    """True when something is deleted, replaced or stops serving."""
    return change.action in (Action.DELETE, Action.REPLACE) or change.blast_radius >= BlastRadius.DOWNTIME


def summarize(plan: Plan) -> Summary:
    """Return how many objects each action touches, and GPUs before, after and at the peak."""
    effective = plan.effective
    return Summary(
        counts=Counter(action for change in plan.changes for action in actions_of(change.decision)),
        blast_radius=max((change.blast_radius for change in effective), default=BlastRadius.NONE),
        gpus_now=_total(_before(change) for change in plan.changes),
        gpus_after=_total(change.impact.gpus_after for change in plan.changes),
        gpus_peak=_total(_peaks(plan.changes)),
        predicted=sum(bool(change.decision.predicted) for change in effective),
    )


def _before(change: Change) -> Sequence[GpuCount]:
    """Return the GPUs before; an object that nobody touches keeps its bounds, however many replicas run just now."""
    return change.impact.gpus_after if change.action is Action.NO_OP else change.impact.gpus_now


def _peaks(changes: Sequence[Change]) -> Iterator[Sequence[GpuCount]]:
    """Yield the most that each takes, together with what is gone before it begins: those never run side by side."""
    ending = {one.address: one for one in changes if one.action is Action.DELETE and one.deposed_id is None}
    for change in changes:
        if ending.get(change.address) is change:
            continue
        most = _peak(change)
        gone = [ending.pop(address) for address in change.ends_first if most and address in ending]
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


def format_gpus(count: GpuCount | None) -> str:
    """Return the number, as a range where it is one.

    >>> format_gpus(GpuCount(type="H100", low=2, high=None))
    '2 or more'
    """
    if count is None:
        return "0"
    if count.high is None:
        return f"{count.low} or more" if count.low else "unknown"
    return str(count.low) if count.low == count.high else f"{count.low}..{count.high}"


def gpu_line(now: Sequence[GpuCount], after: Sequence[GpuCount], peak: Sequence[GpuCount]) -> str:
    """Return GPUs by type before and after, the peak where it is higher; empty without GPUs."""
    by_type = [{count.type: count for count in counts} for counts in (now, after, peak)]
    parts = []
    for name in sorted(set().union(*by_type)):
        was, will_be, most = (counts.get(name) for counts in by_type)
        amounts = format_gpus(was) if was == will_be else f"{format_gpus(was)} -> {format_gpus(will_be)}"
        top = "" if most in (was, will_be) or most is None else f" (peak {format_gpus(most)})"
        parts.append(f"{amounts} {clean(name)}{top}")
    return ", ".join(parts)


def headline(plan: Plan) -> str:
    """Return in one line what is destroyed, what rolls, what is new, and the GPUs before and after; or what drifted."""
    summary = summarize(plan)
    if plan.options.refresh_only:
        return f"{counted(len(plan.effective), 'object')} drifted."
    sentences = [_actions(plan, summary) + "."]
    gpus = gpu_line(summary.gpus_now, summary.gpus_after, summary.gpus_peak)
    if gpus:
        sentences.append(f"GPUs {gpus}.")
    sentences.append(_radius(summary.blast_radius))
    sentences += _untried(summary)
    return "  ".join(sentences)


def _untried(summary: Summary) -> list[str]:
    return [f"{summary.predicted} predicted, not tried."] if summary.predicted else []


def _actions(plan: Plan, summary: Summary) -> str:
    labelled = [
        change
        for change in plan.effective
        if label_of(change.decision) and counts_as(change.decision, Action.UPDATE, Action.CREATE)
    ]
    labels = Counter(label_of(change.decision) for change in labelled)
    updated, created = (
        summary.count(action) - sum(counts_as(change.decision, action) for change in labelled)
        for action in (Action.UPDATE, Action.CREATE)
    )
    parts = [
        (summary.count(Action.REPLACE), "replacement", ""),
        (summary.count(Action.ROLL), "rolling restart", ""),
        *(
            (count, clean(label), clean(label) if label.endswith("only") else "")
            for label, count in sorted(labels.items())
        ),
        (updated, "update in place", "updates in place"),
        (created, "created", "created"),
        (sum(change.action is Action.NO_OP for change in plan.effective), "awaited", "awaited"),
        (summary.count(Action.IMPORT), "imported", "imported"),
        (summary.count(Action.FORGET), "forgotten", "forgotten"),
    ]
    words = [counted(number, one, many) for number, one, many in parts if number]
    destroyed = summary.count(Action.DELETE) + summary.count(Action.REPLACE)
    return ", ".join([*words, f"{destroyed} destroyed"])


def _radius(radius: BlastRadius) -> str:
    match radius:
        case BlastRadius.NONE:
            return "Nothing that runs is interrupted."
        case BlastRadius.ROLLING:
            return "No downtime."
        case BlastRadius.DOWNTIME:
            return "DOWNTIME."
        case BlastRadius.LOSS_UNKNOWN:
            return "DATA LOSS UNKNOWN."
        case BlastRadius.DATA_LOSS:
            return "DATA WILL BE LOST."


def summary_line(summary: Summary) -> str:
    """Return Terraform's last line; a replacement counts as one added and one destroyed."""
    replaced = summary.count(Action.REPLACE)
    imported, forgotten = summary.count(Action.IMPORT), summary.count(Action.FORGET)
    changed = summary.count(Action.UPDATE) + summary.count(Action.ROLL)
    parts = [f"{imported} to import"] if imported else []
    parts += [
        f"{summary.count(Action.CREATE) + replaced} to add",
        f"{changed} to change",
        f"{summary.count(Action.DELETE) + replaced} to destroy",
    ]
    parts += [f"{forgotten} to forget"] if forgotten else []
    rolls = summary.count(Action.ROLL)
    restarts = counted(rolls, "of the changes is a rolling restart", "of the changes are rolling restarts")
    return " ".join([f"Plan: {', '.join(parts)}.", *([f"{restarts}."] if rolls else []), *_untried(summary)])
