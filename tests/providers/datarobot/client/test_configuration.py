"""Where the endpoint and the token come from, and what is said when they are missing or wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.scripted_server import Reply, scripted

from wlinfra.errors import ConfigurationError
from wlinfra.values import Secret
from wlinfra_datarobot.configuration import (
    ApiServer,
    DataRobotConfig,
    open_client,
    resolve,
    unverified,
)

URL = "https://dr.example/api/v2"


def token_of(target: ApiServer) -> str | None:
    return target.token() if target.token is not None else None


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / ".config" / "datarobot"
    folder.mkdir(parents=True)
    (folder / "drconfig.yaml").write_text(
        "endpoint: https://file.example/api/v2/\ntoken: from-file\nssl_verify: false\nmax_retries: 3\n"
    )
    return tmp_path


def test_the_options_win(home: Path) -> None:
    environ = {"HOME": str(home), "DATAROBOT_ENDPOINT": "https://env.example/api/v2", "DATAROBOT_API_TOKEN": "from-env"}
    target = resolve(DataRobotConfig.parse({"endpoint": URL + "/", "token": "from-option"}), environ)
    assert (target.endpoint, token_of(target), target.verify) == (URL, "from-option", True)


def test_then_the_environment(home: Path) -> None:
    environ = {"HOME": str(home), "DATAROBOT_ENDPOINT": "https://env.example/api/v2", "DATAROBOT_API_TOKEN": "from-env"}
    target = resolve(DataRobotConfig(), environ)
    assert (target.endpoint, token_of(target), target.verify, target.source) == (
        "https://env.example/api/v2",
        "from-env",
        True,
        "DATAROBOT_ENDPOINT",
    )


def test_then_the_platforms_own_file(home: Path) -> None:
    target = resolve(DataRobotConfig(), {"HOME": str(home)})
    assert (target.endpoint, token_of(target), target.verify) == ("https://file.example/api/v2", "from-file", False)


def test_the_file_can_stand_elsewhere(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("endpoint: https://other.example/api/v2\ntoken: t\n")
    target = resolve(DataRobotConfig(), {"HOME": str(home), "DATAROBOT_CONFIG_FILE": str(other)})
    assert target.endpoint == "https://other.example/api/v2"


@pytest.mark.parametrize("options", [{}, {"endpoint": URL}], ids=["endpoint", "token"])
def test_what_is_missing_is_said_with_all_three_ways(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve(DataRobotConfig.parse(options), {"HOME": str(tmp_path)})
    assert all(way in str(caught.value) for way in ("endpoint=", "DATAROBOT_API_TOKEN", "drconfig.yaml", "emulator"))


def test_the_emulator_needs_no_token(tmp_path: Path) -> None:
    target = resolve(DataRobotConfig.parse({"endpoint": "emulator"}), {"HOME": str(tmp_path)})
    assert (target.is_emulator, target.token) == (True, None)


@pytest.mark.parametrize(
    ("endpoint", "says"),
    [
        ("https://dr.example", "https://dr.example/api/v2"),
        ("dr.example/api/v2", "no URL"),
        ("https://u:p@dr.example/api/v2", "no URL"),
    ],
)
def test_a_wrong_endpoint_is_explained(endpoint: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        resolve(DataRobotConfig.parse({"endpoint": endpoint, "token": "t"}), {})


def test_wrong_options_are_named_all_at_once_without_their_values() -> None:
    with pytest.raises(ConfigurationError) as caught:
        DataRobotConfig.parse({"tokn": "CANARY", "token": ["CANARY"], "retries": -1})
    text = str(caught.value)
    assert "CANARY" not in text
    assert all(name in text for name in ("tokn", "token", "retries"))


def test_a_token_never_shows(home: Path) -> None:
    config = DataRobotConfig.parse({"endpoint": URL, "token": "CANARY"})
    assert "CANARY" not in repr(config) + str(config) + repr(resolve(config, {}))


def test_a_secret_is_revealed_with_the_first_call_only() -> None:
    fetched: list[str] = []
    secret = Secret(lambda: fetched.append("now") or "t", describe="a test")  # type: ignore[func-returns-value]  # the list's append is the trace
    target = resolve(DataRobotConfig.parse({"endpoint": URL, "token": secret}), {})
    assert fetched == []
    assert (token_of(target), fetched) == ("t", ["now"])


def test_a_token_file_is_read_again_after_a_refusal(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old\n")
    with scripted(Reply(json={"id": "a"}), Reply(status=401), Reply(json={"id": "b"})) as server:
        config = DataRobotConfig.parse({"endpoint": server.url, "token_file": str(path)})
        client = open_client(config, resolve(config, {}), replace(config.sending(), user_agent="wlinfra/1"))
        client.workloads.get("a")
        path.write_text("new\n")
        client.workloads.get("b")
    assert [request.headers["Authorization"] for request in server.received] == [
        "Bearer old",
        "Bearer old",
        "Bearer new",
    ]
    assert server.received[0].headers["User-Agent"] == "wlinfra/1"


@pytest.mark.parametrize("content", [None, ""], ids=["missing", "empty"])
def test_a_token_file_without_a_token_is_explained(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match="Token file"):
        token_of(resolve(DataRobotConfig.parse({"endpoint": URL, "token_file": str(path)}), {}))


def test_two_tokens_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Two tokens"):
        resolve(DataRobotConfig.parse({"endpoint": URL, "token": "t", "token_file": str(tmp_path / "t")}), {})


def test_a_damaged_file_is_refused_without_quoting_it(tmp_path: Path) -> None:
    path = tmp_path / "drconfig.yaml"
    path.write_text("token: [CANARY\nendpoint: }")
    with pytest.raises(ConfigurationError) as caught:
        resolve(DataRobotConfig(), {"DATAROBOT_CONFIG_FILE": str(path)})
    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_proxy_and_authorities_come_along(tmp_path: Path) -> None:
    config = DataRobotConfig.parse({"endpoint": URL, "token": "t", "ca_file": str(tmp_path / "ca.pem")})
    target = resolve(config, {"HTTPS_PROXY": "http://proxy:3128"})
    assert (target.proxy, target.verify) == ("http://proxy:3128", str(tmp_path / "ca.pem"))


def test_bundle_sizes_are_part_of_the_configuration() -> None:
    config = DataRobotConfig.parse(
        {"bundles": {"gpu.h100": {"cpu": 8, "memory": "64GB", "gpu": 1, "gpu_type": "H100"}}}
    )
    assert config.bundles["gpu.h100"].gpu_type == "H100"


@pytest.mark.parametrize(
    ("options", "environ", "warned"),
    [
        ({"endpoint": "https://dr.example.com/api/v2", "verify": False}, {}, True),
        ({"verify": False}, {"DATAROBOT_ENDPOINT": "https://dr.example.com/api/v2"}, True),
        ({"endpoint": "https://dr.example.com/api/v2"}, {}, False),
        ({"endpoint": "http://127.0.0.1:1/api/v2", "verify": False}, {}, False),
        ({"endpoint": "emulator", "verify": False}, {}, False),
        ({"verify": False}, {"HOME": "/nowhere"}, False),
    ],
)
def test_a_certificate_that_is_not_checked_is_warned_of(
    options: dict[str, Any], environ: dict[str, str], warned: bool
) -> None:
    assert bool(unverified(DataRobotConfig.parse(options), environ)) is warned
