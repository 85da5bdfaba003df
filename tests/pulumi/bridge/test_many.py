"""Many resources at once, as the engine asks for them: from many threads, on one journal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from support.pulumi_engine import ARTIFACT, Engine, mutations, server

from wlinfra_datarobot.emulator import DataRobotEmulator

COUNT = 24


def test_creates_at_once_do_not_disturb_each_other(engine: Engine, emulator: DataRobotEmulator) -> None:
    names = [f"server-{number}" for number in range(COUNT)]
    with ThreadPoolExecutor(COUNT) as pool:
        assert list(pool.map(lambda name: engine.up(ARTIFACT, name, server()), names)) == ["create"] * COUNT
    assert len({one.id for one in engine.state.values()}) == COUNT
    made = len(mutations(emulator))
    assert made == 2 * COUNT  # created as a draft, and locked
    with ThreadPoolExecutor(COUNT) as pool:
        list(pool.map(lambda name: engine.destroy(ARTIFACT, name), names))
    assert len(mutations(emulator)) == made + COUNT


def test_an_unchanged_stack_asks_nothing_however_large_it_is(engine: Engine, emulator: DataRobotEmulator) -> None:
    names = [f"server-{number}" for number in range(4)]
    for name in names:
        engine.up(ARTIFACT, name, server())
    engine.restart()
    before = len(emulator.requests)
    assert [engine.up(ARTIFACT, name, server()) for name in names] == ["same"] * len(names)
    assert len(emulator.requests) == before
