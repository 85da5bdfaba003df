"""The connections to the platforms of one environment: opened on first use, closed together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from wlinfra.errors import ConfigurationError, Location
from wlinfra.plan.check import blaming
from wlinfra.provider.base import Closeable, Connection, ProviderContext
from wlinfra.provider.optional import WorksFromRecords
from wlinfra.stack.program import Declared
from wlinfra.state.records import reached
from wlinfra.values import Json
from wlinfra.workspace.host import Host

__all__ = ["Connections"]


@dataclass(slots=True, kw_only=True)
class Connections:
    """The way to the platforms that a program declares."""

    host: Host
    declared: Declared
    location: Location | None
    """Where the environment is declared, and with it the options of its providers."""
    data_dir: Path
    """Below it each provider may keep files."""
    guard: Callable[[], None]
    """Raises when calls must no longer be made."""
    stop: Event
    """Set when waits must end at once."""
    made: dict[str, Connection] = field(default_factory=dict)
    """By the provider's name in the environment."""
    reached: dict[str, Mapping[str, Json]] = field(default_factory=dict)
    """How the connections were made, for the record; never a secret."""
    _closing: ExitStack = field(default_factory=ExitStack)

    def connect(self, lineage: str | None = None) -> Mapping[str, Connection]:
        """Return the connections on behalf of a state; no platform is called by that."""
        for name, settings in self.declared.providers.items():
            if name not in self.made:
                self._connect(name, settings.type, settings.options, lineage)
        return self.made

    def _connect(self, name: str, kind: str, options: Mapping[str, Any], lineage: str | None) -> None:
        from wlinfra.provider.registry import load_provider

        context = ProviderContext(
            name=name,
            options=options,
            environ=self.host.environ,
            data_dir=self.data_dir / f"provider-{name}",
            stack=self.declared.stack,
            environment=self.declared.environment,
            lineage=lineage,
            guard=self.guard,
            stop=self.stop,
            report=self.host.report,
        )
        try:
            provider = self.host.providers.get(kind) or load_provider(kind)
            with blaming(name, f"{name!r} was connected", location=self.location):
                connection = provider.connect(context)
        except ConfigurationError as error:  # an option is wrong, and the line of the environment gives it
            raise ConfigurationError(*(item.placed(None, self.location) for item in error.diagnostics)) from error
        self.made[name] = connection
        if isinstance(provider, WorksFromRecords):
            self.reached[name] = reached(kind, provider.public_options(options))
        if isinstance(connection, Closeable):
            self._closing.callback(connection.close)

    def close(self) -> None:
        """Close the connections."""
        self._closing.close()
