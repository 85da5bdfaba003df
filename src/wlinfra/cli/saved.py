"""Saved plans on the command line: writing one, trusting one, finding the program it is about.

`cli.plan` saves, `cli.apply` and `cli.show` read. Nothing that a file names is loaded before its seal is checked.
"""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

from wlinfra.cli.advice import command_line
from wlinfra.cli.console import Console
from wlinfra.cli.show_plan import plan_text
from wlinfra.errors import ConfigurationError, StalePlanError
from wlinfra.plan.file import PlanSource, SavedPlan, is_plan_file, seal
from wlinfra.plan.model import Plan
from wlinfra.render.style import PLAIN
from wlinfra.stack.loading import file_digest
from wlinfra.stack.program import DEFAULT_FILE
from wlinfra.workspace.opened import Opened

__all__ = [
    "applying_command",
    "as_typed",
    "find_program",
    "planning_command",
    "read_plan_file",
    "refuse_options",
    "refuse_settings",
    "save",
    "saving_target",
    "shown_path",
]

_LARGEST: Final = 1 << 30


def read_plan_file(name: str, console: Console) -> bytes | None:
    """Return the bytes when the file is a saved plan: a program never begins with a brace. Raises ConfigurationError."""
    path = console.path(name)
    if not path.is_file():
        return None
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError.of(
            "File cannot be read", f"{name}: {error.strerror}.", "Name a file that you may read."
        ) from error
    return data if path.suffix == ".json" or data[:1] == b"{" else None


# ---------------------------------------------------------------- saving


def saving_target(arguments: Namespace, console: Console) -> Path:
    """Return where the plan is to be saved; raises ConfigurationError for what must not be overwritten."""
    if arguments.out == "-":
        raise ConfigurationError.of(
            "Plan needs a file",
            "--out - would write a file of that name: a saved plan is applied from a file.",
            "Name a file, such as --out plan.json, or print the plan with --format json.",
        )
    path = console.path(arguments.out)
    if path.is_dir():
        raise ConfigurationError.of("Plan needs a file", f"{arguments.out} is a folder.", "Name a file in it.")
    if path.exists() and path.is_file() and not _may_be_overwritten(path):
        raise ConfigurationError.of(
            "File is no plan",
            f"{arguments.out} exists and is no saved plan, so it is not overwritten.",
            "Name another file with --out, or delete that one.",
        )
    return path


def _may_be_overwritten(path: Path) -> bool:
    try:
        return path.stat().st_size == 0 or (path.stat().st_size < _LARGEST and is_plan_file(path.read_bytes()))
    except OSError:
        return False


def save(plan: Plan, arguments: Namespace, console: Console, workspace: Opened, path: Path) -> None:
    """Write the plan file; raises ConfigurationError."""
    from wlinfra.render.json import plan_document

    declared = workspace.declared
    if workspace.site.stack is None:
        raise ConfigurationError.of(
            "Plan cannot be saved",
            "A plan file names the program that it was created from, and the program could not be loaded.",
            f"Destroy without a saved plan:\n    {command_line('destroy', arguments, plan.environment)}\nor correct the program.",
        )
    if declared.given.secrets:
        raise ConfigurationError.of(
            "Secret setting cannot be saved",
            f"A plan file contains no secret, and {', '.join(declared.given.secrets)} came with --set or --settings.",
            "Give secrets by environment variables, WLINFRA_SET_<NAME>, when planning and when applying.",
        )
    program = workspace.site.file / DEFAULT_FILE if workspace.site.file.is_dir() else workspace.site.file
    source = PlanSource(
        program=_below(program, console.directory),
        place=_in_line(program, path),
        files=declared.program_files,
        settings=declared.given.values,
    )
    plain = plan_text(plan, replace(console, style=PLAIN))
    data = seal(plan, workspace.digest, text=plain, document=plan_document(plan), source=source)
    try:
        with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(data)
    except OSError as error:
        raise ConfigurationError.of(
            "Plan cannot be saved", f"{path}: {error.strerror}.", "Name a file in a folder you may write to."
        ) from error


def _below(program: Path, folder: Path) -> str:
    """Return the program relative to the folder when it lies in it; else nothing."""
    program, folder = program.resolve(), folder.resolve()
    return program.relative_to(folder).as_posix() if program.is_relative_to(folder) else ""


def _in_line(program: Path, plan: Path) -> str:
    """Return the program relative to the plan file when one of their folders contains the other; else nothing."""
    there, here = program.resolve().parent, plan.resolve().parent
    if not (there.is_relative_to(here) or here.is_relative_to(there)):
        return ""
    return PurePosixPath(os.path.relpath(program.resolve(), here)).as_posix()


def applying_command(arguments: Namespace, plan: str) -> str:
    """Return the command that applies a saved plan: all but the place is in the file."""
    given = Namespace(file=plan, chdir=arguments.chdir, state_dir=arguments.state_dir)
    return command_line("apply", given)


def planning_command(saved: SavedPlan, arguments: Namespace, program: str) -> str:
    """Return the command that creates a saved plan again: of the same program, with its options, into the same file."""
    given = Namespace(
        file=program,
        environment=saved.environment,
        chdir=arguments.chdir,
        state_dir=arguments.state_dir,
        **as_typed(saved),
    )
    return command_line(
        "plan", given, words=(*(["--destroy"] if saved.options.destroy else []), "--out", str(arguments.file))
    )


def as_typed(saved: SavedPlan) -> dict[str, Any]:
    """Return what narrows and shapes a saved plan, by the names of the arguments that would give it."""
    options = saved.options
    return {
        "set": as_options(saved.settings),
        "target": options.targets,
        "exclude": options.excludes,
        "replace": options.replaces,
        "refresh": "true" if options.refresh else "false",
        "refresh_only": options.refresh_only,
        "allow_empty": options.allow_empty,
        "new_place": options.new_place,
    }


# ---------------------------------------------------------------- applying


def refuse_options(saved: SavedPlan, arguments: Namespace) -> None:
    """Raise ConfigurationError for options that would have to be in the plan, unless they agree with it."""
    wrong = list(_contradictions(saved, arguments))
    if wrong:
        raise _options_refused(arguments, wrong)


def refuse_settings(saved: SavedPlan, settings_digest: str, arguments: Namespace) -> None:
    """Raise ConfigurationError when the settings given now differ from those in the plan."""
    if settings_digest == saved.settings_digest:
        return
    given = [f"--set {one}" for one in arguments.set]
    given += [f"--settings {arguments.settings}"] if arguments.settings else []
    if given:
        raise _options_refused(arguments, given)


def _options_refused(arguments: Namespace, wrong: list[str]) -> ConfigurationError:
    plan = arguments.file
    again = Namespace(**{**vars(arguments), "file": DEFAULT_FILE})
    return ConfigurationError.of(
        "Options with a saved plan",
        f"A saved plan contains all that decides it, and is applied as it was approved: {', '.join(wrong)} would change it. Nothing was done.",
        "Apply it as it is:\n"
        f"    {applying_command(arguments, plan)}\n"
        "or create another plan with these options and have that approved:\n"
        f"    {command_line('plan', again, words=('--out', plan))}",
    )


def as_options(settings: Mapping[str, Any]) -> list[str]:
    """Return the settings of a plan as they would be given with ``--set``."""
    found: list[str] = []

    def add(name: str, value: Any) -> None:
        if isinstance(value, dict) and value:
            for key, item in value.items():
                add(f"{name}.{key}" if name else str(key), item)
        else:
            found.append(f"{name}={value if isinstance(value, str) else json.dumps(value)}")

    if settings:
        add("", dict(settings))
    return found


def _contradictions(saved: SavedPlan, arguments: Namespace) -> Iterator[str]:
    options = saved.options
    if arguments.environment not in (None, saved.environment):
        yield f"-e {arguments.environment}"
    for option, wanted in (("target", options.targets), ("exclude", options.excludes), ("replace", options.replaces)):
        given = tuple(getattr(arguments, option))
        if given not in ((), wanted):
            yield " ".join(f"--{option} {one}" for one in given)
    if arguments.refresh == "false" and options.refresh:
        yield "--refresh false"
    if arguments.refresh_only and not options.refresh_only:
        yield "--refresh-only"
    if arguments.allow_empty and not options.allow_empty:
        yield "--allow-empty"


def find_program(saved: SavedPlan, arguments: Namespace, console: Console) -> Path:
    """Return the program that the plan is about, unchanged; nothing of it is run.

    It is looked for where the command runs, then next to the plan file. Raises ConfigurationError when it is at
    neither place or outside of both, StalePlanError when it was changed.
    """
    plan = console.path(arguments.file)
    if any(_leads_out(name) for name in (saved.program, saved.place)):
        raise ConfigurationError.of(
            "Program outside of folder",
            "The plan file names a program by an absolute path. Nothing was loaded.",
            "Make a new plan with\n    wlinfra plan --out plan.json",
        )
    here = console.directory / saved.program if saved.program else None
    beside = plan.resolve().parent / saved.place if saved.place else None
    found = []
    if here is not None and here.is_file() and _below(here, console.directory):
        found.append(here)
    if beside is not None and beside.is_file() and _in_line(beside, plan):
        found.append(beside)
    if not found:
        raise ConfigurationError.of(
            "Program not found",
            f"{arguments.file} was created from {saved.program or saved.place or 'a program'}, which is neither where you are ({console.directory}) nor where it was next to the plan file.",
            f"Go to the folder that the plan was created in, or name that folder with --chdir, and apply {plan.resolve()} there.",
        )
    program = next((path for path in found if _is_unchanged(path, saved)), None)
    if program is None:
        raise StalePlanError.of(
            "Saved plan is stale",
            "The program changed since the plan was saved, so no one has approved what it would do now. It was not run.",
            f"Plan again and have that approved:\n    {planning_command(saved, arguments, shown_path(found[0], console))}",
        )
    return program


def _leads_out(name: str) -> bool:
    return name.startswith(("/", "~")) or "\0" in name


def _is_unchanged(program: Path, saved: SavedPlan) -> bool:
    """True when each file of the program is as it was planned from; a plan of an earlier version names none."""
    folder = program.resolve().parent
    try:
        return all(
            not _leads_out(name) and file_digest(folder / name) == digest for name, digest in saved.files.items()
        )
    except OSError:
        return False


def shown_path(path: Path, console: Console) -> str:
    """Return the path as it would be typed here."""
    return _below(path, console.directory) or str(path)
