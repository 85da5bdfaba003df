"""An engine, a plugin and an emulated DataRobot for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from support.pulumi_engine import Engine

from wlinfra.pulumi.bridge.bridge import CoreBridge
from wlinfra.values import Secret
from wlinfra_datarobot.emulator import DataRobotEmulator, Durations


@pytest.fixture
def emulator() -> Iterator[DataRobotEmulator]:
    with DataRobotEmulator(durations=Durations.instant()) as emulator:
        yield emulator


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., CoreBridge]:
    """Return a function that starts a plugin."""
    environ = {"HOME": str(tmp_path), "PULUMI_HOME": str(tmp_path / "pulumi")}

    def made(more: Mapping[str, str] | None = None) -> CoreBridge:
        return CoreBridge({**environ, **(more or {})})

    return made


@pytest.fixture
def engine(start: Callable[..., CoreBridge], emulator: DataRobotEmulator) -> Iterator[Engine]:
    engine = Engine(
        start(), {"endpoint": emulator.url, "token": Secret(lambda: "none", describe="the token")}, start=start
    )
    yield engine
    engine.bridge.close()
