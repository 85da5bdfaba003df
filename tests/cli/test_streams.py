"""What a program prints stands in no result, and an output that takes nothing is an error before anything is done."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """\
import subprocess

import wlinfra as wl

print("printed by the program")
subprocess.run(["echo", "printed by a child"], check=True)

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    subprocess.run(["echo", "printed by a child"], check=True)
    yield wl.Artifact("server", containers=[wl.Container(image="shop:1", port=8080)])


stack.environment("test", provider="datarobot", endpoint="emulator")
"""


def run(folder: Path, words: str) -> subprocess.CompletedProcess[str]:
    """Run it through a shell, which can close and redirect streams."""
    environ = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "NO_COLOR": "1"}
    return subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m wlinfra {words}"],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "infra.py").write_text(PROGRAM)
    return tmp_path


def test_what_the_children_of_a_program_print_stands_in_no_result(folder: Path) -> None:
    ended = run(folder, "plan --format json")
    assert json.loads(ended.stdout)["stack"] == "shop"
    assert ended.stderr.count("printed by a child") == 2
    assert ended.stderr.count("printed by the program") == 1


@pytest.mark.parametrize("words", ["plan", "apply --auto-approve", "version", "--help"])
@pytest.mark.parametrize("to", [">&-", ">/dev/full"])
def test_an_output_that_takes_nothing_is_an_error_before_any_call(folder: Path, words: str, to: str) -> None:
    if to == ">/dev/full" and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    ended = run(folder, f"{words} {to}")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "tandard output" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list(folder.rglob("journal.jsonl"))


def test_a_closed_error_stream_hides_no_result(folder: Path) -> None:
    ended = run(folder, "plan --format json 2>&-")
    assert json.loads(ended.stdout)["stack"] == "shop"
