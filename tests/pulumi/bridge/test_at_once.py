"""What the engine asks for many resources at once costs the platform few requests beside the calls themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from support.api_client import ApiClient
from support.pulumi_engine import ARTIFACT, Engine, mutations, server

from wlinfra.pulumi.contract import Found
from wlinfra_datarobot.emulator import DataRobotEmulator

MANY = 64
R = TypeVar("R")


def at_once(ask: Callable[[int], R]) -> list[R]:
    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(ask, range(MANY)))


def questions(emulator: DataRobotEmulator, since: int = 0) -> list[str]:
    return [f"{one.method} {one.path}" for one in list(emulator.requests)[since:] if one.method == "GET"]


def up(engine: Engine, more: str = "1") -> set[str]:
    return set(at_once(lambda n: engine.up(ARTIFACT, f"server{n}", server(f"ghcr.io/acme/chat:{more}"))))


def test_creates_at_once_need_less_than_one_question_each(engine: Engine, emulator: DataRobotEmulator) -> None:
    assert up(engine) == {"create"}
    assert len(mutations(emulator)) == 2 * MANY  # created and locked
    assert len(questions(emulator)) <= MANY
    assert len({engine.recorded(ARTIFACT, f"server{n}").id for n in range(MANY)}) == MANY
    threads = [thread.name for thread in threading.enumerate() if thread.name.startswith("wlinfra-")]
    assert len(threads) <= MANY + 4  # a worker for each, and one for the scheduler, the waits, the state and its lock


def test_what_did_not_change_is_previewed_and_kept_without_any_request(
    engine: Engine, emulator: DataRobotEmulator
) -> None:
    up(engine)
    engine.restart()
    before = len(emulator.requests)
    assert not any(engine.diff(ARTIFACT, f"server{n}", server()).changes for n in range(MANY))
    assert up(engine) == {"same"}
    assert len(emulator.requests) == before
    assert engine.diff(ARTIFACT, "server7", server("ghcr.io/acme/chat:2")).changes
    assert len(emulator.requests) <= before + 3  # is that version there already?


def test_a_refresh_reads_page_by_page(engine: Engine, emulator: DataRobotEmulator) -> None:
    up(engine)
    engine.restart()
    before = len(emulator.requests)
    found = at_once(lambda n: read(engine, f"server{n}"))
    assert all(item is not None and item.inputs == server() for item in found)
    assert mutations(emulator, before) == []
    assert len(questions(emulator, before)) <= MANY // 2


def read(engine: Engine, name: str) -> Found | None:
    return engine.bridge.read(engine.subject(ARTIFACT, name), engine.recorded(ARTIFACT, name), 0)


def test_a_destroy_at_once_leaves_nothing(engine: Engine, emulator: DataRobotEmulator) -> None:
    up(engine)
    engine.restart()
    before = len(emulator.requests)
    at_once(lambda n: engine.destroy(ARTIFACT, f"server{n}"))
    assert len(mutations(emulator, before)) == MANY
    assert ApiClient(emulator.url).call("GET", "/artifacts/").body["data"] == []
