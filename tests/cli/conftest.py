"""The command line in a temporary folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import CommandLine


@pytest.fixture
def wlinfra(tmp_path: Path) -> CommandLine:
    """A folder with a program, nothing applied."""
    line = CommandLine(tmp_path)
    line.write()
    return line


@pytest.fixture
def applied(wlinfra: CommandLine) -> CommandLine:
    """A folder whose program was applied."""
    assert wlinfra.run("apply", "--auto-approve").code == 0
    return wlinfra
