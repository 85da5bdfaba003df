"""An emulated platform per test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.emulated_platform import Platform


@pytest.fixture
def make_platform() -> Iterator[Any]:
    """Return a function that starts a platform with options; all end with the test."""
    made: list[Platform] = []

    def make(dialect: str = "2026-10", **options: Any) -> Platform:
        platform = Platform(dialect, **options)
        platform.emulator.start()
        made.append(platform)
        return platform

    yield make
    for platform in made:
        platform.api.close()
        platform.emulator.stop()


@pytest.fixture
def platform(make_platform: Any) -> Platform:
    """A platform that speaks 2026-10."""
    started: Platform = make_platform()
    return started
