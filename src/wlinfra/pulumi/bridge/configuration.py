"""The provider's configuration: which platform, its options in camelCase, and where the journal is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic.alias_generators import to_camel, to_snake

from wlinfra.errors import ConfigurationError, Diagnostic
from wlinfra.provider.base import Closeable, ProviderContext
from wlinfra.provider.optional import KnowsItsTarget
from wlinfra.provider.registry import installed_providers, load_provider
from wlinfra.pulumi.bridge.paths import parts_of
from wlinfra.pulumi.bridge.secret_values import plain
from wlinfra.pulumi.bridge.wording import sentence
from wlinfra.pulumi.contract import Checked, Failure, Properties
from wlinfra.values import UNKNOWN, Json, Secret, contains_unknown

__all__ = ["Configuration", "checked", "configuration"]

_DEFAULT: Final = "datarobot"
_OF_ENGINE: Final = frozenset({"version", "pluginDownloadURL", "pluginChecksums", "parameterization"})
_OWN: Final = ("platform", "journal")
_OPTION: Final = re.compile(r"the option `(\w+)`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a provider is configured with."""

    platform: str
    options: Mapping[str, Any]
    """Those of the platform, as an environment of a stack names them."""
    journal: str
    """The folder of all journals; empty for the one of Pulumi."""


def configuration(config: Properties) -> Configuration:
    """Return what the properties say; nothing is checked."""
    own = {name: plain(config.get(name)) for name in _OWN}
    options = {
        to_snake(name): _typed(value)
        for name, value in config.items()
        if name not in _OWN and name not in _OF_ENGINE and not name.startswith("__") and value is not None
    }
    return Configuration(platform=str(own["platform"] or _DEFAULT), options=options, journal=str(own["journal"] or ""))


def _typed(value: Json) -> Json:
    """Return the option; what is no string comes as JSON, as stack configuration has strings alone."""
    if isinstance(value, Secret):
        inner = plain(value)
        return value if isinstance(inner, str) and inner[:1] not in ("{", "[") else _typed(inner)
    if isinstance(value, str) and value[:1] in ("{", "["):
        with suppress(ValueError):
            value = json.loads(value)
    if isinstance(value, Mapping):
        return {key: _snake(item) for key, item in value.items()}
    return value


def _snake(value: Json) -> Json:
    """Return the option's own attributes as the core names them; the keys of the user's stand above them."""
    if isinstance(value, Mapping):
        return {to_snake(key): _snake(item) for key, item in value.items()}
    return value


def checked(config: Properties, environ: Mapping[str, str], home: Path) -> Checked:
    """Return the configuration with what is wrong with it; calls nothing."""
    failures = tuple(_failures(config, environ, home))
    return Checked(inputs=config, failures=failures)


def _failures(config: Properties, environ: Mapping[str, str], home: Path) -> Iterator[Failure]:
    platform = config.get("platform")
    if platform is UNKNOWN or contains_unknown(dict(config)):
        return
    found = configuration(config)
    if found.platform not in installed_providers():
        yield Failure(
            "platform",
            f"There is no platform {found.platform!r}; installed are {', '.join(installed_providers())}.",
        )
        return
    try:
        connection = load_provider(found.platform).connect(_context(found, environ, home))
        try:
            if isinstance(connection, KnowsItsTarget):
                connection.target()
        finally:
            if isinstance(connection, Closeable):
                connection.close()
    except ConfigurationError as error:
        yield from (_failure(item) for item in error.diagnostics)


def _context(found: Configuration, environ: Mapping[str, str], home: Path) -> ProviderContext:
    return ProviderContext(
        name="default",
        options=found.options,
        environ=environ,
        data_dir=home / "unopened",
        stack="pulumi",
        environment="check",
    )


def _failure(item: Diagnostic) -> Failure:
    named = parts_of(item.path)[0] if item.path else next(iter(_OPTION.findall(item.detail)), "")
    return Failure(to_camel(named), _in_camel(sentence(item)))


def _in_camel(text: str) -> str:
    """Return the sentence with the options as this configuration has them."""
    text = text.replace("in the environment's options", "in the provider's configuration")
    return re.sub(r"`([a-z]+(?:_[a-z]+)+)(=?)`", lambda match: f"`wlinfra:{to_camel(match[1])}`", text)
