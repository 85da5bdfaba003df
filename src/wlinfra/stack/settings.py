"""Settings of an environment: typed, validated, and merged from four sources.

From weakest to strongest: the program, a file, ``WLINFRA_SET_<NAME>``, ``--set name=value``. `stack.program`
calls `merge_settings` and hands the result to the program's function.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar, get_origin

from pydantic import BaseModel, ConfigDict, SecretBytes, SecretStr, ValidationError, model_validator

from wlinfra.errors import ConfigurationError, Diagnostic
from wlinfra.remedies import Advice, Option
from wlinfra.resources.mistakes import explain
from wlinfra.resources.model import Model
from wlinfra.values import format_path, is_boundless

__all__ = [
    "PREFIX",
    "GivenSettings",
    "Settings",
    "SettingsSources",
    "given_settings",
    "merge_settings",
    "parse_overrides",
]

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
        """Keep None: whoever declares a setting decides what it means."""
        return attributes


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsSources:
    """Every source of settings other than the program."""

    file: Path | None = None
    environ: Mapping[str, str] | None = None
    overrides: Mapping[str, str] | None = None
    saved: Mapping[str, Any] | None = None
    """What a saved plan was created with; a file or an override that is given all the same is stronger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSettings:
    """What the sources other than the program give, as plain JSON for a saved plan."""

    values: Mapping[str, Any] = field(default_factory=dict)
    """Without secrets."""
    secrets: tuple[str, ...] = ()
    """Paths of secrets that a file or an override gives, which cannot be saved."""


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
                "Each setting takes a name, an equals sign and a value.",
                Advice("Write it as ", Option("settings", "replicas=3"), "."),
            )
        overrides[name] = value
    return overrides


def merge_settings(kind: type[S], base: S, sources: SettingsSources) -> S:
    """Return the program's settings with file, environment and overrides laid over them.

    Raises ConfigurationError for everything wrong at once, each naming the source it came from.
    """
    layers = _layers(kind, sources)
    given = (("the program", {name: getattr(base, name) for name in base.model_fields_set}), *layers)
    for origin, values in given:
        if is_boundless(values):
            raise _too_deep(origin)
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


def _too_deep(origin: str) -> ConfigurationError:
    return ConfigurationError.of(
        "Settings nested too deep",
        f"What comes from {origin} is nested deeper, or has more values, than anything can read.",
        "Give it fewer levels.",
    )


def _layers(kind: type[Settings], sources: SettingsSources) -> list[tuple[str, dict[str, Any]]]:
    """Return where each source comes from and what it gives, weakest first."""
    file = [(f"file {sources.file}", _read_file(sources.file))] if sources.file is not None else []
    variables = list(_from_environ(kind, sources.environ or {}))
    overrides = [
        (f"--set {name}", _nest(kind, name.split("."), value)) for name, value in (sources.overrides or {}).items()
    ]
    if sources.saved is None:
        return [*file, *variables, *overrides]
    return [*variables, ("the saved plan", dict(sources.saved)), *file, *overrides]


def given_settings(settings: Settings, sources: SettingsSources) -> GivenSettings:
    """Return what the sources give of these merged settings; secrets are named, not shown."""
    hidden = tuple(_secret_paths(settings))
    values: dict[str, Any] = {}
    secrets: list[str] = []
    for origin, layer in _layers(type(settings), sources):
        values = _lay_over(values, _without(layer, hidden))
        if not origin.startswith("environment variable"):
            secrets += [format_path(path) for path in _leaf_paths(layer) if _is_at(path, hidden)]
    plain = json.loads(json.dumps(values, default=str))
    return GivenSettings(values=plain, secrets=tuple(dict.fromkeys(secrets)))


def _secret_paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every secret; one in a list stands for the list."""
    if isinstance(value, SecretStr | SecretBytes):
        yield path
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secret_paths(getattr(value, name), (*path, name))
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _secret_paths(item, (*path, str(name)))
    elif isinstance(value, list | tuple | set | frozenset) and any(any(True for _ in _secret_paths(i)) for i in value):
        yield path


def _is_at(path: tuple[str, ...], secrets: Sequence[tuple[str, ...]]) -> bool:
    return any(path[: len(secret)] == secret for secret in secrets)


def _without(
    values: Mapping[str, Any], secrets: Sequence[tuple[str, ...]], path: tuple[str, ...] = ()
) -> dict[str, Any]:
    return {
        name: _without(item, secrets, (*path, str(name))) if isinstance(item, Mapping) else item
        for name, item in values.items()
        if not _is_at((*path, str(name)), secrets)
    }


def _diagnose(
    kind: type[Settings], error: ValidationError, origins: Mapping[tuple[str, ...], str]
) -> Iterator[Diagnostic]:
    for problem in explain(kind, error):
        path = tuple(str(part) for part in problem.path)
        origin = next(
            (origins[known] for known in sorted(origins, key=len, reverse=True) if known == path[: len(known)]), None
        )
        origin = origin or next((origins[known] for known in origins if known[: len(path)] == path), "the program")
        yield replace(problem, detail=f"{problem.detail} It comes from {origin}.").diagnostic("settings")


def _read_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError.of(
            "Settings file not readable",
            f"{path} cannot be read: {error}.",
            Advice("Check ", Option("settings_file"), "."),
        ) from error
    try:
        values = _parse_text(path, text)
    except RecursionError:
        raise _too_deep(f"file {path}") from None
    except ValueError as error:
        raise ConfigurationError.of("Settings file not understood", f"{path}: {error}", "Correct the file.") from None
    if not isinstance(values, dict):
        raise ConfigurationError.of(
            "Settings file not understood", f"{path} has no table of names and values.", "Write name and value pairs."
        )
    return values


def _parse_text(path: Path, text: str) -> Any:
    match path.suffix.lower():
        case ".toml":
            return tomllib.loads(text)
        case ".json":
            return json.loads(text, object_pairs_hook=_once)
        case ".yaml" | ".yml":
            import yaml  # here, because few runs read YAML and importing it takes a while

            try:
                _refuse_twice(yaml.compose(text, Loader=yaml.SafeLoader))
                return yaml.safe_load(text) or {}
            except yaml.YAMLError as error:
                mark = getattr(error, "problem_mark", None)
                where = f" in line {mark.line + 1}" if mark else ""
                raise ValueError(f"it is not YAML{where}.") from None
        case suffix:
            raise ValueError(f"settings files end in .toml, .yaml or .json, not {suffix or 'nothing'}.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs as a dict; raises ValueError for a name that stands twice, of which the first would be lost."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} is set twice.")
        found[name] = value
    return found


def _refuse_twice(node: Any) -> None:
    """Raise ValueError for a name that stands twice in one table of a YAML document; aliases are seen once."""
    seen: set[int] = set()
    todo = [node]
    while todo:
        node = todo.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if node.id == "mapping":
            names: set[str] = set()
            for key, value in node.value:
                if key.id == "scalar" and key.value in names and key.value != "<<":
                    raise ValueError(f"{key.value!r} is set twice, in line {key.start_mark.line + 1} again.")
                names.update([key.value] if key.id == "scalar" else [])
                todo += [key, value]
        elif node.id == "sequence":
            todo += node.value


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
    """Return what a string stands for where a string alone would not do: JSON, or words between commas for a list."""
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
