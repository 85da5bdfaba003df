"""The embedded emulator: nothing to install, and separate commands meet the same platform."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wlinfra.errors import ConfigurationError
from wlinfra.provider.base import Absent, Live, ProviderContext, ReadRequest
from wlinfra.values import Address
from wlinfra_datarobot import PROVIDER
from wlinfra_datarobot.provider import DataRobotConnection

ARTIFACT = {
    "name": "server",
    "spec": {"containerGroups": [{"containers": [{"name": "main", "imageUri": "a:1", "port": 8080}]}]},
}


def _connect(folder: Path, **options: Any) -> DataRobotConnection:
    context = ProviderContext(
        name="default", options=options, environ={}, data_dir=folder, stack="demo", environment="local"
    )
    connection = PROVIDER.connect(context)
    assert isinstance(connection, DataRobotConnection)
    return connection


def _read(connection: DataRobotConnection) -> Any:
    (found,) = connection.read([ReadRequest(address=Address("artifact.server"), kind="artifact", name="server")])
    return found


def test_its_world_outlives_the_connection(tmp_path: Path) -> None:
    first = _connect(tmp_path, endpoint="emulator")
    assert isinstance(_read(first), Absent)
    first.platform.client.artifacts.create(ARTIFACT)
    first.close()
    second = _connect(tmp_path, endpoint="emulator")
    assert isinstance(_read(second), Live)
    second.close()


def test_nothing_is_started_before_the_first_question(tmp_path: Path) -> None:
    connection = _connect(tmp_path, endpoint="emulator")
    assert not (tmp_path / "datarobot").exists()
    connection.close()


def test_a_wrong_option_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        _connect(tmp_path, endpont="emulator")
    assert "endpont" in str(refused.value)
