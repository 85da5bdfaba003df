"""A stack on an emulated platform for every test of the provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.datarobot_stage import Stage


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Return a function that opens stages with options, such as a dialect; all are closed after the test."""
    opened: list[Stage] = []

    def opening(**options: object) -> Stage:
        opened.append(Stage(tmp_path / f"stage{len(opened)}", **options))  # type: ignore[arg-type]
        return opened[-1]

    yield opening
    for stage in opened:
        stage.close()


@pytest.fixture
def stage(stages: Callable[..., Stage]) -> Stage:
    """Return a stage of the newest dialect."""
    return stages()
