"""What every declared value is: validated at once, frozen, and aware of the line that declared it.

Users make models and resources; providers subclass `Resource` for what only their platform has. `stack.program`
gathers them and hands them to the planner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Self, TypeAlias, TypedDict, TypeVar

from pydantic import (
    AliasChoices,
    AliasGenerator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel

from wlinfra.errors import Diagnostic, Location, Severity
from wlinfra.resources.declaring import NAME, Problem, caller, callers, current_gathering, current_scope, locate, report
from wlinfra.resources.fields import Flag, Number, Plain, Word, attribute, broken_rule
from wlinfra.resources.lifecycle import Lifecycle, ReplaceOrder
from wlinfra.resources.mistakes import explain
from wlinfra.values import Address, Ref, Template, format_path, is_sendable

__all__ = ["Model", "Resource", "ResourceOptions", "name_validator", "passed_by", "references"]


Init = TypeVar("Init", bound=Callable[..., None])


def passed_by(init: Init) -> Init:
    """Mark an ``__init__`` that nested dicts need not come through: they stay fast, and their paths whole."""
    init.__dict__["__pydantic_base_init__"] = True  # pydantic's own mark of an __init__ that only validates
    return init


class Model(BaseModel):
    """A declared value: frozen, without unknown attributes, in snake_case or the API's camelCase.

    A mistake raises DeclarationError at once; while a program is run it is gathered instead, and the value continues
    as a broken one so that the rest of the program is checked too.
    """

    __slots__ = ("_broken", "_where")

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        defer_build=True,
        populate_by_name=True,
        loc_by_alias=False,
        arbitrary_types_allowed=True,
        alias_generator=AliasGenerator(validation_alias=to_camel),
    )

    # Else a value standing alone would pass for the list it was forgotten to put into.
    __iter__ = None  # type: ignore[assignment]

    @passed_by
    def __init__(self, /, **attributes: Any) -> None:
        object.__setattr__(self, "_where", caller())
        object.__setattr__(self, "_broken", False)
        try:
            self.__pydantic_validator__.validate_python(attributes, self_instance=self)
        except ValidationError as error:
            self._report(attributes, error)

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        """Let an attribute with other spellings be written in camelCase too."""
        for name, field in cls.model_fields.items():
            if isinstance(field.validation_alias, AliasChoices):
                choices = dict.fromkeys((*field.validation_alias.choices, to_camel(name)))
                field.validation_alias = AliasChoices(*choices)

    @property
    def location(self) -> Location | None:
        """The line that declared it; None for a value written as a plain dict."""
        return locate(getattr(self, "_where", None))

    @property
    def is_broken(self) -> bool:
        """True when a mistake in it has been reported."""
        return getattr(self, "_broken", False)

    def rules(self) -> Iterator[Problem]:
        """Yield what is wrong between the attributes; each attribute by itself is right already."""
        return iter(())

    def warnings(self) -> Iterator[Problem]:
        """Yield what is allowed but probably not meant."""
        return iter(())

    @model_validator(mode="before")
    @classmethod
    def _leave_out_nothing(cls, attributes: Any) -> Any:
        """Take None for an optional attribute as a program means it: left out."""
        if not isinstance(attributes, dict) or not any(value is None for value in attributes.values()):
            return attributes
        needed = cls._needed_spellings()
        return {name: value for name, value in attributes.items() if value is not None or name in needed}

    @classmethod
    def _needed_spellings(cls) -> frozenset[str]:
        """Return the attributes without a default as they may be written; None for one of them is a mistake."""
        found: set[str] = set()
        for name, field in cls.model_fields.items():
            if field.is_required():
                alias = field.validation_alias
                choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
                found.update((name, to_camel(name), *(choice for choice in choices if isinstance(choice, str))))
        return frozenset(found)

    @model_validator(mode="after")
    def _check_rules(self) -> Self:
        gathering = current_gathering()
        if self.is_broken:  # what is handed on as a part is looked at again
            return self
        if gathering is not None and gathering.diagnostics and _holds_broken(self):
            object.__setattr__(self, "_broken", True)
            return self
        problems = tuple(self.rules())
        if problems:
            raise broken_rule(*problems)
        return self

    def _report(self, attributes: dict[str, Any], error: ValidationError) -> None:
        problems = list(explain(type(self), error))
        wrong = {problem.path[0] for problem in problems if problem.path}
        self._become_broken(attributes, wrong)
        if not any(details["type"] == "wlinfra" and not details["loc"] for details in error.errors()):
            problems += self._rules_of_the_rest(wrong)
        calls = callers()
        report([replace(self._diagnose(problem), called_from=calls) for problem in problems])

    def _become_broken(self, attributes: dict[str, Any], wrong: set[str | int]) -> None:
        """Fill in what was given where it was right, and defaults elsewhere."""
        given = {key: value for key, value in attributes.items() if key not in wrong and value is not None}
        lenient = type(self).model_construct(**given)
        missing = {name: None for name in type(self).model_fields if name not in lenient.__dict__}
        object.__setattr__(self, "__dict__", {**missing, **lenient.__dict__})
        object.__setattr__(self, "__pydantic_fields_set__", lenient.__pydantic_fields_set__)
        object.__setattr__(self, "__pydantic_extra__", None)
        object.__setattr__(self, "__pydantic_private__", None)
        object.__setattr__(self, "_broken", True)

    def _rules_of_the_rest(self, wrong: set[str | int]) -> list[Problem]:
        """Return the broken rules that have nothing to do with the attributes already reported."""
        found: list[Problem] = []
        if not _holds_broken(self):
            # Attributes behind the first wrong one may have any shape, so a rule may stumble over them.
            with suppress(AttributeError, KeyError, TypeError, ValueError):
                found.extend(problem for problem in self.rules() if not wrong.intersection(problem.path[:1]))
        return found

    def caution(self) -> Iterator[Diagnostic]:
        """Yield its warnings as diagnostics."""
        for problem in self.warnings():
            yield self._diagnose(problem, Severity.WARNING)

    def _diagnose(self, problem: Problem, severity: Severity = Severity.ERROR) -> Diagnostic:
        return Diagnostic(
            severity=severity,
            summary=problem.summary,
            detail=problem.detail,
            fix=problem.fix,
            address=self._shown_address(),
            path=f"{type(self).__name__}.{format_path(problem.path)}" if problem.path else type(self).__name__,
            location=self.location,
        )

    def _shown_address(self) -> str | None:
        return None


def _holds_broken(model: Model) -> bool:
    for value in model.__dict__.values():
        parts = value if isinstance(value, list | tuple) else value.values() if isinstance(value, dict) else (value,)
        if any(isinstance(part, Model) and part.is_broken for part in parts):
            return True
    return False


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
    """What every resource takes beside its own attributes."""

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
    provider: Word = attribute("default", "The name of the environment's provider that makes it.", min_length=1)
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
        if self.timeouts:
            problems = tuple(self._check_lifecycle())
            if problems:
                raise broken_rule(*problems)
        return self


_PHASES = ("create", "update", "delete")
_LIFECYCLE = tuple(Lifecycle.__dataclass_fields__)
