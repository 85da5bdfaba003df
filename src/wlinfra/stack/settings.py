"""Settings of an environment: typed, validated, and merged from four sources.

From weakest to strongest: the program, a file, ``WLINFRA_SET_<NAME>``, ``--set name=value``. `stack.program`
calls `merge_settings` and hands the result to the program's function.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from wlinfra.errors import ConfigurationError, Diagnostic
from wlinfra.resources.base import Model
from wlinfra.resources.mistakes import explain
from wlinfra.values import format_path, is_boundless

__all__ = ["PREFIX", "Settings", "SettingsSources", "merge_settings", "parse_overrides"]

PREFIX = "WLINFRA_SET_"
"""What an environment variable begins with to set a setting."""


class Settings(Model):
    """What differs between environments; subclass it with typed attributes.

    >>> class Size(Settings):
    ...     replicas: int = 1
    >>> Size(replicas=8).replicas
    8
    """

    model_config = ConfigDict(alias_generator=None)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_nothing(cls, attributes: Any) -> Any:
        """Keep None: whoever declares a setting says what it means."""
        return attributes


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsSources:
    """Everything that may set a setting beside the program."""

    file: Path | None = None
    environ: Mapping[str, str] | None = None
    overrides: Mapping[str, str] | None = None


def parse_overrides(arguments: Sequence[str]) -> dict[str, str]:
    """Return ``name=value`` arguments as a dict; raises ConfigurationError for one without an equals sign.

    >>> parse_overrides(["replicas=3", "size.cpu=2"])
    {'replicas': '3', 'size.cpu': '2'}
    """
    overrides: dict[str, str] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals or not name:
            raise ConfigurationError.of(
                "Setting not understood",
                "Each --set takes a name, an equals sign and a value.",
                "Write it as --set replicas=3.",
            )
        overrides[name] = value
    return overrides


def merge_settings(kind: type[S], base: S, sources: SettingsSources) -> S:
    """Return the program's settings with file, environment and overrides laid over them.

    Raises ConfigurationError for everything wrong at once, each naming the source it came from.
    """
    layers: list[tuple[str, dict[str, Any]]] = []
    if sources.file is not None:
        layers.append((f"file {sources.file}", _read_file(sources.file)))
    layers += list(_from_environ(kind, sources.environ or {}))
    layers += [
        (f"--set {name}", _nest(kind, name.split("."), value)) for name, value in (sources.overrides or {}).items()
    ]
    given = (("the program", {name: getattr(base, name) for name in base.model_fields_set}), *layers)
    for origin, values in given:
        _refuse_depth(origin, values)
    if not layers:
        return base
    merged = {name: getattr(base, name) for name in base.model_fields_set}
    origins: dict[tuple[str, ...], str] = {}
    for origin, values in layers:
        merged = _lay_over(merged, values)
        origins.update(dict.fromkeys(_leaf_paths(values), origin))
    try:
        return kind.model_validate(merged)
    except ValidationError as error:
        raise ConfigurationError(*_diagnose(kind, error, origins)) from None


def _refuse_depth(origin: str, values: Mapping[str, Any]) -> None:
    if is_boundless(values):
        raise _too_deep(origin)


def _too_deep(origin: str) -> ConfigurationError:
    return ConfigurationError.of(
        "Settings nested too deep",
        f"What comes from {origin} is nested deeper, or holds more values, than anything can read.",
        "Give it fewer levels.",
    )


def _diagnose(
    kind: type[Settings], error: ValidationError, origins: Mapping[tuple[str, ...], str]
) -> Iterator[Diagnostic]:
    for problem in explain(kind, error):
        path = tuple(str(part) for part in problem.path)
        origin = next(
            (origins[known] for known in sorted(origins, key=len, reverse=True) if known == path[: len(known)]), None
        )
        origin = origin or next((origins[known] for known in origins if known[: len(path)] == path), "the program")
        yield Diagnostic(
            summary=problem.summary,
            detail=f"{problem.detail} It comes from {origin}.",
            fix=problem.fix,
            path=f"settings.{format_path(problem.path)}",
        )


def _read_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError.of(
            "Settings file not readable", f"{path} cannot be read: {error}.", "Check --settings."
        ) from error
    try:
        values = _parse_text(path, text)
    except RecursionError:
        raise _too_deep(f"file {path}") from None
    except ValueError as error:
        raise ConfigurationError.of("Settings file not understood", f"{path}: {error}", "Correct the file.") from None
    if not isinstance(values, dict):
        raise ConfigurationError.of(
            "Settings file not understood", f"{path} holds no table of names and values.", "Write name and value pairs."
        )
    return values


def _parse_text(path: Path, text: str) -> Any:
    match path.suffix.lower():
        case ".toml":
            return tomllib.loads(text)
        case ".json":
            return json.loads(text)
        case ".yaml" | ".yml":
            import yaml  # here, because few runs read YAML and importing it takes a while

            try:
                return yaml.safe_load(text) or {}
            except yaml.YAMLError as error:
                mark = getattr(error, "problem_mark", None)
                where = f" in line {mark.line + 1}" if mark else ""
                raise ValueError(f"it is not YAML{where}.") from None
        case suffix:
            raise ValueError(f"settings files end in .toml, .yaml or .json, not {suffix or 'nothing'}.")


def _from_environ(kind: type[Settings], environ: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for variable in sorted(environ):
        if variable.startswith(PREFIX) and len(variable) > len(PREFIX):
            names = _find_names(kind, variable.removeprefix(PREFIX).split("__"))
            yield f"environment variable {variable}", _nest(kind, names, environ[variable])


def _find_names(kind: type[BaseModel], words: Sequence[str]) -> list[str]:
    """Return the settings' own spelling of names written in capitals; two underscores lead into a nested one."""
    names: list[str] = []
    owner: type[BaseModel] | None = kind
    for word in words:
        known = {name.lower(): name for name in owner.model_fields} if owner else {}
        name = known.get(word.lower(), word.lower())
        owner = _nested(owner, name)
        names.append(name)
    return names


def _nested(owner: type[BaseModel] | None, name: str) -> type[BaseModel] | None:
    field = owner.model_fields.get(name) if owner else None
    annotation = field.annotation if field else None
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _nest(kind: type[BaseModel], names: Sequence[str], text: str) -> dict[str, Any]:
    owner: type[BaseModel] | None = kind
    for name in names[:-1]:
        owner = _nested(owner, name)
    field = owner.model_fields.get(names[-1]) if owner else None
    value: Any = _from_text(text, field.annotation if field else str)
    for name in reversed(names):
        value = {name: value}
    return dict(value)


def _from_text(text: str, annotation: Any) -> Any:
    """Return what a text stands for where a text alone would not do: JSON, or words between commas for a list."""
    if annotation is str:
        return text
    if text[:1] in ("[", "{") or text == "null":
        try:
            return json.loads(text)
        except ValueError:
            return text
        except RecursionError:
            raise _too_deep("--set or an environment variable") from None
    if get_origin(annotation) in (list, tuple, set, frozenset):
        return [word.strip() for word in text.split(",") if word.strip()]
    return text


def _lay_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        if isinstance(old, BaseModel):
            old = {name: getattr(old, name) for name in old.model_fields_set}
        result[key] = _lay_over(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result


def _leaf_paths(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _leaf_paths(value, (*path, str(key)))
        else:
            yield (*path, str(key))
