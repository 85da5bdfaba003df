"""What an engine asked of an earlier plugin, with the states that it wrote, is answered the same way today."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.pulumi_protocol import Client, service_over
from support.pulumi_replay import differences, replayed

from wlinfra.pulumi.bridge.bridge import CoreBridge

SESSIONS = sorted((Path(__file__).parent / "recorded").glob("*.jsonl"))


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    bridge = CoreBridge({"HOME": str(tmp_path), "PULUMI_HOME": str(tmp_path), "DATAROBOT_API_TOKEN": "none"})
    with service_over(lambda: bridge, engine="127.0.0.1:1") as client:
        yield client
    bridge.close()


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.stem)
def test_a_recorded_session_is_answered_as_it_was_and_asks_no_platform(client: Client, session: Path) -> None:
    lines = session.read_text().splitlines()
    found = [(number, wrong) for number, line in enumerate(lines) for wrong in differences(*replayed(client, line))]
    assert found == []
    assert len(lines) > 5


def test_there_are_sessions() -> None:
    assert len(SESSIONS) == 3


def test_nothing_recorded_is_secret() -> None:
    text = "".join(session.read_text() for session in SESSIONS)
    assert "canary" not in text
    assert "/tmp" not in text


@pytest.mark.parametrize(
    ("recorded", "today", "wrong"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [".a: 1 is 2"]),
        ({"a": "*"}, {"a": 2}, []),
        ({"a": False, "b": {}}, {}, []),
        ({}, {"a": [1]}, [".a: None is [1]"]),
        ({"a": {"b": 1}}, {"a": {}}, [".a.b: 1 is None"]),
    ],
)
def test_what_counts_as_the_same_answer(recorded: object, today: object, wrong: list[str]) -> None:
    assert list(differences(recorded, today)) == wrong
