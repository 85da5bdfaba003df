"""The examples in docstrings are true, in every module that has one."""

from __future__ import annotations

import doctest
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import wlinfra
import wlinfra_datarobot
import wlinfra_kubernetes
import wlinfra_manifests


def modules_with_examples() -> Iterator[str]:
    """Yield their names, without importing the modules: some need an extra, and all take time."""
    for package in (wlinfra, wlinfra_datarobot, wlinfra_kubernetes, wlinfra_manifests):
        for root in package.__path__:
            for file in sorted(Path(root).rglob("*.py")):
                if ">>> " in file.read_text():
                    parts = file.relative_to(Path(root).parent).with_suffix("").parts
                    yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = list(modules_with_examples())


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold(name: str) -> None:
    results = doctest.testmod(importlib.import_module(name))
    assert results.failed == 0
    assert results.attempted > 0


def test_there_are_examples() -> None:
    assert len(MODULES) >= 30
