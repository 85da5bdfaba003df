"""A process killed in the middle of writing loses nothing it had answered for, also beside another writer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wlinfra.emulation import Store

WRITER = """
import sys
from pathlib import Path
from wlinfra.emulation import Store

store = Store(Path(sys.argv[1]), compact_after=5000)
for number in range(100_000):
    with store.transaction() as tx:
        for part in "ab":
            tx.put("things", f"{sys.argv[2]}-{number}-{part}", {"text": "x" * 50})
    print(number, flush=True)
"""


def _writer(folder: Path, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(folder), name], stdout=subprocess.PIPE, text=True)


def _kill_after(process: subprocess.Popen[str], answers: int) -> int:
    """Kill the writer once it has answered so often, and return the last number it answered for."""
    assert process.stdout is not None
    for _ in range(answers):
        process.stdout.readline()
    process.kill()
    rest = process.stdout.read().splitlines()
    process.stdout.close()
    process.wait()
    return int(rest[-1]) if rest and rest[-1].isdigit() else answers - 1


@pytest.mark.parametrize("answers", [1, 7, 40, 150])
def test_everything_answered_for_is_there_and_whole(tmp_path: Path, answers: int) -> None:
    writers = {name: _writer(tmp_path, name) for name in ("one", "two")}
    last = {name: _kill_after(process, answers) for name, process in writers.items()}

    store = Store(tmp_path)
    with store.transaction() as tx:
        keys = set(tx.all("things"))
    store.close()

    for name, number in last.items():
        assert {f"{name}-{n}-{part}" for n in range(number) for part in "ab"} <= keys
    halves = {key.rpartition("-")[0] for key in keys}
    assert {f"{half}-{part}" for half in halves for part in "ab"} == keys
