"""Writes the generated part of src/pulumi_wlinfra, the typed resources of Pulumi programs, from the package schema.

Run it after changing an attribute: ``python scripts/pulumi_sdk.py``. A test compares the files with what it would write.
"""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic.alias_generators import to_snake

import wlinfra as wl
from wlinfra.pulumi.schema import models_by_token, output_property, package_schema

FOLDER = Path(__file__).parent.parent / "src" / "pulumi_wlinfra"
SCHEMA = package_schema("0.0.0")
MARKS = {"SecretSource": "Secret", "StoredCredential": "Credential", "SuppliedApiKey": "ApiKey"}
"""Types that programs write with functions of wlinfra, and what those return."""
PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
HEAD = '''"""{title}

Generated from the package schema by `python scripts/pulumi_sdk.py`; do not edit it by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, Required, TypedDict

import pulumi

from pulumi_wlinfra._base import Configured, Declared, Result

if TYPE_CHECKING:
    import wlinfra as wl
    from pulumi_wlinfra._resources import Artifact
    from pulumi_wlinfra._types import {types}
    from pulumi_wlinfra.kubernetes import Manifest
    from wlinfra.resources.variables import ApiKey, Credential
    from wlinfra.values import Secret

'''
"""The beginning of each file; imports that it does not need are removed."""


def main() -> None:
    """Write the files."""
    for name, content in render().items():
        (FOLDER / name).write_text(content, encoding="utf-8")


def render() -> dict[str, str]:
    """Return the content of each file by its name."""
    modules: dict[str, list[str]] = {}
    for token in SCHEMA["resources"]:
        modules.setdefault(token.split(":")[1], []).append(token)
    files = {"_shapes.py": _shapes(), "_types.py": _types(), "_provider.py": _provider()}
    for module, tokens in modules.items():
        files["_resources.py" if module == "index" else f"{module}.py"] = _resources(module, tokens)
    return {name: polished(name, "\n".join(lines) + "\n") for name, lines in files.items()}


def polished(name: str, text: str) -> str:
    """Return the text without imports that it does not need, laid out as the rest of the code is."""
    for command in (["check", "--fix-only", "--select=F401,F811,I,RUF022,TC"], ["format"]):
        text = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--quiet", f"--stdin-filename={FOLDER / name}", "-"],
            input=text,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            cwd=FOLDER,
        ).stdout
    return text


def snake(name: str) -> str:
    """Return the name that Python programs write."""
    return {"a2aEnabled": "a2a_enabled"}.get(name) or to_snake(name)


def short(token: str) -> str:
    """Return a type's name in shapes: ``Container``, and for one of a platform ``kubernetes.ManifestDeclaration``."""
    _, module, name = token.rpartition("/")[2].split(":")
    return name if module == "index" else f"{module}.{name}"


def head(title: str, *without: str) -> str:
    """Return the beginning of a file, without imports of the modules named."""
    lines = HEAD.format(title=title, types=", ".join(sorted(_parts()))).splitlines()
    return "\n".join(line for line in lines if not any(f"pulumi_wlinfra.{name} " in line for name in without))


def _parts() -> dict[str, Any]:
    """Return the types of objects that programs write as dicts, by their names here."""
    left_out = {*MARKS, "SecretPlace", "CredentialKey"}
    objects = {token.split(":")[2]: spec for token, spec in SCHEMA["types"].items() if spec["type"] == "object"}
    return {name: spec for name, spec in objects.items() if name not in left_out}


def _is_object(reference: str) -> bool:
    return reference.rpartition(":")[2] in _parts()


def shape(spec: Mapping[str, Any]) -> str:
    """Return the shape of a value, as `pulumi_wlinfra._values` reads it."""
    match spec:
        case {"$ref": str(reference)}:
            return short(reference) if _is_object(reference) else ""
        case {"oneOf": members}:
            return "|".join(dict.fromkeys(filter(None, map(shape, members))))
        case {"type": "array", "items": items}:
            return shape(items)
        case {"type": "object", "additionalProperties": inner}:
            return f"*{shape(inner)}" if inner != {"$ref": "pulumi.json#/Any"} else ""
        case _:
            return ""


def written(spec: Mapping[str, Any]) -> str:
    """Return the type that a program may give."""
    match spec:
        case {"$ref": "pulumi.json#/Any"}:
            return "Any"
        case {"$ref": str(reference)}:
            return _named(reference.rpartition("/")[2])
        case {"const": only}:
            return f'Literal["{only}"]'
        case {"oneOf": members}:
            return " | ".join(dict.fromkeys(map(written, members)))
        case {"type": "array", "items": items}:
            return f"Sequence[pulumi.Input[{written(items)}]]"
        case {"type": "object", "additionalProperties": inner}:
            values = written(inner)
            return f"Mapping[str, {values if values == 'Any' else f'pulumi.Input[{values}]'}]"
        case {"type": str(plain)}:
            return PLAIN[plain]
        case _:
            raise ValueError(f"no type for {spec}")


def _named(token: str) -> str:
    spec = SCHEMA["types"][token]
    if "enum" in spec:
        choices = ", ".join(f'"{value["value"]}"' for value in spec["enum"])
        return f"Literal[{choices}]"
    name = token.split(":")[2]
    if name in MARKS:
        return MARKS[name]
    resource = name.removesuffix("Declaration")
    kinds = [name, *([resource] if resource != name else []), *([f"wl.{resource}"] if hasattr(wl, resource) else [])]
    return " | ".join(kinds)


def read(spec: Mapping[str, Any], optional: bool) -> str:
    """Return the type of an output; what has parts can be given to another resource as it is."""
    match spec:
        case {"oneOf": members} if not shape(spec):
            kinds = " | ".join(dict.fromkeys(read(member, False) for member in members))
        case {"type": str(plain)} if plain in PLAIN:
            kinds = PLAIN[plain]
        case {"$ref": str(reference)} if "enum" in SCHEMA["types"].get(reference.rpartition("/")[2], {}):
            kinds = "str"
        case _:
            return "Any"
    return f"{kinds} | None" if optional else kinds


def _shapes() -> Iterator[str]:
    yield head("The names of attributes in programs and in the plugin, with the shape of each.", "_base")
    yield "SHAPES: Final[dict[str, dict[str, tuple[str, str]]]] = {"
    specs = {**{token: spec for token, spec in SCHEMA["types"].items() if _is_object(token)}, **SCHEMA["resources"]}
    for token, spec in specs.items():
        yield f'    "{short(token)}": {{'
        yield from (f'"{snake(one)}": ("{one}", "{shape(kind)}"),' for one, kind in spec["properties"].items())
        yield "    },"
    yield "}"


def _types() -> Iterator[str]:
    yield head("The parts of resources as dicts, in which an Output may stand anywhere.", "_base", "_types")
    yield f"__all__ = {sorted(_parts())}"
    for name, spec in _parts().items():
        yield f"class {name}(TypedDict, total=False):"
        yield f'    """{spec["description"]}"""'
        for one, kind in spec["properties"].items():
            given = f"pulumi.Input[{written(kind)}]"
            given = re.sub(rf"(?<![.\w]){name} \|", "Mapping[str, Any] |", given)  # mypy reads no type inside itself
            required = one in spec.get("required", ())
            yield f"    {snake(one)}: {f'Required[{given}]' if required else f'{given} | None'}"
            yield f'    """{kind["description"]}"""'


def _resources(module: str, tokens: list[str]) -> Iterator[str]:
    if module == "index":
        yield head("The resources of every platform.", "_resources")
    else:
        yield head(f"The resources that only {module} has.", module)
    yield f"__all__ = {sorted(token.split(':')[2] for token in tokens)}"
    for token in tokens:
        yield from _resource(token)


def _resource(token: str) -> Iterator[str]:
    spec, model = SCHEMA["resources"][token], models_by_token()[token]
    yield f"class {model.__name__}(Declared):"
    yield f'    """{spec["description"]}"""'
    yield ""
    yield f'    _kind = "{token}"'
    yield f'    _shape = "{short(token)}"'
    yield f'    _own_id = "{output_property(model, "id")}"'
    yield ""
    for one, kind in spec["properties"].items():
        inner = f', "{shape(kind)}"' if shape(kind) else ""
        yield f'    {snake(one)} = Result[{read(kind, one not in spec["required"])}]("{one}"{inner})'
        yield f'    """{kind["description"]}"""'
    yield ""
    inputs, required = spec["inputProperties"], spec["requiredInputs"]
    ordered = sorted(inputs, key=lambda one: one not in required)
    yield from _init({one: _parameter(inputs[one], one in required) for one in ordered})
    yield from _documented("Declare the resource.", inputs)
    yield f"        super().__init__(resource_name, {_gathered({snake(one): one for one in inputs})}, opts)"


def _parameter(spec: Mapping[str, Any], required: bool = False) -> str:
    given = f"pulumi.Input[{written(spec)}{' | Secret' if spec.get('secret') else ''}]"
    return given if required else f"{given} | None = None"


def _init(parameters: Mapping[str, str]) -> Iterator[str]:
    yield "    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None, *,"
    yield from (f"        {snake(one)}: {kind}," for one, kind in parameters.items())
    yield "    ) -> None:"


def _documented(summary: str, specs: Mapping[str, Any]) -> Iterator[str]:
    yield f'        """{summary}'
    yield ""
    for one, spec in specs.items():
        text = f":param {snake(one)}: {spec['description']}"
        yield from textwrap.wrap(text, 110, initial_indent="        ", subsequent_indent="            ")
    yield '        """'


def _gathered(names: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'"{key}": {snake(one)}' for key, one in names.items()) + ",}"


def _provider() -> Iterator[str]:
    yield head("The provider: a platform and how to reach it.")
    yield '__all__ = ["Provider"]'
    options = SCHEMA["provider"]["inputProperties"]
    yield "class Provider(Configured):"
    yield '    """A platform, and how to reach it; a program with one platform can use `pulumi config` instead."""'
    yield ""
    yield from _init({one: _parameter(spec) for one, spec in options.items()})
    yield from _documented("Configure a provider; options that name no platform are for every one.", options)
    yield f"        super().__init__(resource_name, {_gathered({one: one for one in options})}, opts)"


if __name__ == "__main__":
    main()
