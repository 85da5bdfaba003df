"""A stack on DataRobot is destroyed by its record: the endpoint is recorded, the token comes from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.api_client import ApiClient
from support.command_line import CommandLine

from wlinfra_datarobot.emulator import DataRobotEmulator, Durations

TOKEN = "s3cret-token-of-nobody"
PROGRAM = """\
import wlinfra as wl

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    server = wl.Artifact("server", containers=[wl.Container(image="shop:1", port=8080)])
    yield server
    yield wl.Workload("chat", artifact=server, replicas=1, bundles=["cpu.small"])


stack.environment("test", provider="datarobot", endpoint={endpoint!r}, token={token})
"""


@pytest.mark.parametrize("token", [repr(TOKEN), 'wl.secret_env("TOKEN")'])
def test_a_stack_whose_program_is_broken_is_destroyed(tmp_path: Path, token: str) -> None:
    with DataRobotEmulator(durations=Durations.instant(), token=TOKEN) as emulator:
        line = CommandLine(tmp_path, environ={"TOKEN": TOKEN})
        text = PROGRAM.format(endpoint=emulator.url, token=token)
        line.write(text)
        assert line.run("apply", "--auto-approve").code == 0
        files = [path for path in (tmp_path / ".wlinfra").rglob("*") if path.is_file()]
        assert [path.name for path in files if TOKEN.encode() in path.read_bytes()] == []

        line.write(text + ")")
        refused = line.run("destroy", "--auto-approve")
        assert refused.code == 1
        for why in ("No DataRobot token", "The program could not be loaded (", "Secrets are not recorded"):
            assert why in refused.out + refused.err
        line.environ["DATAROBOT_API_TOKEN"] = TOKEN
        ended = line.run("destroy", "--auto-approve")
        assert ended.code == 0, ended
        api = ApiClient(emulator.url, token=TOKEN)
        assert api.ok("GET", "/workloads?limit=100")["data"] == []
        api.close()
