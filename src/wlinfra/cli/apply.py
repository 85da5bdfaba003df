"""`wlinfra apply`: plan under the lock, ask, do it, report the result. Also applies a saved plan."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

from wlinfra.apply.events import ApplyEvent, ApplyOptions, ApplyResult, ChangeFailed
from wlinfra.cli.advice import advised, advised_plan, command_line
from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.cli.opening import host_of, open_workspace
from wlinfra.cli.options.shared import DEFAULT_PROGRAM
from wlinfra.cli.saved import (
    applying_command,
    as_typed,
    find_program,
    planning_command,
    read_plan_file,
    refuse_options,
    refuse_settings,
    shown_path,
)
from wlinfra.cli.show_plan import plan_options, plan_text
from wlinfra.errors import ConfigurationError
from wlinfra.plan.file import unseal
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.render.describe import describe
from wlinfra.render.events import EventLines, JsonLines, render_result, result_document
from wlinfra.render.json import dump_json
from wlinfra.render.source import read_source_line
from wlinfra.workspace.applying import Applied, Running, apply, apply_sealed
from wlinfra.workspace.approving import Approval
from wlinfra.workspace.keys import key_at_hand

__all__ = ["run", "run_plan"]


def run(arguments: Namespace, console: Console) -> int:
    """Apply the program, or exactly what a saved plan approved."""
    data = read_plan_file(arguments.file, console)
    if data is None:
        return run_plan(arguments, console, plan_options(arguments))
    return _apply_saved(data, arguments, console)


def _apply_saved(data: bytes, arguments: Namespace, console: Console) -> int:
    """Apply a saved plan: its seal first, then the program that it names, unchanged, then what would be done now."""
    typed = Namespace(**vars(arguments))
    arguments.file = DEFAULT_PROGRAM  # what is advised from here on is about the program, not about the plan
    approved = unseal(data, key_at_hand(host_of(console)))
    refuse_options(approved, typed)
    program = find_program(approved, typed, console)
    given = Namespace(**{**vars(typed), "file": str(program), "environment": approved.environment})
    arguments.file = shown_path(program, console)
    vars(arguments).update(as_typed(approved))  # what is advised from here on does what was approved
    ending, settings = approved.options.destroy, approved.settings
    with (
        open_workspace(given, console, ending=ending, saved_settings=settings) as workspace,
        _Progress(arguments, console) as progress,
    ):
        refuse_settings(approved, workspace.declared.settings_digest, typed)
        again = planning_command(approved, typed, arguments.file)
        applied = apply_sealed(workspace, data, _running(arguments, progress), again=again)
    return _show_end(applied, arguments, console, begun=progress.begun)


def run_plan(arguments: Namespace, console: Console, options: PlanOptions) -> int:
    """Plan under the lock, ask, and apply; `destroy` calls it too."""
    if arguments.json and not arguments.auto_approve:
        raise ConfigurationError.of(
            "No one can be asked",
            "With --json the output is for machines, so no one is asked.",
            _instead_of_asking(arguments, "", destroys=options.destroy, can_save=not getattr(arguments, "stack", "")),
        )
    with (
        open_workspace(arguments, console, ending=options.destroy) as workspace,
        _Progress(arguments, console) as progress,
    ):
        can_save = workspace.declared.reliable
        ask = None if arguments.auto_approve else lambda plan: _confirm(plan, arguments, console, can_save=can_save)
        approval = Approval(ask=ask, adopt=arguments.adopt)
        running = _running(arguments, progress, on_plan=lambda plan: _show(plan, arguments, console))
        applied = apply(workspace, options, approval, running)
    return _show_end(applied, arguments, console, begun=progress.begun)


def _running(arguments: Namespace, progress: _Progress, on_plan: Callable[[Plan], None] = lambda _: None) -> Running:
    options = ApplyOptions(parallelism=arguments.parallelism, wait=not arguments.no_wait)
    return Running(on_plan=on_plan, on_event=progress, options=options, lock_timeout=arguments.lock_timeout)


def _show(plan: Plan, arguments: Namespace, console: Console) -> None:
    plan = advised_plan(plan, arguments)
    if arguments.json:
        console.show(dump_json({"type": "plan", "plan": describe(plan)}, indent=False))
    else:
        console.show(plan_text(plan, console))


def _confirm(plan: Plan, arguments: Namespace, console: Console, *, can_save: bool) -> bool:
    """Ask the user; the answer is ``yes``, or the environment's name where the environment is protected."""
    if not console.is_interactive:
        raise ConfigurationError.of(
            "No one can be asked",
            f"Applying to {plan.environment} must be confirmed, and there is no terminal to ask at. Nothing was changed.",
            _instead_of_asking(arguments, plan.environment, destroys=plan.options.destroy, can_save=can_save),
        )
    what = "destroy everything above" if plan.options.destroy else "perform these actions"
    word = plan.environment if plan.protected_environment else "yes"
    hint = (
        f"The environment is protected: only its name, '{word}', is accepted."
        if plan.protected_environment
        else "Only 'yes' is accepted."
    )
    question = console.style.paint(f"Do you want to {what} in environment {plan.environment}?", "bold")
    return console.ask(f"\n{question}\n  {hint}\n\n  Enter a value: ") == word


def _instead_of_asking(arguments: Namespace, environment: str, *, destroys: bool, can_save: bool) -> str:
    """Return how to apply where no one can be asked; a plan cannot be saved where the record stands in for the program."""
    if not can_save:
        return "Add --auto-approve."
    words = [*(["--destroy"] if destroys else []), "--out", "plan.json"]
    saving = command_line("plan", arguments, environment, words)
    return f"Add --auto-approve, or save the plan, review it, and apply it:\n    {saving}\n    {applying_command(arguments, 'plan.json')}"


def _show_end(applied: Applied, arguments: Namespace, console: Console, *, begun: bool) -> int:
    """Show what came of it, and return the exit code."""
    plan, result = applied.plan, applied.result
    command = "destroy" if plan.options.destroy else "apply"
    if not applied.approved:
        console.show(f"{command.capitalize()} cancelled. Nothing was changed.")
    if result is None:
        return ExitCode.OK if applied.ok else ExitCode.ERROR
    if not begun and not arguments.json:
        console.show("\n")
    next_command = command_line(command, arguments, plan.environment)
    _show_result(
        _advised_result(result, arguments),
        arguments,
        console,
        destroying=plan.options.destroy,
        next_command=next_command,
    )
    return _exit_code(result)


def _exit_code(result: ApplyResult) -> int:
    if result.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.OK if result.ok else ExitCode.ERROR


def _show_result(
    result: ApplyResult, arguments: Namespace, console: Console, *, destroying: bool, next_command: str
) -> None:
    if arguments.json:
        console.show(dump_json(result_document(result, next_command=next_command), indent=False))
        return
    text = render_result(
        result, destroying=destroying, next_command=next_command, style=console.style, source_line=read_source_line
    )
    console.show("\n" + text)


class _Progress:
    """Shows what happens while a plan is applied; when it cannot be shown, the work continues without."""

    def __init__(self, arguments: Namespace, console: Console) -> None:
        self.begun = False
        self._arguments = arguments
        self._console = console
        self._closing = ExitStack()
        self._listener: Callable[[ApplyEvent], None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def __call__(self, event: ApplyEvent) -> None:
        """Show the event if it can be shown."""
        try:
            if not self.begun:
                self.begun = True
                self._listener = self._begin()
            if self._listener is not None:
                self._listener(_advised_event(event, self._arguments))
                self._console.stdout.flush()
        except OSError:  # the reader is gone, or there is no room
            self._listener = None

    def _begin(self) -> Callable[[ApplyEvent], None]:
        """Return what shows the events: JSON lines, a live table at a terminal, or plain lines."""
        console = self._console
        if self._arguments.json:
            return JsonLines(self._write)
        self._write("\n")
        if console.stdout.isatty() and console.environ.get("TERM") != "dumb":
            from wlinfra.render.live import LiveTable

            return self._closing.enter_context(LiveTable(console.stdout, console.style))
        return EventLines(self._write, console.style)

    def _write(self, text: str) -> None:
        self._console.stdout.write(text)


def _advised_result(result: ApplyResult, arguments: Namespace) -> ApplyResult:
    """Return the result, to be shown, with commands that work as typed."""
    failed = tuple((change, advised([error], arguments)[0]) for change, error in result.failed)
    return replace(result, failed=failed)


def _advised_event(event: ApplyEvent, arguments: Namespace) -> ApplyEvent:
    """Return the event, to be shown, with commands that work as typed."""
    return replace(event, error=advised([event.error], arguments)[0]) if isinstance(event, ChangeFailed) else event
