"""What every resource is: a declared value with an address, a name on its platform and a lifecycle.

Users create resources; providers subclass `Resource` for what only their platform has. `stack.program`
gathers them and hands them to the planner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Self, TypeAlias, TypedDict

from pydantic import (
    BeforeValidator,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from wlinfra.resources.declaring import NAME, Problem, current_gathering, current_scope
from wlinfra.resources.fields import Flag, Number, Plain, Word, attribute, broken_rule
from wlinfra.resources.lenient import is_incomplete
from wlinfra.resources.lifecycle import Lifecycle, ReplaceOrder
from wlinfra.resources.model import Model, passed_by
from wlinfra.values import Address, Ref, Template, is_sendable

__all__ = ["Resource", "ResourceOptions", "name_validator", "references"]


def references(value: Any) -> list[Ref | Resource]:
    """Return every reference and every other resource inside a declared value, in order."""
    found: list[Ref | Resource] = []
    _gather(value, found)
    return found


def _gather(value: Any, found: list[Ref | Resource]) -> None:
    if type(value) in _PLAIN:  # nearly every value, so it is asked first
        return
    match value:
        case Ref() | Resource():
            found.append(value)
        case Template(pieces):
            found.extend(piece for piece in pieces if isinstance(piece, Ref))
        case Model():
            for item in value.__dict__.values():
                _gather(item, found)
        case dict():
            for item in value.values():
                _gather(item, found)
        case list() | tuple():
            for item in value:
                _gather(item, found)
        case _:
            inner = getattr(value, "references", None)  # of values that are no models, such as environment variables
            if inner is not None:
                found.extend(inner())


_PLAIN = frozenset((str, int, float, bool, type(None)))


def _to_address(value: Any) -> Address:
    if isinstance(value, Resource):
        return value.address
    if isinstance(value, str) and value.count(".") >= 1 and is_sendable(value):
        return Address(value)
    raise broken_rule(
        Problem(
            summary="Wrong type",
            detail="It must be a resource or an address.",
            fix="Write it as the resource itself, or as workload.chat.",
        )
    )


def name_validator(platform_name: str) -> Callable[[Any], str]:
    """Return the check of a resource's name; ``platform_name`` says where the platform's own name is given."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or not NAME.fullmatch(value):
            raise broken_rule(
                Problem(
                    summary="Bad name",
                    detail="A resource's name is part of its address, so it takes letters, digits, hyphens and underscores only.",
                    fix=f"Keep the name simple, and give the platform's own name as {platform_name}.",
                )
            )
        return value

    return check


def _to_order(value: Any) -> Any:
    if value is None or isinstance(value, str | ReplaceOrder):
        return value
    known = " or ".join(repr(order.value) for order in ReplaceOrder)
    raise broken_rule(Problem(summary="Wrong type", detail=f"The order is one of {known}, not {type(value).__name__}."))


Name: TypeAlias = Annotated[
    str, PlainValidator(name_validator("platform_name=...")), WithJsonSchema({"type": "string"})
]
ToAddress: TypeAlias = Annotated[Address, PlainValidator(_to_address), WithJsonSchema({"type": "string"})]

_DEFAULT = Lifecycle()


class ResourceOptions(TypedDict, total=False):
    """What every resource takes in addition to its own attributes."""

    platform_name: str | None
    protect: bool | None
    retain: bool | None
    replace_order: ReplaceOrder | str | None
    replace_on: Sequence[str] | None
    ignore_changes: Sequence[str] | None
    aliases: Sequence[str] | None
    timeouts: Mapping[str, float] | None
    depends_on: Sequence[Resource | str] | None
    provider: str | None
    adopt: bool | None


class Resource(Model):
    """Something a stack declares at an address.

    A subclass sets `type`, adds attributes, and offers its outputs as properties that return `ref`.
    """

    __slots__ = ("_name_prefix", "_scope")

    type: ClassVar[str]
    """The word in the address, such as ``workload``."""
    lookup: ClassVar[bool] = False
    """True for what is read, not owned."""

    name: Name = attribute(
        ...,
        "What it is called in this stack; also its name on the platform, after the environment's `name_prefix`, unless `platform_name` is given.",
    )
    platform_name: Word | None = attribute(
        None, "Its name on the platform, when that differs from `name`.", min_length=1, max_length=5000
    )
    protect: Flag = attribute(False, "Refuse to delete or replace it, even after its declaration is gone.")
    retain: Flag = attribute(False, "Forget it instead of deleting it.")
    replace_order: Annotated[ReplaceOrder | None, BeforeValidator(_to_order)] = attribute(
        None,
        "Which comes first when it gets a new identity; by default the deletion where names are unique, else the creation.",
    )
    replace_on: tuple[Plain, ...] = attribute(
        (), "Attribute paths whose change replaces it although the platform could update it."
    )
    ignore_changes: tuple[Plain, ...] = attribute((), "Attribute paths whose live value is left alone once it exists.")
    aliases: tuple[Plain, ...] = attribute((), "Addresses it had before.")
    timeouts: dict[Plain, Number] = attribute({}, "Seconds by phase: `create`, `update`, `delete`.")
    depends_on: tuple[ToAddress, ...] = attribute((), "Resources that come first although no attribute refers to them.")
    provider: Word = attribute("default", "The name of the environment's provider that creates it.", min_length=1)
    adopt: Flag = attribute(False, "Take over an existing object of that name without asking.")

    @passed_by
    def __init__(self, name: Any = None, /, **attributes: Any) -> None:
        if name is not None:
            attributes["name"] = name
        object.__setattr__(self, "_scope", current_scope())
        super().__init__(**attributes)
        gathering = current_gathering()
        if gathering is not None:
            gathering.resources.append(self)

    # A resource is itself: comparing attributes would compare references, which have no value yet.
    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    @property
    def address(self) -> Address:
        """Where it stands in the stack, such as ``payments.workload.chat``."""
        # A wrong name is reported already; until then the resource stands apart from every other one.
        name = self.name if isinstance(self.name, str) else f"unnamed-{id(self)}"
        return Address.of(self.type, name, scope=getattr(self, "_scope", ()))

    @property
    def name_on_platform(self) -> str:
        """What the platform calls it: its ``platform_name`` as it stands, else its name after the environment's prefix."""
        return self.platform_name or f"{self.name_prefix}{self.name}"

    @property
    def name_prefix(self) -> str:
        """What the environment puts before its name; nothing for what is only looked up."""
        return "" if self.lookup else getattr(self, "_name_prefix", "")

    def prefix_name(self, prefix: str) -> None:
        """Take what the environment that is declared puts before the names of its resources."""
        object.__setattr__(self, "_name_prefix", prefix)

    def take_place_of(self, other: Resource) -> None:
        """Stand where another one stands: in its scope, with its prefix."""
        for name in ("_scope", "_name_prefix"):
            if hasattr(other, name):
                object.__setattr__(self, name, getattr(other, name))

    @property
    def lifecycle(self) -> Lifecycle:
        """How the engine may treat it."""
        if self.__pydantic_fields_set__.isdisjoint(_LIFECYCLE):
            return _DEFAULT
        return Lifecycle(**{option: getattr(self, option) for option in _LIFECYCLE})

    def ref(self, attribute: str) -> Ref:
        """Return a reference to one of its outputs, known after apply at the latest."""
        return Ref(self.address, attribute)

    def references(self) -> list[Ref | Resource]:
        """Return every reference and every other resource inside its attributes, in order."""
        return references(self.__dict__)

    def _shown_address(self) -> str | None:
        return str(self.address) if isinstance(self.name, str) else None

    def _check_lifecycle(self) -> Iterator[Problem]:
        for phase, seconds in self.timeouts.items():
            if phase not in _PHASES:
                yield Problem(
                    summary="Unknown phase",
                    detail="Timeouts are given for create, update and delete.",
                    fix='Write it as timeouts={"create": 1800}.',
                    path=("timeouts", phase),
                )
            elif seconds <= 0:
                yield Problem(
                    summary="Value out of range",
                    detail="A timeout is a number of seconds above 0.",
                    path=("timeouts", phase),
                )

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        if self.is_incomplete:
            unknown = [name for name in _KNOWN if is_incomplete(getattr(self, name))]
            if unknown:
                raise broken_rule(*map(_not_known, unknown))
        if self.timeouts and not self.is_incomplete:
            problems = tuple(self._check_lifecycle())
            if problems:
                raise broken_rule(*problems)
        return self


_KNOWN = ("name", "provider", "depends_on", *(name for name in Lifecycle.__dataclass_fields__))


def _not_known(name: str) -> Problem:
    return Problem(
        summary="Value not known when planning",
        detail=f"{name} decides how the plan is made, so it can be neither a value that is known after apply nor a secret.",
        fix="Write it out, or take it from a setting.",
        path=(name,),
    )


_PHASES = ("create", "update", "delete")
_LIFECYCLE = tuple(Lifecycle.__dataclass_fields__)
