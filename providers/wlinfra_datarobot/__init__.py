"""The DataRobot provider of wlinfra; the entry point group ``wlinfra.providers`` names `PROVIDER`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

    from wlinfra.provider import Connection, EmulatorOptions, ObjectState, ProviderContext, RunningEmulator
    from wlinfra.resources.base import Resource
    from wlinfra.values import Json

__all__ = ["PROVIDER"]


class _DataRobotProvider:
    """Connects to a DataRobot installation, or to the emulator of one."""

    name = "datarobot"

    def connect(self, context: ProviderContext) -> Connection:
        """Return a connection; raises ConfigurationError when options are wrong. Calls no platform."""
        from .provider import connect

        return connect(context)

    def public_options(self, options: Mapping[str, Any]) -> Mapping[str, Json]:
        """Return all options but the token, and the proxy where its address holds a password."""
        from wlinfra.provider import public_options

        from .configuration import DataRobotConfig

        config = DataRobotConfig.parse(options)
        secret = {"token", *(["proxy"] if "@" in (config.proxy or "") else [])}
        return public_options(config, options, secret)

    def options_model(self) -> type[BaseModel]:
        """Return the model of the options."""
        from .configuration import DataRobotConfig

        return DataRobotConfig

    def own_resources(self) -> Sequence[type[Resource]]:
        """Return nothing: what DataRobot runs is declared by the resources of every platform."""
        return ()

    def how_to_let_go(self, item: ObjectState) -> str:
        """Return nothing: what the state forgets stays as it is."""
        return ""

    def emulator(self, options: EmulatorOptions) -> RunningEmulator:
        """Return the emulator, not serving yet; raises ConfigurationError for an API version it does not speak."""
        from .emulator import DataRobotEmulator, Dialect, Durations

        return DataRobotEmulator(
            port=options.port,
            data=options.data,
            seed=options.seed_demo,
            durations=Durations.realistic() if options.realistic else None,
            dialect=options.api or Dialect.OCTOBER,
        )


PROVIDER = _DataRobotProvider()
