"""What every declared value is: validated at once, frozen, and aware of the line that declared it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Self, TypeVar

from pydantic import (
    AliasChoices,
    AliasGenerator,
    BaseModel,
    ConfigDict,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from wlinfra.errors import Diagnostic, Location, Severity
from wlinfra.resources.declaring import Problem, caller, callers, current_gathering, locate, report
from wlinfra.resources.fields import broken_rule
from wlinfra.resources.lenient import admits_unknown, is_incomplete, validate_leniently
from wlinfra.resources.mistakes import explain

__all__ = ["Model", "passed_by"]


Init = TypeVar("Init", bound=Callable[..., None])


def passed_by(init: Init) -> Init:
    """Mark an ``__init__`` that nested dicts need not come through: they stay fast, and their paths complete."""
    init.__dict__["__pydantic_base_init__"] = True  # pydantic's own mark of an __init__ that only validates
    return init


class Model(BaseModel):
    """A declared value: frozen, without unknown attributes, in snake_case or the API's camelCase.

    A mistake raises DeclarationError at once; while a program is run it is gathered instead, and the value continues
    as a broken one so that the rest of the program is checked too.
    """

    __slots__ = ("_broken", "_incomplete", "_where")

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
            if admits_unknown():
                validate_leniently(self, attributes)
            else:
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

    @property
    def is_incomplete(self) -> bool:
        """True when a value in it is unknown, or a secret where none is taken: `samples` fills it in for providers."""
        found: bool | None = getattr(self, "_incomplete", None)
        if found is None:
            found = admits_unknown() and is_incomplete(self)
            object.__setattr__(self, "_incomplete", found)
        return found

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
        if self.is_incomplete:
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
        for problem in () if self.is_incomplete else self.warnings():
            yield self._diagnose(problem, Severity.WARNING)

    def _diagnose(self, problem: Problem, severity: Severity = Severity.ERROR) -> Diagnostic:
        return problem.diagnostic(
            type(self).__name__, address=self._shown_address(), location=self.location, severity=severity
        )

    def _shown_address(self) -> str | None:
        return None


def _holds_broken(model: Model) -> bool:
    for value in model.__dict__.values():
        parts = value if isinstance(value, list | tuple) else value.values() if isinstance(value, dict) else (value,)
        if any(isinstance(part, Model) and part.is_broken for part in parts):
            return True
    return False
