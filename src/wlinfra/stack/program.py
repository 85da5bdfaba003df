"""Loads a user's program and runs it for one environment.

Every command begins here: `load_stack` finds the stack, `declare` hands its resources, outputs and providers to the
planner, checked together.
"""

from __future__ import annotations

import gc
import hashlib
import importlib.util
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from types import GeneratorType, ModuleType
from typing import Any

from wlinfra.errors import ConfigurationError, DeclarationError, Diagnostic, Location, Severity
from wlinfra.resources.base import Resource
from wlinfra.resources.declaring import Gathering, declaring, locate, require, require_dict
from wlinfra.resources.output import Output
from wlinfra.stack.checks import Declaration
from wlinfra.stack.context import OutputsReader, Surroundings, surrounded
from wlinfra.stack.loading import Program, guarding
from wlinfra.stack.settings import GivenSettings, Settings, SettingsSources, given_settings, merge_settings
from wlinfra.stack.stack import Environment, EnvironmentSpec, ProviderSettings, Stack
from wlinfra.values import Address, Json

__all__ = ["DEFAULT_FILE", "Declared", "External", "declare", "declare_for_destroy", "load_stack", "require_externals"]

DEFAULT_FILE = "infra.py"
_numbers = count(1)
_EXTERNAL = 'Write it as wl.External(server, {"id": "65f0..."}).'


def require_externals(given: Sequence[External], what: str) -> None:
    """Raise DeclarationError unless it is a list of externals."""
    require(given, (list, tuple), what, "a list of wl.External", _EXTERNAL)
    for one in given:
        require(one, External, what, "a list of wl.External", _EXTERNAL)


@dataclass(frozen=True, slots=True)
class External:
    """A resource that is declared and applied elsewhere: others may refer to it, and it is never planned."""

    resource: Resource
    """Its declaration, which a provider may need to expand what refers to it."""
    outputs: Mapping[str, Json] = field(default_factory=dict)
    """Its outputs by name; UNKNOWN for those that are not known yet."""

    def __post_init__(self) -> None:
        """Raise DeclarationError for what is no resource, or no outputs."""
        require(self.resource, Resource, "wl.External", "a resource", _EXTERNAL)
        require_dict(self.outputs, "outputs of wl.External", _EXTERNAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a program declares for one environment, checked together."""

    stack: str
    environment: str
    resources: tuple[Resource, ...]
    """As yielded; those only looked up come last."""
    outputs: tuple[Output, ...]
    providers: Mapping[str, ProviderSettings]
    """By the name the environment gives them, ``default`` for the only one."""
    dependencies: Mapping[Address, tuple[Address, ...]] = field(default_factory=dict)
    """For each resource, those that come first: by reference or by ``depends_on``."""
    settings: Mapping[str, Json] = field(default_factory=dict)
    """The merged settings as plain JSON."""
    given: GivenSettings = field(default_factory=GivenSettings)
    """Settings from outside the program, for a saved plan."""
    program_files: Mapping[str, str] = field(default_factory=dict)
    """The program's files relative to its folder, the program first, with a digest of each."""
    program_digest: str = ""
    """Of the program's file and the modules it imported from its folder; empty for a stack created in Python."""
    protect: bool = False
    """The environment asks before anything is replaced or deleted."""
    name_prefix: str = ""
    """What stands before the names of its objects on the platform."""
    warnings: tuple[Diagnostic, ...] = ()
    externals: Mapping[Address, External] = field(default_factory=dict)
    """What is declared elsewhere and may be referred to."""
    partial: bool = False
    """The environment has more resources than these: what is not declared here does not end."""
    implied: bool = True
    """Of such a part, whether what all objects of the environment need in common is among them."""
    former: frozenset[Address] = frozenset()
    """Of such a part, resources that it had and that are not declared any more: what is recorded of them ends."""
    reliable: bool = True
    """False where the program has errors or was not run, and the record stands for what it does not declare."""

    @property
    def settings_digest(self) -> str:
        """A digest of the merged settings."""
        return hashlib.sha256(json.dumps(self.settings, sort_keys=True).encode()).hexdigest()

    @property
    def known(self) -> Mapping[tuple[Address, str], Json]:
        """The outputs of what is declared elsewhere; UNKNOWN for those that are not known yet."""
        return {
            (address, name): value for address, one in self.externals.items() for name, value in one.outputs.items()
        }


def load_stack(path: Path | str, *, environ: Mapping[str, str] | None = None) -> Stack[Any]:
    """Return the one stack a program defines; a folder stands for the ``infra.py`` in it.

    ``environ`` is where secrets are looked up, by default the process's own variables. Raises DeclarationError with
    the user's file and line for a program that is missing, cannot be run, or defines no stack or several.
    """
    require(path, (str, Path), "wl.load_stack", "a path", 'Write it as wl.load_stack("infra.py").')
    path = Path(path)
    file = path / DEFAULT_FILE if path.is_dir() else path
    if not file.is_file():
        raise DeclarationError.of(
            "Program not found", f"There is no file {file}.", "Name the program, or run the command in its folder."
        )
    program = Program(file)
    name = f"_wlinfra_program_{next(_numbers)}"
    # A finder of its own, because the file may have any suffix and the module must not collide with another program's.
    spec = importlib.util.spec_from_loader(name, loader=None, origin=str(file))
    if spec is None:
        raise DeclarationError.of("Program not found", f"{file} cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(file)
    sys.modules[name] = module
    with declaring() as gathering:
        with (
            surrounded(Surroundings(folder=program.folder, environ=environ)),
            program.running(),
            guarding(program.folder, gathering.diagnostics),
        ):
            code = compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
            exec(code, module.__dict__)  # noqa: S102 - running the user's program is what this is for
        DeclarationError.raise_for(gathering.diagnostics)
    stack = _only_stack(module, file)
    stack.program = program
    return stack


def _only_stack(module: ModuleType, file: Path) -> Stack[Any]:
    stacks = list({id(value): value for value in vars(module).values() if isinstance(value, Stack)}.values())
    if len(stacks) == 1:
        return stacks[0]
    if not stacks:
        raise DeclarationError.of(
            "No stack",
            f"{file} defines no stack.",
            'Add stack = wl.Stack("name") at the top level.',
            location=Location(str(file), 1),
        )
    lines = ", ".join(f"{stack.name} ({stack.location})" for stack in stacks)
    raise DeclarationError.of(
        "Several stacks",
        f"{file} defines {len(stacks)} stacks: {lines}.",
        "Keep one stack in each program.",
        location=stacks[1].location,
    )


def declare(
    stack: Stack[Any],
    environment_name: str,
    *,
    overrides: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    settings_file: Path | str | None = None,
    saved_settings: Mapping[str, Any] | None = None,
    outputs_reader: OutputsReader | None = None,
    externals: Sequence[External] = (),
    partial: bool = False,
) -> Declared:
    """Return what the stack declares for the environment.

    ``environ`` gives ``WLINFRA_SET_*`` settings and secrets. ``externals`` are resources that others declare and that
    the program may refer to; with ``partial`` the environment has more resources than the program declares. Raises DeclarationError with everything wrong at once,
    ConfigurationError for settings from outside the program.
    """
    fix = 'Write it as wl.declare(stack, "prod").'
    require(stack, Stack, "wl.declare", "a stack", fix)
    for what, given in (("overrides", overrides), ("environ", environ), ("saved_settings", saved_settings)):
        require_dict(given, f"{what}= of wl.declare", f"Write it as {what}={{...}}.")
    require(settings_file or "", (str, Path), "settings_file= of wl.declare", "a path", fix)
    require_externals(externals, "externals= of wl.declare")
    spec = stack.find_environment(environment_name)
    sources = SettingsSources(
        file=Path(settings_file) if settings_file else None, environ=environ, overrides=overrides, saved=saved_settings
    )
    settings = merge_settings(stack.settings, spec.settings, sources)
    gathering, items = _gather(stack, spec, settings, environ, outputs_reader)
    elsewhere = {one.resource.address: one.resource for one in externals}
    checked = Declaration(spec, gathering, items, elsewhere)
    _prefix_names([*gathering.resources, *checked.resources, *elsewhere.values()], spec.name_prefix)
    diagnostics = [*gathering.diagnostics, *checked.diagnose()]
    DeclarationError.raise_for(diagnostics)
    declared = _declared(stack, spec, settings, checked, diagnostics, sources)
    return replace(declared, externals={one.resource.address: one for one in externals}, partial=partial)


def declare_for_destroy(
    stack: Stack[Any],
    environment_name: str,
    *,
    overrides: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    settings_file: Path | None = None,
    saved_settings: Mapping[str, Any] | None = None,
    outputs_reader: OutputsReader | None = None,
    externals: Sequence[External] = (),
    partial: bool = False,
) -> Declared:
    """Return what the stack declares, as `declare` does, for a plan that everything recorded goes.

    The record is enough for that, so that what is wrong with the program becomes one warning: another stack's
    outputs may be gone by then. What could be declared all the same is there, for it may be protected.
    """
    spec = stack.find_environment(environment_name)
    sources = SettingsSources(file=settings_file, environ=environ, overrides=overrides, saved=saved_settings)
    settings, errors = spec.settings, list[Diagnostic]()
    try:
        settings = merge_settings(stack.settings, spec.settings, sources)
    except ConfigurationError as error:
        errors += error.diagnostics
    gathering, items = _gather(stack, spec, settings, environ, outputs_reader)
    errors += gathering.diagnostics
    if not errors:
        checked = Declaration(spec, gathering, items, {one.resource.address: one.resource for one in externals})
        diagnostics = list(checked.diagnose())
        errors += [diagnostic for diagnostic in diagnostics if diagnostic.is_error]
        if not errors:
            declared = _declared(stack, spec, settings, checked, diagnostics, sources)
            return replace(declared, externals={one.resource.address: one for one in externals}, partial=partial)
    complete = [resource for resource in gathering.resources if not resource.is_broken and not resource.lookup]
    checked = Declaration(spec, gathering, list({resource.address: resource for resource in complete}.values()))
    warning = _destroyed_all_the_same(spec.name, errors)
    declared = _declared(stack, spec, settings, checked, [warning], sources)
    elsewhere = {one.resource.address: one for one in externals}
    return replace(declared, outputs=(), externals=elsewhere, partial=partial, reliable=False)


def _destroyed_all_the_same(environment: str, errors: Sequence[Diagnostic]) -> Diagnostic:
    first = errors[0]
    return Diagnostic(
        severity=Severity.WARNING,
        summary="Program has errors",
        detail=f"The program cannot be run for environment {environment}: {first.summary[:1].lower()}{first.summary[1:]}. {first.detail}\n"
        "What is destroyed comes from the record alone, which is enough for that.",
        address=first.address,
        path=first.path,
        location=first.location,
        called_from=first.called_from,
    )


def _gather(
    stack: Stack[Any],
    spec: EnvironmentSpec[Any],
    settings: Settings,
    environ: Mapping[str, str] | None,
    outputs_reader: OutputsReader | None,
) -> tuple[Gathering[Any], list[Any]]:
    """Run the user's function; return what it yields, and what was gathered meanwhile."""
    folder = stack.program.folder if stack.program else None
    with (
        declaring() as gathering,
        surrounded(Surroundings(folder=folder, environ=environ, outputs_reader=outputs_reader)),
    ):
        return gathering, _run(stack, Environment(spec.name, settings), gathering)


def _declared(
    stack: Stack[Any],
    spec: EnvironmentSpec[Any],
    settings: Settings,
    checked: Declaration,
    diagnostics: Sequence[Diagnostic],
    sources: SettingsSources,
) -> Declared:
    return Declared(
        stack=stack.name,
        environment=spec.name,
        resources=checked.resources,
        outputs=checked.outputs,
        providers=spec.providers,
        dependencies=checked.dependencies,
        settings=settings.model_dump(mode="json", fallback=str),
        given=_given(settings, sources),
        program_files=stack.program.files() if stack.program else {},
        program_digest=stack.program.digest() if stack.program else "",
        protect=spec.protect,
        name_prefix=spec.name_prefix,
        warnings=tuple(diagnostics),
    )


def _given(settings: Settings, sources: SettingsSources) -> GivenSettings:
    try:
        return given_settings(settings, sources)
    except ConfigurationError:  # a destroy continues without settings that cannot be read
        return GivenSettings()


def _run(stack: Stack[Any], environment: Environment[Any], gathering: Gathering[Any]) -> list[Any]:
    """Return what the user's function yields, up to where it failed."""
    items: list[Any] = []
    if stack.function is None:
        gathering.diagnostics.append(
            Diagnostic(
                summary="No resource function",
                detail=f"No function declares the resources of the stack {stack.name}.",
                fix="Put @stack.resources above the function that yields them.",
                location=stack.location,
            )
        )
        return items
    running = stack.program.running() if stack.program else nullcontext()
    folder = stack.program.folder if stack.program else None
    with running, _patient_gc(), guarding(folder, gathering.diagnostics):
        yielded: Any = stack.function(environment)
        if not isinstance(yielded, Iterable) or isinstance(yielded, str | Mapping):
            raise DeclarationError.of(
                "Nothing yielded",
                f"The function under @stack.resources returned {type(yielded).__name__}.",
                "Yield each resource, or return a list of them.",
                location=_function_location(stack),
            )
        for item in yielded:
            if not isinstance(item, Resource | Output) and (place := _place_of(yielded)) is not None:
                gathering.odd[len(items)] = place
            items.append(item)
    return items


def _place_of(yielded: Any) -> Location | None:
    """Return the line at which a generator waits, or the one it yields from; None for a list."""
    while isinstance(getattr(yielded, "gi_yieldfrom", None), GeneratorType):
        yielded = yielded.gi_yieldfrom
    frame = getattr(yielded, "gi_frame", None)
    return locate((frame.f_code.co_filename, frame.f_lineno)) if frame is not None else None


def _prefix_names(resources: Iterable[Resource], prefix: str) -> None:
    """Give the environment's prefix to all that is declared, and to what only stands inside another resource."""
    seen: set[int] = set()
    waiting = list(resources)
    while waiting:
        resource = waiting.pop()
        if id(resource) not in seen:
            seen.add(id(resource))
            resource.prefix_name(prefix)
            waiting += [part for part in resource.references() if isinstance(part, Resource)]


def _function_location(stack: Stack[Any]) -> Location | None:
    code = getattr(stack.function, "__code__", None)
    return locate((code.co_filename, code.co_firstlineno)) if code else stack.location


@contextmanager
def _patient_gc() -> Iterator[None]:
    """Collect garbage rarely while many small values are created, none of which is garbage."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
