"""What is wrong is said in one sentence with its path, and nothing is called: the plugin, its bridge and a platform."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2 as pb
from support.pulumi_fake_bridge import shown
from support.pulumi_protocol import PROVIDER, Client, refusal, service_over, tree

from wlinfra.pulumi.bridge.bridge import CoreBridge
from wlinfra.pulumi.contract import SecretValue
from wlinfra.pulumi.service.codec import decode
from wlinfra.values import UNKNOWN
from wlinfra_datarobot.emulator import DataRobotEmulator

TOKEN = "canary-of-the-environment"
SERVER = {"containers": [{"image": "ghcr.io/acme/chat:1", "port": 8080}]}
ARTIFACT = "wlinfra:index:Artifact"


@pytest.fixture
def platform() -> Iterator[DataRobotEmulator]:
    with DataRobotEmulator(token=TOKEN) as emulator:
        yield emulator


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path), "PULUMI_HOME": str(tmp_path), "DATAROBOT_API_TOKEN": TOKEN}


@pytest.fixture
def client(platform: DataRobotEmulator, environ: dict[str, str]) -> Iterator[Client]:
    bridge = CoreBridge(environ)
    with service_over(lambda: bridge, engine="127.0.0.1:1") as client:
        client.configure({"endpoint": platform.url})
        yield client
    bridge.close()


def is_plain(text: str) -> bool:
    """Whether a text is fit for a user: nothing of Python in it, no command of the other tool, no secret."""
    return not any(word in text for word in ("Traceback", "pydantic", "Error(", "wlinfra plan", "wlinfra state", TOKEN))


@pytest.mark.parametrize(
    ("properties", "path", "words"),
    [
        ({**SERVER, "descripton": "x"}, "descripton", "description"),
        ({"containers": [{"image": "a:1", "prt": 1}]}, "containers[0].prt", "port"),
        ({"containers": [{"image": "a:1", "port": "many"}]}, "containers[0].port", "integer"),
        ({"containers": "chat"}, "containers", ""),
        ({"containers": []}, "containers", ""),
        ({"containers": [{"image": 7}]}, "containers[0].image", ""),
        ({**SERVER, "type": "nimbus"}, "type", "nim"),
        ({"containers": [{"image": "a:1", "port": float("nan")}]}, "containers[0].port", ""),
    ],
)
def test_a_wrong_property_is_named_at_its_path(
    client: Client, platform: DataRobotEmulator, properties: Any, path: str, words: str
) -> None:
    failures = client.check(properties, token=ARTIFACT).failures
    assert [one.property for one in failures] == [path]
    assert words in failures[0].reason
    assert is_plain(failures[0].reason)
    assert list(platform.requests) == []


@pytest.mark.parametrize(
    ("config", "key", "words"),
    [
        ({"endpiont": "x"}, "endpiont", "endpoint"),
        ({"platform": "moon"}, "platform", "datarobot"),
        ({"platform": "kubernetes", "endpoint": "x"}, "endpoint", ""),
        ({"endpoint": "not an address"}, "endpoint", "`endpoint`"),
        ({}, "", "Give `endpoint=`"),
    ],
)
def test_a_wrong_configuration_is_named_by_its_key(client: Client, config: Any, key: str, words: str) -> None:
    answer = client.stub.CheckConfig(pb.CheckRequest(urn=PROVIDER, news=tree(config)))
    assert key in [one.property for one in answer.failures]
    (reason,) = [one.reason for one in answer.failures if one.property == key]
    assert words in reason
    assert is_plain(reason)


def test_an_expired_token_is_a_clean_refusal_without_the_token(
    platform: DataRobotEmulator, environ: dict[str, str]
) -> None:
    bridge = CoreBridge({**environ, "DATAROBOT_API_TOKEN": "canary-expired"})
    with service_over(lambda: bridge, engine="127.0.0.1:1") as client:
        client.configure({"endpoint": platform.url})
        error = refusal(lambda: client.create(SERVER, token=ARTIFACT))
    bridge.close()
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "canary-expired" not in error.details()
    assert is_plain(error.details())
    assert {one.method for one in platform.requests} <= {"GET"}


def test_a_platform_that_nobody_reaches_is_unavailable(environ: dict[str, str]) -> None:
    with DataRobotEmulator(token=TOKEN) as gone:
        url = gone.url
    bridge = CoreBridge(environ)
    with service_over(lambda: bridge, engine="127.0.0.1:1") as client:
        client.configure({"endpoint": url})
        error = refusal(lambda: client.read("65f0c0ffee0123456789abcd", token=ARTIFACT, timeout=2))
    bridge.close()
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    assert is_plain(error.details())


@pytest.mark.parametrize("record", ["{", "[]", '{"version": 999}', "", 7])
def test_a_damaged_record_is_refused_and_nothing_is_called(
    client: Client, platform: DataRobotEmulator, record: Any
) -> None:
    made = decode(client.create(SERVER, token=ARTIFACT).properties)
    before = len(platform.requests)
    damaged = {**made, "record": SecretValue(record)}
    changed = {"containers": [{"image": "ghcr.io/acme/chat:2", "port": 8080}]}
    client.check(changed, SERVER, token=ARTIFACT)
    error = refusal(lambda: client.diff(changed, inputs=SERVER, outputs=damaged, token=ARTIFACT))
    assert error.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION)
    assert "record" in error.details()
    assert is_plain(error.details())
    assert len(platform.requests) == before


@pytest.mark.parametrize("name", ["a/b", "a.b", "a::b", "caf\u00e9 \u00fc", "x" * 200, "-", ".."])
def test_a_resource_may_have_any_name_that_pulumi_takes(client: Client, name: str) -> None:
    assert not client.check(SERVER, token=ARTIFACT, name=name).failures
    made = client.create(SERVER, token=ARTIFACT, name=name)
    found = client.read(made.id, inputs=SERVER, outputs=decode(made.properties), token=ARTIFACT, name=name)
    assert shown(decode(found.inputs)) == SERVER


def test_a_name_with_a_control_character_is_refused_before_anything_is_called(
    client: Client, platform: DataRobotEmulator
) -> None:
    (failure,) = client.check(SERVER, token=ARTIFACT, name="a\nb").failures
    assert "control character" in failure.reason
    assert list(platform.requests) == []


def test_five_megabytes_are_checked_and_planned(client: Client) -> None:
    container = {"image": "a:1", "port": 1, "env": {"LARGE": "x" * (5 << 20)}}
    assert client.check({"containers": [container]}, token=ARTIFACT).inputs
    assert client.create({"containers": [container]}, token=ARTIFACT, preview=True).properties


def test_all_unknown_is_no_error(client: Client, platform: DataRobotEmulator) -> None:
    inputs = {"containers": UNKNOWN, "description": SecretValue(UNKNOWN)}
    assert not client.check(inputs, token=ARTIFACT).failures
    assert shown(decode(client.create(inputs, token=ARTIFACT, preview=True).properties))["containers"] is UNKNOWN
    assert list(platform.requests) == []
