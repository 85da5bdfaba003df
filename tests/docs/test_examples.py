"""Every example of the pages works as it is shown: programs plan, commands print that and end so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.pages import ROOT, Block, Reader, Section, commands_of, read_sections

from wlinfra.cli.arguments import parse_arguments
from wlinfra_datarobot.emulator import DataRobotEmulator

PAGES = ("README.md", "docs/guide.md", "docs/state.md", "docs/ci.md", "docs/python-api.md", "docs/providers.md")
SECTIONS = [(page, section) for page in PAGES for section in read_sections(page)]
NAMES = [f"{page}:{section.title}" for page, section in SECTIONS]


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """Somebody with an empty folder."""
    environ = {"HOME": str(tmp_path / "home"), "NO_COLOR": "1", "TERM": "dumb", "USER": "ada"}
    return Reader(folder=tmp_path, url="", environ=environ)


@pytest.mark.parametrize(("page", "section"), SECTIONS, ids=NAMES)
def test_examples_do_what_the_page_shows(page: str, section: Section, reader: Reader) -> None:
    with DataRobotEmulator() as emulator:
        reader.url = emulator.url
        reader.follow(section)


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_scripts_have_options_that_exist(page: str) -> None:
    shown = [block for section in read_sections(page) for block in section.blocks if block.kind in ("sh", "yaml")]
    commands = [command for block in shown for command in commands_of(block)]
    assert all(parse_arguments(command).command == command[0] for command in commands)


@pytest.mark.parametrize("page", PAGES)
def test_every_program_shown_is_run_by_a_command(page: str) -> None:
    for section in read_sections(page):
        typed = "\n".join(block.text for block in section.blocks if block.kind in ("console", "first"))
        for block in section.blocks:
            assert not block.file or _runs(typed, block), f"{page}: {block.file} under {section.title}"


def _runs(typed: str, block: Block) -> bool:
    return block.file in typed or (
        block.file == "infra.py" and re.search("^(\\$ )?wlinfra", typed, re.MULTILINE) is not None
    )


@pytest.mark.parametrize(
    "page", [*PAGES, "docs/datarobot.md", "docs/emulator-datarobot.md", "docs/pulumi.md", "CHANGELOG.md"]
)
def test_links_lead_to_files_and_headings_that_exist(page: str) -> None:
    file = ROOT / page
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", file.read_text()):
        path, _, anchor = target.partition("#")
        found = (file.parent / path).resolve() if path else file
        assert found.exists(), target
        assert not anchor or anchor in _anchors(found), target


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
