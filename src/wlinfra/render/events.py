"""The events and the result of an apply, as plain lines and as JSON lines.

The command line gives `EventLines` or `JsonLines` to the applier as its listener; `render.live` shows the same
words in a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, assert_never

from wlinfra.apply.events import (
    ApplyEvent,
    ApplyResult,
    ChangeFailed,
    Progress,
    Skipped,
    Started,
    StepDone,
    Stopping,
    Succeeded,
)
from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, ActionReason
from wlinfra.changes.outcome import changes_nothing_live, counts_as
from wlinfra.render.diagnostics import SourceLine, render_diagnostics
from wlinfra.render.encode import encode_value
from wlinfra.render.json import diagnostic_document, dump_json
from wlinfra.render.style import PLAIN, Style, clean
from wlinfra.render.summary import counted
from wlinfra.render.values import format_key, format_value
from wlinfra.render.wording import action_symbol, subject
from wlinfra.values import Json

__all__ = [
    "EventLines",
    "JsonLines",
    "describe_action",
    "outputs_document",
    "render_outputs",
    "render_result",
    "result_document",
]

_NOT_AWAITED: Final = "not awaited"
_STILL_EVERY: Final = 10.0
"""Seconds between two lines about the same wait, unless the platform's reason changes."""

_WORDS: Final = {
    Action.CREATE: ("Creating", "Creation complete", "Creation started"),
    Action.UPDATE: ("Modifying", "Modifications complete", "Modifications made"),
    Action.ROLL: ("Rolling", "Roll complete", "Roll started"),
    Action.REPLACE: ("Replacing", "Replacement complete", "Replacement started"),
    Action.DELETE: ("Destroying", "Destruction complete", "Destruction started"),
    Action.IMPORT: ("Importing", "Import complete", "Import recorded"),
    Action.FORGET: ("Forgetting", "Forgotten, not destroyed", "Forgotten"),
    Action.READ: ("Reading", "Read complete", "Read"),
    Action.NO_OP: ("Waiting", "Wait complete", "Unchanged"),
}
"""What is being done, what was done, and what was done where the goal is not awaited."""


def describe_action(change: Change) -> str:
    """Return what is being done, such as ``Creating``."""
    return _words(change)[0]


def _words(change: Change) -> tuple[str, str]:
    """Return what is being done and what was done; a change that only waits is a wait, whatever it records."""
    if changes_nothing_live(change.decision):
        return _WORDS[Action.NO_OP][:2] if change.goal is not None else ("Recording", "Recorded")
    return _WORDS[change.action][:2]


def _completed(event: Succeeded) -> str:
    """Return what is done, and that it is not awaited where it is not."""
    if not event.awaited:
        return f"{_WORDS[event.change.action][2]}, {_NOT_AWAITED}"
    return f"{_words(event.change)[1]} after {_duration(event.elapsed)}"


def _duration(seconds: float) -> str:
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes}m{rest:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"


class EventLines:
    """A listener that writes a line for each event worth showing."""

    def __init__(self, write: Callable[[str], None], style: Style = PLAIN) -> None:
        """``write`` gets complete lines with their ends."""
        self._write = write
        self._style = style
        self._shown: dict[str, tuple[float, str]] = {}

    def __call__(self, event: ApplyEvent) -> None:
        """Write the line of the event, if it has one."""
        text = self._text(event)
        if text:
            self._write(text)

    def _text(self, event: ApplyEvent) -> str:
        match event:
            case Started(change=change):
                return self._line(change, f"{describe_action(change)}...")
            case StepDone(change=change, step=step) if len(change.steps) > 1:
                return self._line(change, f"Done: {clean(step.verb)} {clean(step.path)}")
            case StepDone():
                return ""
            case Progress():
                return self._progress(event)
            case Succeeded(change=change, id=identity):
                shown = f" [id={clean(identity)}]" if identity else ""
                return self._line(change, f"{_completed(event)}{shown}")
            case ChangeFailed():
                return self._failed(event)
            case Skipped(change=change, because=because):
                return self._line(change, self._style.paint(f"Skipped: {clean(because)}", "yellow"))
            case Stopping(running=running):
                return f"\nStopping: no new step starts, {counted(running, 'running step')} will end and be recorded. Interrupt again to stop now.\n"
        assert_never(event)

    def _line(self, change: Change, words: str) -> str:
        return f"{self._style.paint(subject(change) + ':', 'bold')} {words}\n"

    def _progress(self, event: Progress) -> str:
        key = subject(event.change)
        last, reason = self._shown.get(key, (0.0, ""))
        is_brief = event.elapsed < 1 and event.lasts < _STILL_EVERY
        if event.elapsed - last < _STILL_EVERY and (event.reason == reason or is_brief):
            return ""
        self._shown[key] = (event.elapsed, event.reason)
        why = clean(event.reason or event.waiting_for)
        doing = describe_action(event.change).lower()
        waiting = "" if doing == "waiting" else "waiting: "
        return self._line(event.change, f"Still {doing}... [{_duration(event.elapsed)} elapsed] {waiting}{why}")

    def _failed(self, event: ChangeFailed) -> str:
        why = ": ".join(clean(part) for part in (event.error.summary, event.error.detail.partition("\n")[0]) if part)
        what = f"Failed after {_duration(event.elapsed)}: {why}"
        kept = " (it exists and is recorded; the next run continues from there)" if event.recorded else ""
        return self._line(event.change, self._style.paint(what, "red") + kept)


class JsonLines:
    """A listener that writes one JSON object a line."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """``write`` gets complete lines with their ends."""
        self._write = write

    def __call__(self, event: ApplyEvent) -> None:
        """Write the event."""
        self._write(dump_json(_document(event), indent=False))


def _document(event: ApplyEvent) -> dict[str, Any]:
    match event:
        case Started():
            return _line("apply_start", event.change)
        case StepDone(step=step, id=identity):
            return _line("step_done", event.change, operation=step.operation, id=identity)
        case Progress(waiting_for=waiting_for, reason=reason):
            return _line("apply_progress", event.change, event.elapsed, waiting_for=waiting_for, reason=reason)
        case Succeeded(id=identity, awaited=awaited):
            return _line("apply_complete", event.change, event.elapsed, id=identity, awaited=awaited)
        case ChangeFailed(recorded=recorded, error=error):
            diagnostic = diagnostic_document(error)
            return _line("apply_errored", event.change, event.elapsed, recorded=recorded, diagnostic=diagnostic)
        case Skipped(because=because):
            return _line("apply_skipped", event.change, because=because)
        case Stopping(running=running):
            return {"type": "stopping", "running": running}
    assert_never(event)


def _line(kind: str, change: Change, elapsed: float | None = None, **members: Any) -> dict[str, Any]:
    time = {} if elapsed is None else {"elapsed_seconds": round(elapsed, 3)}
    return {"type": kind, **_about(change), **time, **members}


def _about(change: Change) -> dict[str, Any]:
    return {"address": str(change.address), "action": change.action.value, "deposed_id": change.deposed_id}


# ---------------------------------------------------------------- the end


def render_result(
    result: ApplyResult,
    *,
    destroying: bool,
    next_command: str,
    style: Style = PLAIN,
    source_line: SourceLine | None = None,
) -> str:
    """Return what was done, and when something was not: what failed, what was skipped, and how to continue."""
    if result.ok:
        parts = [style.paint(_success(result, destroying=destroying), "bold", "green") + "\n"]
        parts += ["\n".join(lines) + "\n" for lines in [_kept(result.done)] if lines]
    else:
        parts = [
            _failure(result, destroying=destroying, next_command=next_command, style=style, source_line=source_line)
        ]
    if result.outputs and not destroying:
        parts.append("Outputs:\n\n" + render_outputs(result.outputs))
    return "\n".join(parts)


def _counts(result: ApplyResult) -> dict[str, int]:
    def number(*actions: Action) -> int:
        return sum(counts_as(change.decision, *actions) for change in result.done)

    return {
        "imported": number(Action.IMPORT),
        "added": number(Action.CREATE, Action.REPLACE),
        "changed": number(Action.UPDATE, Action.ROLL),
        "destroyed": number(Action.DELETE, Action.REPLACE) + len(result.removed),
        "forgotten": number(Action.FORGET),
    }


def _amounts(result: ApplyResult) -> str:
    counts = _counts(result)
    amounts = ", ".join(
        f"{number} {word}" for word, number in counts.items() if number or word in ("added", "changed", "destroyed")
    )
    return amounts + _unawaited(result)


def _unawaited(result: ApplyResult) -> str:
    return f"; {len(result.started)} of them started, {_NOT_AWAITED}" if result.started else ""


def _success(result: ApplyResult, *, destroying: bool) -> str:
    how = "started" if result.started else "complete"
    if destroying:
        return f"Destroy {how}! Resources: {_counts(result)['destroyed']} destroyed{_unawaited(result)}."
    return f"Apply {how}! Resources: {_amounts(result)}."


def _kept(done: Sequence[Change]) -> list[str]:
    """Return what is left on the platform without a record, such as volumes."""
    lines = []
    for change in done:
        if _stays(change):
            lines.append(f"{_subject(change)}  {clean(change.kind)} {clean(change.name)}")
        lines += [f"  . {subject(change)}  {clean(kept)}" for kept in change.decision.leaves]
    return _listed("Kept, and no longer recorded", lines)


def _subject(change: Change) -> str:
    return f"{action_symbol(change).rjust(3)} {subject(change)}"


def _stays(change: Change) -> bool:
    """True for what is forgotten although it is there."""
    is_there = change.id is not None and change.reason is not ActionReason.GONE
    return change.action is Action.FORGET and not change.virtual and is_there


def _failure(
    result: ApplyResult, *, destroying: bool, next_command: str, style: Style, source_line: SourceLine | None
) -> str:
    what = "Destroy" if destroying else "Apply"
    how = "was interrupted" if result.interrupted else "is not complete"
    sections = [style.paint(f"{what} {how}. Resources: {_amounts(result)}.", "bold", "red")]
    sections += _listed("Done", [_subject(change) for change in result.done if change not in result.started])
    sections += _listed("Started, not awaited", map(_subject, result.started))
    sections += _kept(result.done)
    sections += _listed("Deleted, not recreated yet", map(_subject, result.removed))
    sections += _listed("Failed", [f"{_subject(change)}: {clean(error.summary)}" for change, error in result.failed])
    sections += _listed("Skipped", [f"{_subject(change)}: {clean(because)}" for change, because in result.skipped])
    if result.failed:
        sections.append(
            "\n" + render_diagnostics([error for _, error in result.failed], style, source_line).rstrip("\n")
        )
    sections.append(f"\nWhat was done is recorded. To do the rest:\n    {clean(next_command)}\n")
    return "\n".join(sections)


def _listed(title: str, entries: Iterable[str]) -> list[str]:
    lines = list(entries)
    return [f"{title} ({len(lines)}):", *(f"  {line}" for line in lines)] if lines else []


def render_outputs(outputs: Mapping[str, Json]) -> str:
    """Return one line for each output; empty without any."""
    return "".join(
        f"{format_key(name)} = {chr(10).join(format_value(value))}\n" for name, value in sorted(outputs.items())
    )


def outputs_document(outputs: Mapping[str, Json]) -> dict[str, Any]:
    """Return outputs as plain JSON values, without secrets."""
    shown = {name: encode_value(value) for name, value in outputs.items()}
    return {name: {"value": item.value, "sensitive": bool(item.sensitive)} for name, item in shown.items()}


def result_document(result: ApplyResult, *, next_command: str) -> dict[str, Any]:
    """Return the last JSON line of an apply."""
    return {
        "type": "apply_result",
        "ok": result.ok,
        "interrupted": result.interrupted,
        "counts": _counts(result),
        "done": [_about(change) for change in result.done],
        "not_awaited": [_about(change) for change in result.started],
        "failed": [{**_about(change), "diagnostic": diagnostic_document(error)} for change, error in result.failed],
        "skipped": [{**_about(change), "because": because} for change, because in result.skipped],
        "removed": [_about(change) for change in result.removed],
        "outputs": outputs_document(result.outputs),
        "ids": {str(address): identity for address, identity in sorted(result.ids.items())},
        "next_command": "" if result.ok else next_command,
    }
