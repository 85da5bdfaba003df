"""Properties as declared resources: what one resource of a program declares, and what it refers to.

What is unknown or secret may stand anywhere in the properties: `stack.form.build` takes it. What decides how a plan is
made is no secret, and is left out while it is not known, as is a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Final

from pydantic.alias_generators import to_camel

from wlinfra.errors import DeclarationError, Diagnostic
from wlinfra.pulumi.bridge.configured import Configured
from wlinfra.pulumi.bridge.kinds import model_of
from wlinfra.pulumi.bridge.names import address_name, legal
from wlinfra.pulumi.bridge.secret_values import plain, pushed_down, revealed
from wlinfra.pulumi.contract import Properties, Subject
from wlinfra.pulumi.schema.names import names_itself
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.base import Resource
from wlinfra.resources.declaring import declaring, scope
from wlinfra.resources.lenient import is_unknown
from wlinfra.resources.lifecycle import Lifecycle
from wlinfra.resources.workload import Workload
from wlinfra.stack.form import build
from wlinfra.stack.program import Declared, External, declare
from wlinfra.values import UNKNOWN, Address, Json, contains_unknown

__all__ = ["Task", "addresses_of", "task_of"]

_PHASES: Final = ("create", "update", "delete")
_NOT_HERE: Final = frozenset({"protect", "retain", "aliases", "dependsOn", "provider", "timeouts", "replaceOrder"})
"""What Pulumi has resource options for."""
_OPTIONS: Final = frozenset(spelling for name in Lifecycle.__dataclass_fields__ for spelling in (name, to_camel(name)))
"""What decides how a plan is made."""
_OF_CONTAINER: Final = frozenset(("cpu", "memory", "gpu"))
_WHOLE: Final = ("name", "platformName", "artifact")
_ARTIFACT_OUTPUTS: Final = ("id", "artifactId", "version", "repositoryId")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One resource to plan, as a stack that has one."""

    declared: Declared
    resource: Resource
    is_whole: bool = True
    """False where the name, what runs or an option is not known yet, so that no plan can be made."""

    @property
    def address(self) -> Address:
        """Where the resource stands."""
        return self.resource.address

    def with_former(self, recorded: Iterable[Address]) -> Task:
        """Return the task with what is recorded and that the resource does not bring along any more."""
        former = frozenset(recorded) - self.own - {*self.declared.externals}
        return replace(self, declared=replace(self.declared, former=former)) if former else self

    @property
    def is_known(self) -> bool:
        """True when every value is known."""
        parts = (self.resource, *(one.resource for one in self.declared.externals.values()))
        return self.is_whole and not any(map(is_unknown, parts))

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


def task_of(
    configured: Configured,
    subject: Subject,
    properties: Properties,
    *,
    name: str = "",
    ignored: Sequence[str] = (),
    timeout: float = 0.0,
) -> Task:
    """Return the task; raises DeclarationError with all that is wrong, BridgeError for a type that there is not.

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
    return wish.declared(pushed_down(dict(properties)))


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
        attributes, is_whole = _with_options(attributes)
        if attributes.get("artifact") is UNKNOWN:  # these are of its container
            attributes = {key: item for key, item in attributes.items() if key not in _OF_CONTAINER}
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
            made.append(build(self.model, attributes, resources=resources))
            yield from made

        found = declare(
            stack, self.configured.environment, environ=self.configured.environ, externals=externals, partial=True
        )
        found = replace(found, implied=False)
        return Task(
            declared=found,
            resource=made[0],
            is_whole=is_whole and UNKNOWN not in (properties.get(name) for name in _WHOLE),
        )

    def _identity(self, attributes: Mapping[str, Json]) -> dict[str, Json]:
        """Return the name in addresses, and the platform's where that is another one."""
        if names_itself(self.model):
            return {"name": self.name}
        given = plain(attributes.get("platformName", attributes.get("name")))
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
        identity = plain(given.get("artifactId", given.get("id")))
        declaration = {
            key: item for key, item in given.items() if key not in _ARTIFACT_OUTPUTS and not key.startswith("__")
        }
        if not declaration.keys() - {"name", "platformName", "record"}:
            if identity in (None, ""):
                raise _no_artifact()
            if not isinstance(identity, str) and identity is not UNKNOWN:
                raise _no_id(identity)
            return (identity if isinstance(identity, str) else UNKNOWN), ()
        declaration.pop("record", None)
        is_external = identity is not None
        own = declaration.pop("name", None)
        on_platform = plain(declaration.pop("platformName", own))
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


def _with_options(attributes: Mapping[str, Json]) -> tuple[dict[str, Json], bool]:
    """Return the attributes with those options that are known, in plain text, and whether all are."""
    known = {key: revealed(item) if key in _OPTIONS else item for key, item in attributes.items()}
    unknown = [key for key in known if key in _OPTIONS and contains_unknown(known[key])]
    return {key: item for key, item in known.items() if key not in unknown}, not unknown


def _part(value: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    found = plain(value.get(name))
    return found if isinstance(found, Mapping) else {}


def _made(model: type[Resource], form: Mapping[str, Json], within: str) -> Resource:
    """Return the resource, with ``within`` in front of its address where it is a part of another one."""
    with declaring() as gathering, scope(within) if within else nullcontext():
        made = build(model, form)
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
    wrong = [name for name in attributes if to_camel(name) in _NOT_HERE]
    DeclarationError.raise_for(
        Diagnostic(
            summary="Unknown attribute",
            detail=f"{model.__name__} has no property {name} here.",
            fix="Give it as a resource option of Pulumi.",
            path=f"{model.__name__}.{name}",
        )
        for name in wrong
    )


def _no_id(given: Json) -> DeclarationError:
    return DeclarationError.of(
        "Wrong type",
        f"The id of an artifact is a string, not {type(given).__name__}.",
        "Give the `artifactId` of the artifact.",
        path="Workload.artifact.id",
    )


def _no_artifact() -> DeclarationError:
    return DeclarationError.of(
        "Missing attribute",
        "What runs is not given.",
        "Give the artifact itself, its declaration, or the id of one that exists.",
        path="Workload.artifact",
    )
