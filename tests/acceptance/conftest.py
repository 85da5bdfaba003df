"""A project and an emulator that answers fast, every answer checked against the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.contract import ContractChecker
from support.project import Project
from support.world import World

from wlinfra_datarobot.emulator import DataRobotEmulator, Durations

QUICK = Durations(
    submitted=0.01,
    provisioning=0.01,
    launching=0.02,
    stopping=0.02,
    staged=0.01,
    promoting=0.02,
    finalizing=0.02,
    vanishing=0.05,
    warmup_minute=0.01,
    building=0.02,
)


@pytest.fixture
def emulator() -> Iterator[DataRobotEmulator]:
    with DataRobotEmulator(durations=QUICK, on_exchange=ContractChecker("2026-10").check) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(folder=tmp_path)


@pytest.fixture
def world(emulator: DataRobotEmulator) -> World:
    return World(emulator)
