"""Runs a stack's function for one environment and checks what it declared as a whole.

Every command begins here: `declare` hands the resources, outputs and providers to the planner.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from wlinfra.errors import DeclarationError, Diagnostic, Location
from wlinfra.resources.base import Resource
from wlinfra.resources.declaring import Session, declaring, locate
from wlinfra.resources.mistakes import nearest
from wlinfra.resources.output import Output
from wlinfra.stack.context import OutputsReader, Surroundings, surrounded
from wlinfra.stack.program import guarding
from wlinfra.stack.settings import SettingsSources, merge_settings
from wlinfra.stack.stack import Environment, EnvironmentSpec, ProviderSettings, Stack
from wlinfra.values import Address, Json, Ref

__all__ = ["Declared", "declare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a program declares for one environment, checked as a whole."""

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
    """The merged settings as plain JSON, for a digest."""
    program_digest: str = ""
    """Of the program's file and the modules it imported from its folder; empty for a stack made by hand."""
    protect: bool = False
    """The environment asks before anything is replaced or deleted."""
    warnings: tuple[Diagnostic, ...] = ()


def declare(
    stack: Stack[Any],
    environment_name: str,
    *,
    overrides: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    settings_file: Path | None = None,
    outputs_reader: OutputsReader | None = None,
) -> Declared:
    """Return what the stack declares for the environment.

    ``environ`` gives ``WLINFRA_SET_*`` settings and secrets. Raises DeclarationError with everything wrong at once,
    ConfigurationError for settings from outside the program.
    """
    spec = stack.find_environment(environment_name)
    sources = SettingsSources(file=settings_file, environ=environ, overrides=overrides)
    settings = merge_settings(stack.settings, spec.settings, sources)
    folder = stack.program.folder if stack.program else None
    with (
        declaring() as session,
        surrounded(Surroundings(folder=folder, environ=environ, outputs_reader=outputs_reader)),
    ):
        items = _run(stack, Environment(spec.name, settings), session)
    checked = _Check(spec, session, items)
    diagnostics = [*session.diagnostics, *checked.diagnose()]
    DeclarationError.raise_for(diagnostics)
    return Declared(
        stack=stack.name,
        environment=spec.name,
        resources=checked.resources,
        outputs=checked.outputs,
        providers=spec.providers,
        dependencies=checked.dependencies,
        settings=settings.model_dump(mode="json", fallback=str),
        program_digest=stack.program.digest() if stack.program else "",
        protect=spec.protect,
        warnings=tuple(diagnostics),
    )


def _run(stack: Stack[Any], environment: Environment[Any], session: Session) -> list[Any]:
    """Return what the user's function yields, up to where it failed."""
    items: list[Any] = []
    if stack.function is None:
        session.diagnostics.append(
            Diagnostic(
                summary="No resource function",
                detail=f"Nothing tells which resources the stack {stack.name} has.",
                fix="Put @stack.resources above the function that yields them.",
                location=stack.location,
            )
        )
        return items
    running = stack.program.running() if stack.program else nullcontext()
    folder = stack.program.folder if stack.program else None
    with running, _patient_gc(), guarding(folder, session.diagnostics):
        yielded: Any = stack.function(environment)
        if not isinstance(yielded, Iterable) or isinstance(yielded, str | Mapping):
            raise DeclarationError.of(
                "Nothing yielded",
                f"The function under @stack.resources returned {type(yielded).__name__}.",
                "Yield each resource, or return a list of them.",
                location=_function_location(stack),
            )
        items.extend(yielded)
    return items


def _function_location(stack: Stack[Any]) -> Location | None:
    code = getattr(stack.function, "__code__", None)
    return locate((code.co_filename, code.co_firstlineno)) if code else stack.location


@contextmanager
def _patient_gc() -> Iterator[None]:
    """Collect garbage rarely while many small values are made, none of which is garbage."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class _Check:
    """The declaration of one environment as a whole: addresses, references, order, providers."""

    def __init__(self, spec: EnvironmentSpec[Any], session: Session, items: list[Any]) -> None:
        self._spec = spec
        self._items = items
        yielded = [item for item in items if isinstance(item, Resource)]
        self.outputs = tuple(item for item in items if isinstance(item, Output))
        self._made = {resource.address: resource for resource in session.resources}
        self._by_address = {resource.address: resource for resource in yielded}
        self._yielded = yielded
        self._needed = {resource: list(_needs(resource, self._by_address)) for resource in yielded}
        lookups = self._lookups()
        self.resources = (*dict.fromkeys(yielded), *lookups)
        self._by_address |= {resource.address: resource for resource in lookups}
        self.dependencies = {
            resource.address: tuple(
                dict.fromkeys(address for address in self._needed.get(resource, ()) if address in self._by_address)
            )
            for resource in self.resources
        }

    def _lookups(self) -> list[Resource]:
        """Return what is looked up and referred to without being yielded."""
        wanted = [address for needed in self._needed.values() for address in needed]
        wanted += [address for output in self.outputs for address in _needs(output, {})]
        missing = dict.fromkeys(address for address in wanted if address not in self._by_address)
        return [made for address in missing if (made := self._made.get(address)) is not None and made.lookup]

    def diagnose(self) -> Iterator[Diagnostic]:
        """Yield everything wrong with the whole, then the warnings of its parts."""
        yield from self._check_items()
        yield from self._check_addresses()
        yield from self._check_providers()
        yield from self._check_references()
        yield from self._check_order()
        for resource in self.resources:
            if not resource.is_broken:
                yield from resource.caution()

    def _check_items(self) -> Iterator[Diagnostic]:
        for item in self._items:
            if not isinstance(item, Resource | Output):
                generator = isinstance(item, Iterable) and not isinstance(item, str)
                yield Diagnostic(
                    summary="Not a resource",
                    detail=f"The program yields a {type(item).__name__}; it can yield resources and outputs only.",
                    fix="Write yield from before a function that yields."
                    if generator
                    else "Put it into the resource it belongs to.",
                    location=getattr(item, "location", None),
                )

    def _check_addresses(self) -> Iterator[Diagnostic]:
        first: dict[str, Resource | Output] = {}
        items: tuple[Resource | Output, ...] = (*self._yielded, *self.outputs)
        for item in items:
            key = item.address if isinstance(item, Resource) else f"output {item.name}"
            earlier = first.setdefault(key, item)
            if earlier is not item:
                yield Diagnostic(
                    summary="Duplicate address" if isinstance(item, Resource) else "Duplicate output",
                    detail=f"{key} is declared already at {earlier.location}.",
                    fix="Rename one of them, or put it into a wl.scope.",
                    address=item.address if isinstance(item, Resource) else None,
                    location=item.location,
                )

    def _check_providers(self) -> Iterator[Diagnostic]:
        for resource in self.resources:
            if resource.provider not in self._spec.providers:
                known = ", ".join(self._spec.providers) or "none"
                guess = nearest(resource.provider, self._spec.providers)
                yield Diagnostic(
                    summary="Unknown provider",
                    detail=f"The environment {self._spec.name} has no provider {resource.provider}; it has {known}.",
                    fix=f"Did you mean {guess}?" if guess else "Choose one with provider=..., or name one default.",
                    address=resource.address,
                    path="provider",
                    location=resource.location,
                )

    def _check_references(self) -> Iterator[Diagnostic]:
        for resource, needed in self._needed.items():
            yield from self._missing(needed, resource.address, resource.location)
        for output in self.outputs:
            yield from self._missing(_needs(output, self._by_address), f"output {output.name}", output.location)

    def _missing(self, needed: Iterable[Address], who: str, location: Location | None) -> Iterator[Diagnostic]:
        for address in dict.fromkeys(needed):
            if address in self._by_address:
                continue
            made = self._made.get(address)
            guess = nearest(address, self._by_address)
            yield Diagnostic(
                summary="Reference to nothing declared",
                detail=f"{who} refers to {address}, which "
                + (f"is made at {made.location} and never yielded." if made else "is not declared."),
                fix=f"Add yield for {address}."
                if made
                else f"Did you mean {guess}?"
                if guess
                else "Declare it, or use wl.lookup.",
                address=who,
                location=location,
            )

    def _check_order(self) -> Iterator[Diagnostic]:
        try:
            TopologicalSorter(self.dependencies).prepare()
        except CycleError as error:
            cycle: list[Address] = error.args[1][::-1]
            steps = " -> ".join(f"{address} ({self._by_address[address].location})" for address in cycle)
            yield Diagnostic(
                summary="Dependency cycle",
                detail=f"Each of these waits for the next: {steps}.",
                fix="Take out one of the references or depends_on entries.",
                address=cycle[0],
                location=self._by_address[cycle[0]].location,
            )


def _needs(item: Resource | Output, yielded: Mapping[Address, Resource]) -> Iterator[Address]:
    """Yield the addresses an item refers to; what stands inside it without being yielded is part of it."""
    if isinstance(item, Resource):
        yield from (address.resource for address in item.depends_on)
    for reference in item.references():
        if isinstance(reference, Ref):
            yield reference.address.resource
        elif yielded.get(reference.address) is reference:
            yield reference.address
        else:
            yield from _needs(reference, yielded)
