"""A program that ends the process is an error of the program, whichever way it does that."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wlinfra.errors import DeclarationError
from wlinfra.stack.program import declare, load_stack

PROGRAM = """
import os, sys
import wlinfra as wl

TOP
stack = wl.Stack("shop")


@stack.resources
def resources(env):
    INSIDE
    yield wl.Output("a", 1)


stack.environment("test", provider="memory")
"""
ENDS = ["os._exit(0)", "sys.exit(0)", "raise SystemExit"]


@pytest.mark.parametrize("place", ["TOP", "INSIDE"])
@pytest.mark.parametrize("end", ENDS)
def test_it_is_named(tmp_path: Path, place: str, end: str) -> None:
    file = tmp_path / "infra.py"
    file.write_text(PROGRAM.replace(place, end).replace("TOP", "").replace("INSIDE", "pass"))
    before = os._exit
    with pytest.raises(DeclarationError, match="Program ended itself"):
        declare(load_stack(file), "test")
    assert os._exit is before


def test_its_children_may_end_as_they_like(tmp_path: Path) -> None:
    file = tmp_path / "infra.py"
    forking = "child = os.fork()\nif not child:\n    os._exit(7)\nstatus = os.waitpid(child, 0)[1]"
    file.write_text(
        PROGRAM.replace("TOP", forking).replace(
            "INSIDE", "yield wl.Output('status', os.waitstatus_to_exitcode(status))"
        )
    )
    declared = declare(load_stack(file), "test")
    assert [output.value for output in declared.outputs if output.name == "status"] == [7]
