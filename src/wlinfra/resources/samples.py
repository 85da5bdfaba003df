"""Fills in what is unknown or confidential in a declaration, several times and each time otherwise.

Providers check and expand what is complete. What is the same in everything that they make of these does not depend
on an unknown value; `plan.incomplete` finds out. No sample is ever sent or shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import lru_cache
from typing import Any, Final, TypeVar

from wlinfra.errors import DeclarationError, Diagnostic
from wlinfra.resources.base import Resource
from wlinfra.resources.declaring import declaring, standing_at
from wlinfra.resources.lenient import Confidential, is_incomplete, is_unknown
from wlinfra.resources.model import Model
from wlinfra.values import UNKNOWN, Address, Ref

__all__ = ["SAMPLE", "UNKNOWN_REF", "Filling", "fillings", "problems_of", "shared", "unknown_paths"]

M = TypeVar("M", bound=Model)

SAMPLE: Final = "wlinfrasample"
"""How strings and keys begin that stand for unknown ones."""
UNKNOWN_REF: Final = Ref(Address("unknown.value"), "value")
"""Stands for an unknown string: what takes a reference does not look into it."""
_LEFT_OUT: Final = object()
_SEEDS: Final = 16
_NEEDED: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "Allocation": (("cpu",),),
    "Container": (("image", "port"), ("image", "port", "name", "primary"), ("image", "name")),
    "ScalingPolicy": (("min", "max"),),
    "SharedRole": (("id",),),
}
"""Attributes that have a default and without which the rules of their model refuse it, one set after the other."""


def fillings(model: Model, *, hiding: bool = False) -> Iterator[Filling]:
    """Yield ways of filling in, without knowing which ones the rules of the declaration allow.

    With ``hiding``, what is confidential is filled in otherwise in each, and what is unknown is not.
    """
    names = _names_in(model)
    for as_text in (hiding, not hiding):  # every reference is the same one
        for seed in range(_SEEDS):
            yield Filling(seed=0 if hiding else seed, hidden=seed if hiding else None, as_text=as_text, names=names)


def problems_of(model: Model) -> tuple[Diagnostic, ...]:
    """Return what is wrong with an incomplete declaration, whatever its unknown values are; no secret is quoted."""
    found = _refusals(model, hiding=False)
    if not found:
        return ()
    told = {problem for one in _refusals(model, hiding=True) for problem in one}
    return tuple(problem if problem in told else _concealed(problem) for problem in shared(found))


def _refusals(model: Model, *, hiding: bool) -> list[tuple[Diagnostic, ...]]:
    """Return what is wrong in each way; nothing where one way is right."""
    found: list[tuple[Diagnostic, ...]] = []
    for filling in fillings(model, hiding=hiding):
        try:
            filling.made(model)
        except DeclarationError as error:
            found.append(error.diagnostics)
        else:
            if not hiding:
                return []
    return found


def _concealed(problem: Diagnostic) -> Diagnostic:
    """Return the problem without its words, in which a secret may be."""
    said = "It is wrong because of a secret, which is not shown."
    return replace(problem, detail=said, fix="Correct the value where it comes from.")


def shared(found: Sequence[Sequence[Diagnostic]]) -> tuple[Diagnostic, ...]:
    """Return the problems that all ways have in common, which no unknown value causes; else those of the first one."""
    common = tuple(one for one in found[0] if all(one in others for others in found))
    return common or tuple(found[0])


def unknown_paths(value: Any, above: str = "") -> Iterator[str]:
    """Yield the pattern of every unknown place in a declaration, with ``[*]`` for elements."""
    if value is UNKNOWN:
        yield above
    elif isinstance(value, Model):
        for name, item in value.__dict__.items():
            yield from unknown_paths(item, "" if isinstance(item, Resource) else f"{above}.{name}".removeprefix("."))
    elif isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from unknown_paths(item, f"{above}[*]")
    elif is_dataclass(value) and is_unknown(value):
        yield above


def _names_in(value: Any) -> tuple[str, ...]:
    """Return the names of containers and groups: what an unknown name is likely to be."""
    found: dict[str, None] = {}
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, Model):
            name = item.__dict__.get("name")
            if isinstance(name, str) and not isinstance(item, Resource):
                found[name] = None
            pending.extend(item.__dict__.values())
        elif isinstance(item, Mapping):
            found.update((key, None) for key, inner in item.items() if isinstance(inner, Model))
        elif isinstance(item, list | tuple):
            pending.extend(item)
    return tuple(dict.fromkeys((*found, "main", "default")))


@lru_cache(maxsize=128)
def _schema_of(model: type[Model]) -> Mapping[str, Any]:
    model.model_rebuild()
    return model.model_json_schema(by_alias=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """One way of filling in."""

    seed: int
    hidden: int | None
    """As ``seed``, for what is confidential; None leaves that as it is."""
    as_text: bool
    """Whether an unknown string is a string, for what takes no reference."""
    names: Sequence[str]
    _done: dict[int, Any] = field(default_factory=dict)
    _kinds: set[str] = field(default_factory=set)
    drawn: list[str] = field(default_factory=list)
    """What stands for each unknown value."""

    @property
    def is_only_one(self) -> bool:
        """True when it has nothing but references: every other way is the same."""
        return bool(self._done) and self._kinds <= {"text"} and not self.as_text

    @property
    def is_plain(self) -> bool:
        """True when no unknown value is a list or an object, of which each way has another part."""
        return "tree" not in self._kinds

    @property
    def is_exhaustive(self) -> bool:
        """True when every value that an unknown one may have is among the ways."""
        return self._kinds <= {"closed"}

    def made(self, model: M) -> M:
        """Return the model, complete; raises DeclarationError where its rules refuse it."""
        if not model.is_incomplete:
            return model
        if id(model) not in self._done:
            self._done[id(model)] = self._made(model)
        made: M = self._done[id(model)]
        return made

    def _made(self, model: M) -> M:
        place = model.location
        with standing_at(place.file, place.line) if place is not None else nullcontext(), declaring() as gathering:
            made = type(model)(**self._attributes(model))
        DeclarationError.raise_for(gathering.diagnostics)
        if isinstance(model, Resource) and isinstance(made, Resource):
            made.take_place_of(model)
        return made

    def _attributes(self, model: Model) -> dict[str, Any]:
        schema = _schema_of(type(model))
        filled = {}
        for name in type(model).model_fields:
            if name in model.model_fields_set:
                value = self._filled(getattr(model, name), schema["properties"].get(name, {}), schema)
                if value is not _LEFT_OUT:
                    filled[name] = value
        return filled

    def _filled(self, value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
        if value is UNKNOWN:
            return self._drawn(schema, root)
        if isinstance(value, Confidential):
            if self.hidden is None:
                return self._filled(value.value, schema, root)
            return replace(self, seed=self.hidden)._drawn(schema, root)
        if not is_incomplete(value):
            return value
        schema = _resolved(schema, root)
        match value:
            case Resource():
                return self.made(value)
            case Model():
                return self._attributes(value)
            case Mapping():
                inner = _element_of(schema) or {}
                return {key: self._filled(item, inner, root) for key, item in value.items()}
            case list() | tuple():
                inner = schema.get("items") or _element_of(schema) or {}
                return [item for item in (self._filled(item, inner, root) for item in value) if item is not _LEFT_OUT]
            case _ if is_dataclass(value) and not isinstance(value, type):
                texts = {part.name: getattr(value, part.name) for part in fields(value)}
                return replace(value, **{name: self._filled(item, {}, root) for name, item in texts.items()})
        raise TypeError(f"{type(value).__name__} has no attributes to fill in")

    # ------------------------------------------------------------ samples

    def _drawn(self, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
        """Return a sample of an unknown value, and remember it."""
        schema = _resolved(schema, root)
        if self.seed == _SEEDS - 1 and (self.as_text or not _is_text(schema)):
            value: Any = _LEFT_OUT
        else:
            value = self._sample(schema, root, optional=True)
        self.drawn.append("" if value is _LEFT_OUT else repr(value))
        self._kinds.add(_kind_of(schema))
        return value

    def _sample(self, schema: Mapping[str, Any], root: Mapping[str, Any], *, optional: bool = False) -> Any:
        schema = _resolved(schema, root)
        if "anyOf" in schema:
            if _is_text(schema):
                examples = schema.get("examples", ()) if self.as_text else ()
                return examples[self.seed % len(examples)] if examples else self._text()
            options = [option for option in schema["anyOf"] if option.get("type") != "null"]
            schema = _resolved(options[self.seed % len(options)], root)
        for known in ("enum", "examples"):
            if known in schema:
                return schema[known][self.seed % len(schema[known])]
        if "const" in schema:
            return schema["const"]
        match schema.get("type"):
            case "boolean":
                return self.seed % 2 == 1
            case "integer" | "number" | ["integer", "string"]:
                return self._number(schema)
            case "string":
                return self._word(schema)
            case "array":
                return _LEFT_OUT if optional and self.seed == 0 else self._list(schema, root)
            case "object" if "properties" in schema or _element_of(schema) is not None:
                return _LEFT_OUT if optional and self.seed == 0 else self._object(schema, root)
            case _:
                return self._free()

    def _free(self) -> Any:
        """Return JSON without a schema."""
        if not self.as_text:
            return UNKNOWN_REF
        word = f"{SAMPLE}{self.seed}"
        return (word, {"name": word}, [word], self.seed)[self.seed % 4]

    def _text(self) -> Ref | str:
        return f"{SAMPLE}{self.seed}" if self.as_text else UNKNOWN_REF

    def _word(self, schema: Mapping[str, Any]) -> str:
        choices = (*self.names, f"{SAMPLE}{self.seed}") if "pattern" in schema else (f"{SAMPLE}{self.seed}",)
        return choices[self.seed % len(choices)]

    def _number(self, schema: Mapping[str, Any]) -> float:
        rules = {"minimum": schema.get("ge", schema.get("gt", 0) + 1), **schema}
        lowest = rules["minimum"] if "exclusiveMinimum" not in rules else rules["exclusiveMinimum"] + 1
        number: float = lowest + self.seed
        most: float = rules.get("maximum", rules.get("le", number))
        return min(number, most)

    def _list(self, schema: Mapping[str, Any], root: Mapping[str, Any]) -> list[Any]:
        items = _resolved(schema.get("items", {}), root)
        if items.get("title") == "Container" and self.seed in (3, 4):  # all that an allocation may name
            names = self.names[: len(self.names) - (self.seed == 3)]
            first = {"image": self._text(), "port": 8080 + self.seed, "primary": True}
            return [
                {"name": name, **(first if index == 0 else {"image": self._text()})} for index, name in enumerate(names)
            ]
        length = 2 if self.seed == 2 else 1
        return [replace(self, seed=self.seed + index)._sample(items, root) for index in range(length)]

    def _object(self, schema: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
        properties: Mapping[str, Any] = schema.get("properties", {})
        if not properties:
            key = self._word({"pattern": ""} if "patternProperties" in schema else {})
            return {key: self._sample(_element_of(schema) or {}, root)}
        sets = _NEEDED.get(str(schema.get("title")), ((),))
        needed = (*schema.get("required", ()), *sets[self.seed % len(sets)])
        rest = [name for name in properties if name not in needed]
        names = {**dict.fromkeys(needed), **dict.fromkeys(rest[self.seed - 2 : self.seed - 1] if self.seed > 1 else ())}
        made = {name: self._sample(properties[name], root) for name in names}
        return {**made, **({"primary": True} if "primary" in needed else {})}


def _kind_of(schema: Mapping[str, Any]) -> str:
    if _is_text(schema):
        return "text"
    if "enum" in schema or schema.get("type") == "boolean":
        return "closed"
    return "tree" if schema.get("type") in ("object", "array") or "type" not in schema else "word"


def _is_text(schema: Mapping[str, Any]) -> bool:
    return any("$unknown" in option.get("properties", {}) for option in schema.get("anyOf", ()))


def _element_of(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the schema of the values of a map; None where there is none."""
    found = (schema.get("additionalProperties"), *schema.get("patternProperties", {}).values())
    return next((one for one in found if isinstance(one, Mapping)), None)


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    if "anyOf" in schema and not _is_text(schema):
        options = [option for option in schema["anyOf"] if option.get("type") != "null"]
        if len(options) == 1:
            schema = options[0]
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema
