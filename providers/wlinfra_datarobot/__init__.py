"""The DataRobot provider of wlinfra; the entry point group ``wlinfra.providers`` names `PROVIDER`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wlinfra.provider.base import Connection, ProviderContext

__all__ = ["PROVIDER"]


class _DataRobotProvider:
    """Connects to a DataRobot installation, or to the emulator of one."""

    name = "datarobot"

    def connect(self, context: ProviderContext) -> Connection:
        """Return a connection; raises ConfigurationError when options are wrong. Calls no platform."""
        from .provider import connect

        return connect(context)


PROVIDER = _DataRobotProvider()
