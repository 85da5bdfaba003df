"""Functions look up what exists and no resource of the program is."""

from __future__ import annotations

from typing import Any

import pytest
from support.pulumi_engine import ARTIFACT, WORKLOAD, Engine, chat, server

from wlinfra.pulumi.contract import BridgeError
from wlinfra.values import UNKNOWN, Secret
from wlinfra_datarobot.emulator import DataRobotEmulator

GET_ARTIFACT, GET_WORKLOAD = "wlinfra:index:getArtifact", "wlinfra:index:getWorkload"


@pytest.fixture
def both(engine: Engine) -> Engine:
    engine.up(ARTIFACT, "server", server())
    engine.up(WORKLOAD, "chat", chat(engine, server()))
    return engine


def invoke(engine: Engine, token: str, **arguments: Any) -> Any:
    return engine.bridge.invoke(token, arguments, preview=True)


def test_what_exists_is_found_by_its_name_or_its_id(both: Engine) -> None:
    outputs = both.recorded(WORKLOAD, "chat").outputs
    expected = {"workloadId": outputs["workloadId"], "endpoint": outputs["endpoint"]}
    assert invoke(both, GET_WORKLOAD, name="chat").inputs == {"name": "chat", **expected}
    by_id = invoke(both, GET_WORKLOAD, id=Secret(lambda: outputs["workloadId"], describe="an id")).inputs
    assert by_id == {"name": None, **expected}
    made = both.recorded(ARTIFACT, "server").outputs
    assert invoke(both, GET_ARTIFACT, id=made["artifactId"]).inputs == {
        "name": None,
        "artifactId": made["artifactId"],
        "version": 1,
        "repositoryId": made["repositoryId"],
    }


def test_what_does_not_exist_is_refused_by_its_name(both: Engine) -> None:
    with pytest.raises(BridgeError, match="nothing-of-that-name"):
        invoke(both, GET_WORKLOAD, name="nothing-of-that-name")


@pytest.mark.parametrize(
    ("arguments", "path"),
    [({}, ""), ({"id": "1", "name": "chat"}, ""), ({"name": 3}, "name"), ({"name": "chat", "nam": "x"}, "nam")],
)
def test_wrong_arguments_are_named(
    engine: Engine, emulator: DataRobotEmulator, arguments: dict[str, Any], path: str
) -> None:
    assert [failure.path for failure in invoke(engine, GET_WORKLOAD, **arguments).failures] == [path]
    assert len(emulator.requests) == 0


def test_an_argument_that_is_not_known_asks_nothing(engine: Engine, emulator: DataRobotEmulator) -> None:
    found = invoke(engine, GET_WORKLOAD, id=UNKNOWN).inputs
    assert found == {"name": UNKNOWN, "workloadId": UNKNOWN, "endpoint": UNKNOWN}
    assert len(emulator.requests) == 0


def test_a_function_that_there_is_not_is_named_with_those_that_there_are(engine: Engine) -> None:
    with pytest.raises(BridgeError, match=r"no function wlinfra:index:getNothing\. .*getArtifact"):
        invoke(engine, "wlinfra:index:getNothing")
