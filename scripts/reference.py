"""Writes docs/resources.md, the reference of everything a program may declare, from the models themselves.

Run it after changing an attribute: ``python scripts/reference.py``. A test compares the file with what it would write.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo

import wlinfra as wl
from wlinfra.resources import fields
from wlinfra.resources.base import Name, Resource, ToAddress
from wlinfra.resources.container import Dockerfile
from wlinfra.resources.runtime import Scaling
from wlinfra.resources.variables import Variables
from wlinfra.resources.workload import ArtifactOrId

FILE = Path(__file__).parent.parent / "docs" / "resources.md"

CHAPTERS: dict[str, tuple[type[wl.Model], ...]] = {
    "Resources": (wl.Artifact, wl.Workload),
    "Parts of an artifact": (
        wl.Container,
        wl.Probe,
        wl.SecurityContext,
        wl.Capabilities,
        wl.SeccompProfile,
        wl.ImageBuild,
        wl.CodeRef,
        wl.ProvidedDockerfile,
        wl.GeneratedDockerfile,
        wl.ContainerGroup,
        wl.Storage,
    ),
    "Parts of a workload": (
        wl.Allocation,
        wl.ScalingPolicy,
        wl.ReplacementPolicy,
        wl.SharedRole,
        wl.Runtime,
        wl.GroupRuntime,
        wl.Autoscaling,
        wl.ContainerRuntime,
    ),
    "Other declarations": (wl.Output,),
}

POLICIES = (
    "cpu",
    "concurrency",
    "gpu_cache",
    "queue_depth",
    "requests_per_hour",
    "requests_in_flight",
    "custom_metric",
)
VALUES = ("secret_env", "secret_file", "secret_command", "credential", "api_key")

WORDS: list[tuple[Any, str]] = [
    (fields.Text, "string or reference"),
    (fields.Line, "string or reference"),
    (fields.Prose, "string or reference"),
    (fields.Word, "string"),
    (fields.Label, "name"),
    (fields.Memory, "memory"),
    (fields.VolumeSize, "volume size"),
    (fields.Whole, "integer"),
    (fields.Number, "number"),
    (fields.Flag, "True or False"),
    (Name, "name"),
    (ToAddress, "resource or address"),
    (Dockerfile, "path, ProvidedDockerfile or GeneratedDockerfile"),
    (Scaling, "list of ScalingPolicy, or Autoscaling"),
    (Variables, "dict of variables"),
    (ArtifactOrId, "Artifact, or string or reference"),
    (str, "string"),
    (Any, "JSON"),
]


SPELLINGS = {"artifact_type": "type"}
"""Attributes that users write under another name."""


def main() -> None:
    """Write the file."""
    FILE.write_text(render(), encoding="utf-8")


def render() -> str:
    """Return the reference."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# What a program can declare"
    yield ""
    yield "Generated from the models by `python scripts/reference.py`; do not edit it by hand."
    yield "Every attribute can also be written in the API's camelCase."
    yield ""
    yield "## Options of every resource"
    yield ""
    yield 'The name comes first and needs no keyword: `wl.Artifact("server", ...)`.'
    yield ""
    yield from _table(Resource, Resource.model_fields)
    for title, models in CHAPTERS.items():
        yield f"## {title}"
        yield ""
        for model in models:
            yield from _section(model)
    yield "## Policies"
    yield ""
    yield from _functions(POLICIES)
    yield "## Values of environment variables"
    yield ""
    yield "A string, a reference, a resource (its id), or one of these."
    yield ""
    yield from _functions(VALUES)
    yield "## Looking up what the stack does not own"
    yield ""
    yield from _functions(("lookup",))


def _section(model: type[wl.Model]) -> Iterator[str]:
    yield f"### {model.__name__}"
    yield ""
    yield _first_paragraph(model)
    yield ""
    common = Resource.model_fields if issubclass(model, Resource) else {}
    yield from _table(model, {name: field for name, field in model.model_fields.items() if name not in common})
    outputs = [
        (name, _first_paragraph(member))
        for name, member in vars(model).items()
        if isinstance(member, property)
        and member.fget is not None
        and member.fget.__annotations__.get("return") == "Ref"
    ]
    if outputs:
        yield ("Outputs, as references: " + "; ".join(f"`{name}`: {text.rstrip('.')}" for name, text in outputs) + ".")
        yield ""


def _table(model: type[wl.Model], chosen: dict[str, FieldInfo]) -> Iterator[str]:
    hints = get_type_hints(model, include_extras=True)
    yield "| attribute | type | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in chosen.items():
        yield f"| `{SPELLINGS.get(name, name)}` | {_type(hints[name])} | {_default(field)} | {field.description}{_limits(field)} |"
    yield ""


def _functions(names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        function = getattr(wl, name)
        parameters = ", ".join(
            str(one.replace(annotation=inspect.Parameter.empty))
            for one in inspect.signature(function).parameters.values()
        )
        yield f"- `wl.{name}({parameters})`: {_first_paragraph(function)}"
    yield ""


def _first_paragraph(thing: object) -> str:
    return " ".join(inspect.cleandoc(thing.__doc__ or "").partition("\n\n")[0].split()).replace("``", "`")


def _type(annotation: Any) -> str:
    for known, words in WORDS:
        if annotation == known:
            return words
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0])
    if origin in (Union, types.UnionType):
        return " or ".join(_type(one) for one in arguments if one is not type(None))
    if origin is Literal:
        return " \\| ".join(f"`{one}`" for one in arguments)
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"dict of {_type(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " \\| ".join(f"`{one.value}`" for one in annotation)
    return str(getattr(annotation, "__name__", annotation))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "" if field.default in (None, (), {}, "") else f"`{field.default}`"


def _limits(field: FieldInfo) -> str:
    words = {"ge": "at least", "gt": "more than", "le": "at most"}
    found = [
        f"{words[key]} {value}"
        for one in field.metadata
        for key in words
        if (value := getattr(one, key, None)) is not None
    ]
    return f" ({', '.join(found)})" if found else ""


if __name__ == "__main__":
    main()
