"""A stateful emulator of the DataRobot Workload API, for tests, for offline use and for clients written by others."""

from __future__ import annotations

from .emulator import DataRobotEmulator
from .serve import add_options, serve
from .world import DEFAULT_TOKEN, Dialect, Durations, Quirks

__all__ = ["DEFAULT_TOKEN", "DataRobotEmulator", "Dialect", "Durations", "Quirks", "add_options", "serve"]
