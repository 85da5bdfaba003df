"""`wlinfra apply`: plan under the lock, ask, do it, say what was done. Also applies a saved plan."""

from __future__ import annotations

import hashlib
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from wlinfra.apply.events import ApplyEvent, ApplyOptions, ApplyResult, Failed
from wlinfra.apply.secrets import require_secrets
from wlinfra.changes.model import Action, ActionReason
from wlinfra.cli.advice import advised, advised_plan, command_line
from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.cli.opening import host_of, open_workspace
from wlinfra.cli.options import DEFAULT_PROGRAM
from wlinfra.cli.saved import (
    applying_command,
    as_options,
    find_program,
    planning_command,
    read_plan_file,
    refuse_options,
    refuse_settings,
    shown_path,
)
from wlinfra.cli.show_plan import plan_options, plan_text
from wlinfra.errors import ConfigurationError
from wlinfra.plan.approved import refuse_unapproved
from wlinfra.plan.file import unseal
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.render.diagnostics import read_source_line
from wlinfra.render.events import EventLines, JsonLines, render_result, result_document
from wlinfra.render.json import dump_json, plan_document
from wlinfra.render.summary import counted
from wlinfra.workspace.keys import key_at_hand
from wlinfra.workspace.locking import who
from wlinfra.workspace.workspace import Locked

__all__ = ["run", "run_plan"]

_UNPROVEN: Final = (ActionReason.FOUND_BY_NAME, ActionReason.FOUND_INSTEAD)


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
    arguments.file, arguments.set = shown_path(program, console), as_options(approved.origin.settings)
    with (
        open_workspace(
            given, console, ending=approved.options.destroy, saved_settings=approved.origin.settings
        ) as workspace,
        workspace.locked("apply", arguments.lock_timeout) as locked,
    ):
        refuse_settings(approved, workspace.declared.settings_digest, typed)
        digest = locked.engine().digest
        unseal(data, digest)  # the state may have been made with another key than the one at hand
        now = locked.plan(approved.options)
        refuse_unapproved(approved, now, digest, again=planning_command(approved, typed, arguments.file))
        require_secrets(now)
        return _execute(now, locked, arguments, console)


def run_plan(arguments: Namespace, console: Console, options: PlanOptions) -> int:
    """Plan under the lock, ask, and apply; `destroy` calls it too."""
    if arguments.json and not arguments.auto_approve:
        raise ConfigurationError.of(
            "Nobody can be asked",
            "With --json the output is for machines, so nobody is asked.",
            f"Add --auto-approve, or apply a saved plan:\n    {_saving(arguments, '', destroys=options.destroy)}\n    {applying_command(arguments, 'plan.json')}",
        )
    operation = "destroy" if options.destroy else "apply"
    with (
        open_workspace(arguments, console, ending=options.destroy) as workspace,
        workspace.locked(operation, arguments.lock_timeout) as locked,
    ):
        plan = locked.plan(options)
        _show(plan, arguments, console)
        if plan.errors:
            return ExitCode.ERROR
        if plan.is_empty and not any(change.drift for change in plan.changes):
            locked.settle()
            return ExitCode.OK
        if arguments.auto_approve and not arguments.adopt:
            _refuse_unasked_imports(plan)
        require_secrets(plan)
        if _needs_approval(plan) and not arguments.auto_approve and not _confirm(plan, arguments, console):
            console.show(f"{operation.capitalize()} cancelled. Nothing was changed.")
            return ExitCode.ERROR
        return _execute(plan, locked, arguments, console)


def _needs_approval(plan: Plan) -> bool:
    """True unless an apply would only go on waiting, or learn what is live."""
    changing = any(change.action is not Action.NO_OP for change in plan.effective)
    return changing or bool(plan.moved) or any(output.differs for output in plan.outputs)


def _refuse_unasked_imports(plan: Plan) -> None:
    """Raise when objects would be taken over that only their name ties to this stack: a person has to say so."""
    unproven = [
        change
        for change in plan.changes
        if change.action is Action.IMPORT and change.reason in _UNPROVEN and not change.lifecycle.adopt
    ]
    if not unproven:
        return
    imports = "\n".join(f"    wlinfra import {change.address} {change.id}" for change in unproven)
    raise ConfigurationError.of(
        "Import must be confirmed",
        f"{counted(len(unproven), 'object')} found by name alone: no record names it, so nobody can prove that this stack made what it would take over. Nothing was changed.",
        f"Apply without --auto-approve and look at the imports, confirm all with --adopt, declare adopt=True, or name them:\n{imports}\nIf they belong to somebody else, such as another environment on the same platform, give yours other names: with name_prefix= on the environment, or a platform_name of their own.",
    )


def _show(plan: Plan, arguments: Namespace, console: Console) -> None:
    plan = advised_plan(plan, arguments)
    if arguments.json:
        console.show(dump_json({"type": "plan", "plan": plan_document(plan)}, indent=False))
    else:
        console.show(plan_text(plan, console))


def _confirm(plan: Plan, arguments: Namespace, console: Console) -> bool:
    """Ask a person; the answer is ``yes``, or the environment's name where the environment is protected."""
    if not console.is_interactive:
        raise ConfigurationError.of(
            "Nobody can be asked",
            f"Applying to {plan.environment} must be confirmed, and there is no terminal to ask at. Nothing was changed.",
            f"Add --auto-approve, or apply a plan that was looked at:\n    {_saving(arguments, plan.environment, destroys=plan.options.destroy)}\n    {applying_command(arguments, 'plan.json')}",
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


def _saving(arguments: Namespace, environment: str, *, destroys: bool) -> str:
    """Return the command that saves this plan."""
    return command_line("plan", arguments, environment, [*(["--destroy"] if destroys else []), "--out", "plan.json"])


def _execute(plan: Plan, locked: Locked, arguments: Namespace, console: Console) -> int:
    command = "destroy" if plan.options.destroy else "apply"
    options = ApplyOptions(
        parallelism=arguments.parallelism,
        wait=not arguments.no_wait,
        command=command,
        who=who(console.environ),
        plan_digest=_digest(plan),
    )
    if not arguments.json:
        console.show("\n")
    with _listener(arguments, console) as listener:
        result = locked.apply(plan, options, lambda event: listener(_advised_event(event, arguments)))
    next_command = command_line(command, arguments, plan.environment)
    _tell_result(
        _advised_result(result, arguments),
        arguments,
        console,
        destroying=plan.options.destroy,
        next_command=next_command,
    )
    return _exit_code(result)


def _digest(plan: Plan) -> str:
    """Return what tells this plan from others in the history: program, settings, and what happens to which revision."""
    what = [
        f"{change.address} {change.action.value} {change.id} {change.deposed_id} {change.revision}"
        for change in plan.effective
    ]
    text = "\n".join([plan.lineage, plan.program_digest, plan.settings_digest, *what])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _exit_code(result: ApplyResult) -> int:
    if result.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.OK if result.ok else ExitCode.ERROR


def _tell_result(
    result: ApplyResult, arguments: Namespace, console: Console, *, destroying: bool, next_command: str
) -> None:
    if arguments.json:
        console.show(dump_json(result_document(result, next_command=next_command), indent=False))
        return
    text = render_result(
        result, destroying=destroying, next_command=next_command, style=console.style, source_line=read_source_line
    )
    console.show("\n" + text)


@contextmanager
def _listener(arguments: Namespace, console: Console) -> Iterator[Callable[[ApplyEvent], None]]:
    """Yield what shows the progress: JSON lines, a table for a person who watches, or plain lines."""

    def write(text: str) -> None:
        console.stdout.write(text)

    if arguments.json:
        yield _Sturdy(JsonLines(write), console)
    elif console.stdout.isatty() and console.environ.get("TERM") != "dumb":
        from wlinfra.render.live import LiveTable

        with LiveTable(console.stdout, console.style) as table:
            yield _Sturdy(table, console)
    else:
        yield _Sturdy(EventLines(write, console.style, source_line=read_source_line), console)


class _Sturdy:
    """Passes events on, and goes on without showing them when nobody reads any more: the work must not end by that."""

    def __init__(self, listener: Callable[[ApplyEvent], None], console: Console) -> None:
        self._listener: Callable[[ApplyEvent], None] | None = listener
        self._console = console

    def __call__(self, event: ApplyEvent) -> None:
        """Show the event if it can be shown."""
        if self._listener is None:
            return
        try:
            self._listener(event)
            self._console.stdout.flush()
        except OSError:  # nobody reads any more, or there is no room
            self._listener = None


def _advised_result(result: ApplyResult, arguments: Namespace) -> ApplyResult:
    """Return the result, to be shown, with commands that work as typed."""
    failed = tuple((change, advised([error], arguments)[0]) for change, error in result.failed)
    return replace(result, failed=failed)


def _advised_event(event: ApplyEvent, arguments: Namespace) -> ApplyEvent:
    """Return the event, to be shown, with commands that work as typed."""
    return replace(event, error=advised([event.error], arguments)[0]) if isinstance(event, Failed) else event
