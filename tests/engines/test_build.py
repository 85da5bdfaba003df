"""Engines are taken from where they are, else built once."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from engines.build import Carried, EngineMissingError, Inputs, Program, find

GO = """#!/bin/sh
echo "$@" >> "$WLINFRA_ENGINES/go.log"
printf '#!/bin/sh\\n' > "$GOBIN/server"
chmod +x "$GOBIN/server"
"""
GO_WITH_MODULES = """#!/bin/sh
folder="$(basename "$PWD")"
echo "$folder: $@" >> "$WLINFRA_ENGINES/go.log"
case "$1 $folder" in
    "list engine") echo "$WLINFRA_ENGINES/module" ;;
    "install engine") printf '#!/bin/sh\\n' > "$GOBIN/server" ;;
    "install host") printf '#!/bin/sh\\n' > "$GOBIN/host" ;;
esac
"""
SAYS = """#!/bin/sh
echo tool version v{version}
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inputs:
    """An engine of one program, with an empty PATH and a cache of its own."""
    folder = tmp_path / "engine"
    folder.mkdir()
    (folder / "go.mod").write_text("module test\n")
    (folder / "go.sum").write_text("")
    (tmp_path / "bin").mkdir()
    (tmp_path / "cache").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("WLINFRA_ENGINES", str(tmp_path / "cache"))
    monkeypatch.delenv("WLINFRA_TEST_TOOL", raising=False)
    program = Program(name="wlinfra-tool", built_as="server", variable="WLINFRA_TEST_TOOL", oldest=(3, 4))
    return Inputs(name="tool", folder=folder, programs=(program,), linker_flags="-X a=b")


def _script(file: Path, text: str) -> Path:
    file.write_text(text)
    file.chmod(0o755)
    return file


def test_a_named_program_comes_first(engine: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = _script(tmp_path / "mine", SAYS.format(version="0.1.0"))
    _script(tmp_path / "bin" / "wlinfra-tool", SAYS.format(version="9.9.9"))
    monkeypatch.setenv("WLINFRA_TEST_TOOL", str(named))
    assert find(engine) == {"wlinfra-tool": named}


def test_a_name_without_a_program_is_an_error(engine: Inputs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WLINFRA_TEST_TOOL", "/nowhere/tool")
    with pytest.raises(EngineMissingError, match="WLINFRA_TEST_TOOL is '/nowhere/tool'"):
        find(engine)


def test_a_program_of_the_path_is_taken_when_new_enough(engine: Inputs, tmp_path: Path) -> None:
    found = _script(tmp_path / "bin" / "wlinfra-tool", SAYS.format(version="3.4.23"))
    assert find(engine) == {"wlinfra-tool": found}


def test_an_old_program_of_the_path_is_not_taken(engine: Inputs, tmp_path: Path) -> None:
    _script(tmp_path / "bin" / "wlinfra-tool", SAYS.format(version="3.3.9"))
    _script(tmp_path / "bin" / "go", GO)
    assert find(engine)["wlinfra-tool"].parent.parent == tmp_path / "cache"


def test_what_is_missing_is_built_once(engine: Inputs, tmp_path: Path) -> None:
    _script(tmp_path / "bin" / "go", GO)
    first = find(engine)
    assert find(engine) == first
    assert (tmp_path / "cache" / "go.log").read_text() == "install -trimpath -ldflags -s -w -X a=b tool\n"


def test_another_go_mod_is_another_build(engine: Inputs, tmp_path: Path) -> None:
    _script(tmp_path / "bin" / "go", GO)
    first = find(engine)
    (engine.folder / "go.sum").write_text("a v1 h1:x\n")
    assert find(engine) != first


def test_another_source_file_is_another_build(engine: Inputs, tmp_path: Path) -> None:
    _script(tmp_path / "bin" / "go", GO)
    first = find(engine)
    (engine.folder / "main.go").write_text("package main\n")
    assert find(engine) != first


def test_tools_of_several_modules_are_built_into_one_folder_with_the_scripts_they_carry(
    engine: Inputs, tmp_path: Path
) -> None:
    _script(tmp_path / "bin" / "go", GO_WITH_MODULES)
    (tmp_path / "cache" / "module").mkdir()
    (tmp_path / "cache" / "module" / "script").write_text("#!/bin/sh\n")
    host = tmp_path / "host"
    host.mkdir()
    (host / "go.mod").write_text("module host\n")
    (host / "go.sum").write_text("")
    second = Program(name="host", built_as="host", variable="WLINFRA_TEST_HOST", oldest=(1, 0))
    carried = (Carried(module="example.test/module", path="script"),)
    found = find(replace(engine, programs=(*engine.programs, second), others=(host,), carried=carried, tags="one,two"))
    folders = {program.parent for program in found.values()}
    assert {file.name for file in folders.pop().iterdir()} == {"wlinfra-tool", "host", "script"}
    assert not folders
    assert os.access(found["host"].with_name("script"), os.X_OK)
    assert (tmp_path / "cache" / "go.log").read_text().splitlines() == [
        "engine: install -trimpath -tags one,two -ldflags -s -w -X a=b tool",
        "host: install -trimpath -tags one,two -ldflags -s -w -X a=b tool",
        "engine: mod download example.test/module",
        "engine: list -m -f {{.Dir}} example.test/module",
    ]


def test_a_failed_build_leaves_nothing_and_says_why(engine: Inputs, tmp_path: Path) -> None:
    _script(tmp_path / "bin" / "go", "#!/bin/sh\necho no such module >&2\nexit 1\n")
    with pytest.raises(EngineMissingError, match="ended with 1:\nno such module"):
        find(engine)
    assert not [file for file in (tmp_path / "cache").glob("tool-*") if not file.name.endswith(".partial")]


def test_without_go_the_error_names_the_ways_out(
    engine: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(
        EngineMissingError, match=r"install Go 1\.26 or later, or name the programs by WLINFRA_TEST_TOOL"
    ):
        find(engine)
