"""Moves the clock of the process back, so that what is written is in the past on every machine that reads it."""

from __future__ import annotations

import time

_BACK = 365 * 86400
_now = time.time
time.__dict__["time"] = lambda: _now() - _BACK
