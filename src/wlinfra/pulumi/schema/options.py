"""The configuration of the package: the platform, the journal, and the options of every installed platform."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from wlinfra.pulumi.schema.names import in_pulumi, platforms
from wlinfra.pulumi.schema.types import Spec
from wlinfra.values import Secret

__all__ = ["configuration"]

_OWN: Final[Mapping[str, Spec]] = {
    "platform": {"type": "string", "description": "The platform, such as `kubernetes`; `datarobot` when left out."},
    "journal": {
        "type": "string",
        "description": "The folder of the journal, which has what was begun and is not in Pulumi's state yet; below `$PULUMI_HOME/wlinfra` when left out.",
    },
}


def configuration() -> dict[str, Spec]:
    """Return the variables by name; what several platforms have is one variable."""
    found: dict[str, Spec] = {name: dict(spec) for name, spec in _OWN.items()}
    said: dict[str, list[str]] = {}
    for platform, provider in platforms():
        model = provider.options_model()
        documented = _documentation(model)
        for name, field in model.model_fields.items():
            variable = to_camel(name)
            found.setdefault(variable, _variable(field))
            said.setdefault(variable, []).append(f"{platform}: {in_pulumi(documented.get(name, ''))}")
    for variable, descriptions in said.items():
        found[variable]["description"] = " ".join(dict.fromkeys(_in_common(descriptions)))
    return found


def _in_common(descriptions: list[str]) -> Iterator[str]:
    """Yield the descriptions; without the platforms where all say the same."""
    texts = {text.partition(": ")[2] for text in descriptions}
    yield from (*texts,) if len(texts) == 1 < len(descriptions) else descriptions


def _variable(field: FieldInfo) -> Spec:
    kinds = [kind for kind in _members(field.annotation) if kind is not type(None)]
    secret: Spec = {"secret": True} if Secret in kinds or not field.repr else {}
    named = {bool: "boolean", int: "integer", float: "number"}
    plain = next((kind for kind in kinds if kind not in (Secret, str)), str)
    if get_origin(plain) is dict or plain is dict:
        return {"type": "object", "additionalProperties": {"$ref": "pulumi.json#/Any"}, **secret}
    return {"type": named.get(plain, "string"), **secret}


def _members(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (dict, Literal, None):
        return (annotation,)
    return get_args(annotation)


def _documentation(model: type[BaseModel]) -> dict[str, str]:
    """Return what the strings below a model's attributes say, those of its bases too."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            found |= dict(_strings_below(ast.parse(textwrap.dedent(inspect.getsource(base)))))
    return found


def _strings_below(tree: ast.Module) -> Iterator[tuple[str, str]]:
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    for attribute, string in pairwise(body):
        match attribute, string:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
