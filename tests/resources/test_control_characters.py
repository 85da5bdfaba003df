"""What turns around, hides or ends a name in a terminal is refused where it is declared; prose may have lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.command_line import PROGRAM, CommandLine, Terminal

import wlinfra as wl
from wlinfra.cli.app import main

CONTROL = ["\x00", "\x1b[31m", "\x07", "\x7f", "\x9b", "\u202e", "\u2066", "\u200f", "\u2028", "\ud800"]
LINES = ["\n", "\t", "\r\n"]


def container(**attributes: Any) -> wl.Container:
    return wl.Container(**{"image": "chat:1", "port": 8080, **attributes})


NAMES: dict[str, Any] = {
    "name": lambda text: wl.Artifact(f"a{text}b", containers=[container()]),
    "platform_name": lambda text: wl.Artifact("a", platform_name=f"a{text}b", containers=[container()]),
    "image": lambda text: container(image=f"a{text}b"),
    "variable": lambda text: container(env={f"A{text}B": "x"}),
    "credential": lambda text: container(env={"A": wl.credential("65f0", f"a{text}b")}),
    "credential id": lambda text: container(env={"A": wl.credential(f"65f0{text}", "a")}),
    "header": lambda text: container(readiness_probe=wl.Probe(path="/", port=8080, headers={f"A{text}": "b"})),
    "header value": lambda text: container(readiness_probe=wl.Probe(path="/", port=8080, headers={"A": f"b{text}"})),
    "tag": lambda text: wl.Workload("a", artifact="65f0", tags={f"a{text}b": "b"}),
    "tag value": lambda text: wl.Workload("a", artifact="65f0", tags={"a": f"b{text}"}),
    "template": lambda text: wl.Workload(
        "a", artifact="65f0", tags={"a": f"{wl.Workload('b', artifact='65f0').id}{text}"}
    ),
    "bundle": lambda text: wl.Workload("a", artifact="65f0", bundles=[f"cpu{text}"]),
    "output": lambda text: wl.Output(f"a{text}b", 1),
    "metric": lambda text: wl.custom_metric(f"a{text}b", target=1, max=2),
    "lookup": lambda text: wl.lookup("workload", name=f"a{text}b"),
    "scope": lambda text: wl.scope(f"a{text}b").__enter__(),
    "stack": lambda text: wl.Stack(f"a{text}b"),
    "environment": lambda text: wl.Stack("a").environment(f"a{text}b", provider="memory"),
}
PROSE: dict[str, Any] = {
    "artifact": lambda text: wl.Artifact("a", description=f"a{text}b", containers=[container()]),
    "workload": lambda text: wl.Workload("a", artifact="65f0", description=f"a{text}b"),
    "container": lambda text: container(description=f"a{text}b"),
}


@pytest.mark.parametrize("kind", NAMES)
def test_no_name_has_a_control_character(kind: str) -> None:
    for text in [*CONTROL, *LINES]:
        with pytest.raises(wl.DeclarationError) as refused:
            NAMES[kind](text)
        assert text in LINES or text not in str(refused.value)


@pytest.mark.parametrize("kind", PROSE)
def test_prose_may_have_lines_and_nothing_else(kind: str) -> None:
    for text in CONTROL:
        with pytest.raises(wl.DeclarationError):
            PROSE[kind](text)
    for text in [*LINES, "\N{SMILING FACE WITH SMILING EYES}\N{ZERO WIDTH JOINER}", "caf\xe9"]:
        assert f"a{text}b" in repr(PROSE[kind](text)) or PROSE[kind](text).description == f"a{text}b"


@pytest.mark.parametrize("text", ["#!/bin/sh\nexec serve\t--x", "\x1b[31m"])
def test_values_for_processes_are_theirs(text: str) -> None:
    made = container(env={"A": text}, entrypoint=["sh", "-c", text])
    assert (made.env[0].value, made.entrypoint) == (text, ("sh", "-c", text))


def test_an_output_is_escaped_at_a_terminal_and_as_it_is_in_a_pipe(tmp_path: Path) -> None:
    applied = CommandLine(tmp_path)
    applied.write(PROGRAM.replace("chat.endpoint", r"'a\x1b[31mb'"))
    assert applied.run("apply", "--auto-approve").code == 0
    assert applied.run("output", "endpoint").out == "a\x1b[31mb\n"
    terminal = Terminal()
    main(["output", "endpoint", "--chdir", str(applied.folder)], stdout=terminal)
    assert terminal.getvalue() == "a\\x1b[31mb\n"
