"""What the program marked as secret is sent where it belongs and stands in no text: no error, report, record or journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.api_client import ApiClient
from support.pulumi_engine import ARTIFACT, WORKLOAD, Engine, chat, server, text_of

from wlinfra.emulation import Reply
from wlinfra.pulumi.contract import BridgeError, SecretValue
from wlinfra_datarobot.emulator import DataRobotEmulator

CANARY = "canary-7f3a9c"


def texts(folder: Path) -> str:
    return "\n".join(path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())


def hidden(outputs: Any) -> Any:
    """Return the outputs without what stands in a secret of the program."""
    if isinstance(outputs, SecretValue):
        return None
    if isinstance(outputs, dict):
        return {key: hidden(item) for key, item in outputs.items()}
    return [hidden(item) for item in outputs] if isinstance(outputs, list) else outputs


def test_a_secret_variable_is_sent_and_recorded_as_a_digest(
    engine: Engine, emulator: DataRobotEmulator, tmp_path: Path
) -> None:
    inputs = server()
    inputs["containers"][0]["env"] = SecretValue({"TOKEN": CANARY})
    assert engine.up(ARTIFACT, "server", inputs) == "create"
    made = engine.recorded(ARTIFACT, "server")
    sent = ApiClient(emulator.url).call("GET", f"/artifacts/{made.outputs['artifactId']}").body
    assert CANARY in str(sent)
    assert CANARY not in text_of(hidden(dict(made.outputs)))
    assert CANARY not in texts(tmp_path / "pulumi")
    assert engine.up(ARTIFACT, "server", inputs) == "same"
    again = server()
    again["containers"][0]["env"] = {"TOKEN": SecretValue(f"{CANARY}-2")}
    assert engine.up(ARTIFACT, "server", again) == "update"
    assert CANARY not in "\n".join(engine.lines)


@pytest.mark.parametrize(
    "wrong",
    [
        {"containers": SecretValue([{"image": CANARY, "port": CANARY}])},
        {"containers": [{"image": "a:1", "port": SecretValue(CANARY)}]},
        {"containers": [{"image": "a:1", "port": 8080}], "status": SecretValue(CANARY)},
        SecretValue({"containers": CANARY}),
    ],
)
def test_a_wrong_secret_is_refused_without_a_word_of_it(engine: Engine, wrong: Any) -> None:
    inputs = wrong if isinstance(wrong, dict) else {"containers": wrong}
    checked = engine.bridge.check(engine.subject(ARTIFACT, "server"), None, inputs)
    assert checked.failures
    assert CANARY not in repr(checked.failures)
    with pytest.raises(BridgeError) as refused:
        engine.bridge.create(engine.subject(ARTIFACT, "server"), inputs, 0)
    assert CANARY not in str(refused.value)


def test_what_the_platform_says_of_a_secret_is_hidden(engine: Engine, emulator: DataRobotEmulator) -> None:
    inputs = server(description=SecretValue(CANARY))
    assert engine.up(ARTIFACT, "server", inputs) == "create"
    engine.up(WORKLOAD, "chat", chat(engine, server(), description=SecretValue(CANARY)))
    body = {"message": f"{CANARY}-2 is wrong"}
    emulator.faults.on(Reply(422, body=body), method="PATCH", path="/workloads")
    with pytest.raises(BridgeError) as refused:
        engine.up(WORKLOAD, "chat", chat(engine, server(), description=SecretValue(f"{CANARY}-2")))
    assert CANARY not in str(refused.value)
