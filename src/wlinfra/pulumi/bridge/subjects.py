"""Properties as declared resources: what one resource of a program declares, and what it refers to.

What is unknown or secret may stand anywhere in the properties. Where a model does not take it, an unknown part is left
out and a secret one is revealed: neither is a mistake of the user's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Final

from wlinfra.errors import DeclarationError, Diagnostic
from wlinfra.pulumi.bridge.configured import Configured
from wlinfra.pulumi.bridge.kinds import model_of
from wlinfra.pulumi.bridge.names import address_name, legal
from wlinfra.pulumi.bridge.paths import PropertyPath, located, overlap, value_at, with_value, without
from wlinfra.pulumi.bridge.secret_values import plain, pushed_down
from wlinfra.pulumi.contract import Properties, Subject
from wlinfra.pulumi.schema.names import names_itself
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.base import Resource
from wlinfra.resources.declaring import declaring, scope
from wlinfra.resources.workload import Workload
from wlinfra.stack.form import from_form
from wlinfra.stack.program import Declared, External, declare
from wlinfra.values import UNKNOWN, Address, Json, Secret, Unknown

__all__ = ["Task", "Wrong", "addresses_of", "task_of"]

_ROUNDS: Final = 60
_PHASES: Final = ("create", "update", "delete")
_NOT_HERE: Final = frozenset({"protect", "retain", "aliases", "dependsOn", "provider", "timeouts", "replaceOrder"})
"""What Pulumi has resource options for."""
_ARTIFACT_OUTPUTS: Final = ("id", "artifactId", "version", "repositoryId")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One resource to plan, as a stack that has one."""

    declared: Declared
    resource: Resource
    complete: bool = True
    """False where a part that is not known yet was left out."""

    @property
    def address(self) -> Address:
        """Where the resource stands."""
        return self.resource.address

    def with_former(self, recorded: Iterable[Address]) -> Task:
        """Return the task with what is recorded and that the resource does not bring along any more."""
        former = frozenset(recorded) - self.own - {*self.declared.externals}
        return replace(self, declared=replace(self.declared, former=former)) if former else self

    @property
    def own(self) -> frozenset[Address]:
        """The addresses of the resource, and of what only it brings along or did."""
        return frozenset({*addresses_of(self.resource, self.declared), *self.declared.former})


def addresses_of(resource: Resource, declared: Declared) -> Iterator[Address]:
    """Yield the addresses of the resource, and of what only it brings along."""
    yield resource.address
    for part in resource.references():
        if isinstance(part, Resource) and part.address not in declared.externals:
            yield part.address


class Wrong(Exception):  # noqa: N818 - it has what is wrong
    """The properties declare what cannot be, or, with ``unknown``, too little of them is known to declare anything."""

    def __init__(self, found: Sequence[tuple[PropertyPath, Diagnostic]], *, unknown: bool = False) -> None:
        super().__init__(f"{len(found)} mistakes")
        self.found = tuple(found)
        self.unknown = unknown


def task_of(
    configured: Configured,
    subject: Subject,
    properties: Properties,
    *,
    name: str = "",
    ignored: Sequence[str] = (),
    timeout: float = 0.0,
) -> Task:
    """Return the task; raises Wrong with all that is wrong, BridgeError for a type that there is not.

    ``name`` is what the resource is called in addresses, by default what its URN implies.
    """
    model = model_of(subject.type, configured.settings.platform)
    wish = _Wish(
        configured=configured,
        model=model,
        subject=subject,
        name=name or address_name(subject.urn, subject.name),
        ignored=tuple(ignored),
        timeout=timeout,
    )
    return _leniently(properties, wish.declared)


def _leniently(properties: Properties, build: Callable[[Properties], Task]) -> Task:
    """Build it; what is not known, or secret, where that is not taken goes, one part after the other."""
    given: Any = pushed_down(dict(properties))
    left_out: list[PropertyPath] = []
    for _ in range(_ROUNDS):
        try:
            task = build(given)
            return replace(task, complete=task.complete and not left_out)
        except DeclarationError as error:
            found = [(_place(given, item), item) for item in error.diagnostics]
        again = given
        for path, _ in found:
            again = _reduced(again, path, left_out)
        if again is given:
            rest = [(path, item) for path, item in found if not any(overlap(path, gone) for gone in left_out)]
            raise Wrong(rest or found, unknown=not rest)
        given = again
    raise Wrong(found, unknown=True)


def _place(properties: Properties, item: Diagnostic) -> PropertyPath:
    return located(properties, item.path) if item.path else ()


def _reduced(properties: Any, path: PropertyPath, left_out: list[PropertyPath]) -> Any:
    """Return the properties with what the model does not take at, above or below the path revealed or left out."""
    for depth in range(len(path), 0, -1):
        at = path[:depth]
        value = value_at(properties, at)
        if isinstance(value, Secret):
            return with_value(properties, at, plain(value))
        if value is UNKNOWN:
            left_out.append(at)
            return without(properties, at)
        if value is None:
            continue
        inner = list(_special(value, at))
        if not inner:
            break
        for one in reversed(inner):
            secret = value_at(properties, one)
            if isinstance(secret, Secret):
                properties = with_value(properties, one, plain(secret))
            else:
                left_out.append(one)
                properties = without(properties, one)
        return properties
    for gone in left_out:
        if path and overlap(path, gone) and len(gone) > 1 and value_at(properties, gone[:-1]) is not None:
            left_out.append(gone[:-1])  # what a part cannot do without is not known, so the part goes as well
            return without(properties, gone[:-1])
    return properties


def _special(value: Json, path: PropertyPath) -> Iterator[PropertyPath]:
    if isinstance(value, Secret | Unknown):
        yield path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _special(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _special(item, (*path, index))


# ---------------------------------------------------------------- one resource


@dataclass(frozen=True, kw_only=True)
class _Wish:
    """What is to be declared, whatever of its properties can be used."""

    configured: Configured
    model: type[Resource]
    subject: Subject
    name: str
    ignored: tuple[str, ...] = ()
    timeout: float = 0.0

    def declared(self, properties: Properties) -> Task:
        """Return the task; raises DeclarationError."""
        attributes = {key: item for key, item in properties.items() if not key.startswith("__")}
        _refuse_options(self.model, attributes)
        attributes |= self._identity(attributes)
        externals: tuple[External, ...] = ()
        made: list[Resource] = []
        if issubclass(self.model, Workload) and isinstance(attributes.get("artifact"), Mapping):
            attributes["artifact"], externals = self._artifact(attributes["artifact"], attributes)
        if "roll_on" in self.model.model_fields and isinstance(attributes.get("rollOn"), list):
            attributes["rollOn"], externals = self._read(attributes["rollOn"])
        if self.timeout > 0:
            attributes["timeouts"] = dict.fromkeys(_PHASES, self.timeout)
        if self.ignored:
            attributes["ignore_changes"] = (*attributes.get("ignoreChanges", ()), *self.ignored)
            attributes.pop("ignoreChanges", None)
        resources: dict[str, Resource] = {one.resource.address: one.resource for one in externals}
        artifact = attributes.get("artifact")
        if isinstance(artifact, Artifact):
            resources[artifact.address] = artifact
            attributes["artifact"] = {"$resource": str(artifact.address)}
        stack = self.configured.program()

        @stack.resources
        def program(env: object) -> Iterator[Resource]:
            del env
            made.append(from_form(self.model, attributes, resources=resources))
            yield from made

        found = declare(
            stack, self.configured.environment, environ=self.configured.environ, externals=externals, partial=True
        )
        found = replace(found, implied=False)
        return Task(
            declared=found,
            resource=made[0],
            complete=UNKNOWN not in (properties.get("name"), properties.get("platformName")),
        )

    def _identity(self, attributes: Mapping[str, Json]) -> dict[str, Json]:
        """Return the name in addresses, and the platform's where that is another one."""
        if names_itself(self.model):
            return {"name": self.name}
        given = attributes.get("platformName", attributes.get("name"))
        given = plain(given)
        on_platform = self.subject.name if given is None else given
        if on_platform in (self.name, UNKNOWN):
            return {"name": self.name}
        return {"name": self.name, "platformName": on_platform}

    def _read(self, given: list[Json]) -> tuple[Json, tuple[External, ...]]:
        """Return the manifests that another one reads at its start, each declared elsewhere."""
        found: dict[Address, External] = {}
        read: list[Json] = []
        for index, item in enumerate(given):
            if not isinstance(item, Mapping):
                read.append(item)
                continue
            form = {key: value for key, value in item.items() if key != "id" and not key.startswith("__")}
            metadata = _part(_part(item, "manifest"), "metadata")
            words = (_part(item, "manifest").get("kind"), metadata.get("namespace"), metadata.get("name"))
            name = legal("/".join(word for word in words if isinstance(word, str)))
            with _within(f"rollOn[{index}]"):
                made = _made(self.model, {**form, "name": name}, f"read-by-{self.name}")
            found[made.address] = External(made, {"id": item.get("id", UNKNOWN)})
            read.append({"$resource": str(made.address)})
        return read, tuple(found.values())

    def _artifact(self, given: Mapping[str, Json], attributes: Mapping[str, Json]) -> tuple[Json, tuple[External, ...]]:
        """Return what the workload runs: an artifact of its own, one declared elsewhere, or the id of one."""
        identity = given.get("artifactId", given.get("id"))
        declaration = {
            key: item for key, item in given.items() if key not in _ARTIFACT_OUTPUTS and not key.startswith("__")
        }
        if not declaration.keys() - {"name", "platformName", "record"}:
            if identity is None:
                raise _no_artifact()
            return (identity if isinstance(identity, str) else UNKNOWN), ()
        declaration.pop("record", None)
        is_external = identity is not None
        own = declaration.pop("name", None)
        on_platform = declaration.pop("platformName", own)
        if not isinstance(on_platform, str):
            on_platform = str(attributes.get("platformName") or self.subject.name)
        name = legal(on_platform)
        form = {**declaration, "name": name, **({"platformName": on_platform} if on_platform != name else {})}
        with _within("artifact"):
            artifact = _made(Artifact, form, self.name)
        if not is_external:
            return artifact, ()
        known = {"id": identity if isinstance(identity, str) else UNKNOWN}
        return artifact, (External(artifact, known),)


def _part(value: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    found = plain(value.get(name))
    return found if isinstance(found, Mapping) else {}


def _made(model: type[Resource], form: Mapping[str, Json], within: str) -> Resource:
    """Return the resource, with ``within`` in front of its address where it is a part of another one."""
    with declaring() as gathering, scope(within) if within else nullcontext():
        made = from_form(model, form)
    DeclarationError.raise_for(gathering.diagnostics)
    return made


class _within:  # noqa: N801 - it reads as a block
    """Put the paths of what is declared inside a property below that property."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DeclarationError):
            raise DeclarationError(
                *(
                    replace(item, path=f"{self._name}.{(item.path or '').partition('.')[2]}".rstrip("."))
                    for item in error.diagnostics
                )
            ) from None


def _refuse_options(model: type[Resource], attributes: Mapping[str, Json]) -> None:
    wrong = [name for name in attributes if name in _NOT_HERE]
    DeclarationError.raise_for(
        Diagnostic(
            summary="Unknown attribute",
            detail=f"{model.__name__} has no property {name} here.",
            fix="Give it as a resource option of Pulumi.",
            path=f"{model.__name__}.{name}",
        )
        for name in wrong
    )


def _no_artifact() -> DeclarationError:
    return DeclarationError.of(
        "Missing attribute",
        "What runs is not given.",
        "Give the artifact itself, its declaration, or the id of one that exists.",
        path="Workload.artifact",
    )
