from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from support.command_line import CommandLine


def test_init_writes_a_program_that_is_valid(tmp_path: Path) -> None:
    line = CommandLine(tmp_path)
    ended = line.run("init")
    assert "wlinfra plan" in ended.out
    assert ".wlinfra/" in (tmp_path / ".gitignore").read_text().splitlines()
    assert "environment local" in line.run("validate").out


def test_init_overwrites_nothing_and_keeps_what_is_ignored(wlinfra: CommandLine) -> None:
    before = (wlinfra.folder / "infra.py").read_text()
    (wlinfra.folder / ".gitignore").write_text("*.log")
    assert "Program exists already" in wlinfra.run("init").err
    assert (wlinfra.folder / "infra.py").read_text() == before
    assert wlinfra.run("init", "other.py").code == 0
    assert (wlinfra.folder / ".gitignore").read_text().splitlines()[:2] == ["*.log", ".wlinfra/"]


def test_a_provider_without_an_emulator_says_so(wlinfra: CommandLine) -> None:
    ended = wlinfra.run("emulator", "memory")
    assert (ended.code, "ships no emulator" in ended.err) == (1, True)


SERVE = """
import sys
from contextlib import contextmanager
from wlinfra.cli.app import main
from wlinfra.testing import MemoryProvider

class Server:
    url = "http://127.0.0.1:1"
    def __enter__(self): return self
    def __exit__(self, *_): print("closed", flush=True)

class Provider(MemoryProvider):
    def emulator(self, options):
        print(options.port, options.seed_demo)
        return Server()

sys.exit(main(["emulator", "memory", "--port", "0", "--seed-demo"], providers={"memory": Provider()}))
"""


def test_an_emulator_serves_until_it_is_stopped() -> None:
    with subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(2)]
        os.kill(process.pid, signal.SIGTERM)
        rest = process.stdout.read()
    assert lines == ["0 True", "http://127.0.0.1:1"]
    assert rest.endswith("closed\n")
    assert process.returncode == 0
