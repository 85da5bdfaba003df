"""What every test may use: files of expected text, rewritten with `pytest --update-golden` and read in review."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

settings.load_profile("ci")  # wherever they run: no deadline, which a loaded machine exceeds, and the same examples
pytest.register_assert_rewrite("wlinfra.testing.contract")  # before any test imports it
pytest_plugins = ["engines.plugin", "slow_tests"]

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the files of expected text")


def pytest_configure() -> None:
    """Let the processes of tests be interrupted: a shell starts what runs in the background without Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionfinish() -> None:
    """Write what was covered, where that is measured: xdist kills a process that takes long to exit."""
    coverage = sys.modules.get("coverage")
    if coverage is not None and (measuring := coverage.Coverage.current()) is not None:
        measuring.save()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Let ``-n auto`` start one process more than there are processors: the cluster's tests wait more than they compute."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a function that compares a text with the file of that name."""
    updating = bool(request.config.getoption("--update-golden"))

    def compare(name: str, text: str) -> None:
        file = GOLDEN / name
        if updating:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.exists(), f"{file} does not exist: run pytest --update-golden and read what it wrote"
        assert text == file.read_text(encoding="utf-8")

    return compare
