"""The base of every emulator: a clock that can be driven, routes, planned faults, a crash-safe world and a server."""

from __future__ import annotations

from .clock import Clock, ManualClock
from .exchange import Exchange
from .faults import Delay, Drop, Fault, FaultPlan, Invoke, Phase, Reply, Truncate
from .routes import Match, Miss, Request, Response, Route, Routes, json_response
from .server import EmulatorServer
from .store import Document, Store, Transaction, WorldDamagedError

__all__ = [
    "Clock",
    "Delay",
    "Document",
    "Drop",
    "EmulatorServer",
    "Exchange",
    "Fault",
    "FaultPlan",
    "Invoke",
    "ManualClock",
    "Match",
    "Miss",
    "Phase",
    "Reply",
    "Request",
    "Response",
    "Route",
    "Routes",
    "Store",
    "Transaction",
    "Truncate",
    "WorldDamagedError",
    "json_response",
]
