"""A mistake names the calls of the program that led to it."""

from __future__ import annotations

from pathlib import Path

import pytest

import wlinfra as wl
from wlinfra.errors import DeclarationError, Diagnostic
from wlinfra.render.diagnostics import render_diagnostics
from wlinfra.render.source import read_source_line
from wlinfra.stack.program import declare, load_stack

HEAD = """\
import wlinfra as wl
from parts import container, image_of

stack = wl.Stack("trace")


@stack.resources
def resources(env):
"""
TAIL = """

stack.environment("test", provider="memory")
"""
PARTS = """\
import wlinfra as wl


def image_of(name):
    return {}[name]


def container(name):
    return wl.Container(image=name, prot=8080)
"""


def mistakes(folder: Path, body: str) -> list[Diagnostic]:
    (folder / "parts.py").write_text(PARTS)
    (folder / "infra.py").write_text(HEAD + body + TAIL)
    with pytest.raises(DeclarationError) as caught:
        declare(load_stack(folder / "infra.py"), "test")
    return list(caught.value.diagnostics)


def places(item: Diagnostic) -> list[tuple[str, int]]:
    assert item.location is not None
    return [(Path(place.file).name, place.line) for place in (item.location, *item.called_from)]


def test_an_exception_shows_the_chain_of_the_programs_own_calls(tmp_path: Path) -> None:
    body = """\
    for name in ("a", "b"):
        yield from [wl.Artifact(name, containers=[wl.Container(image=image_of(name), port=8080)]) for _ in range(2)]
"""
    (found,) = mistakes(tmp_path, body)
    assert places(found) == [("parts.py", 5), ("infra.py", 10)]
    text = render_diagnostics([found], source_line=read_source_line)
    assert "5:     return {}[name]" in text
    assert "parts.py line 5\n" in text
    assert "infra.py line 10\n" in text


def test_a_wrong_attribute_in_a_helper_names_the_call_of_the_helper(tmp_path: Path) -> None:
    body = """\
    yield wl.Artifact("a", containers=[container("a")])
    yield wl.Artifact("b", containers=[container("b")])
"""
    unknown = [item for item in mistakes(tmp_path, body) if item.summary == "Unknown attribute"]
    assert [places(item) for item in unknown] == [
        [("parts.py", 9), ("infra.py", 9)],
        [("parts.py", 9), ("infra.py", 10)],
    ]
    text = render_diagnostics(unknown)
    assert text.count("parts.py line 9") == 2, "both are told apart by who called"


def test_a_mistake_in_the_function_itself_needs_no_chain(tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, '    yield wl.Artifact("a", container=[])\n')[:1]
    assert places(found) == [("infra.py", 9)]


def test_an_exception_while_a_module_is_imported_names_the_import(tmp_path: Path) -> None:
    (tmp_path / "parts.py").write_text("raise ValueError('no')\n")
    (tmp_path / "infra.py").write_text(HEAD + "    yield" + TAIL)
    with pytest.raises(DeclarationError) as caught:
        load_stack(tmp_path / "infra.py")
    assert places(caught.value.diagnostics[0]) == [("parts.py", 1), ("infra.py", 2)]


def test_endless_recursion_is_cut_short(tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, "    yield from resources(env)\n")
    assert found.detail.startswith("The program raised RecursionError")
    text = render_diagnostics([found], source_line=read_source_line)
    assert len(text.splitlines()) < 30


@pytest.mark.parametrize(
    ("item", "word"), [("None", "yields None"), ('"x"', "yields a str"), ("resources", "function")]
)
def test_what_is_no_resource_is_named_with_its_line(tmp_path: Path, item: str, word: str) -> None:
    body = f"    yield from inner()\n\n\ndef inner():\n    pass\n    yield {item}\n"
    (found,) = mistakes(tmp_path, body)
    assert word in found.detail
    assert places(found) == [("infra.py", 14)]


NEAR = {
    "yield sever": "Did you mean server?",
    "yield wl.Worklod('chat')": "Did you mean Workload?",
    "yield wl.Output('at', server.idd)": "Did you mean id?",
    "print(env.setings)": "Did you mean settings?",
    "print(nothing_like_it_at_all)": "Correct this line.",
}


@pytest.mark.parametrize("line", NEAR)
def test_a_name_that_is_not_there_is_answered_with_the_nearest(tmp_path: Path, line: str) -> None:
    program = tmp_path / "infra.py"
    program.write_text(
        "import wlinfra as wl\nstack = wl.Stack('s')\nstack.environment('e', provider='memory')\n"
        "@stack.resources\ndef resources(env):\n"
        "    server = wl.Artifact('server', containers=[wl.Container(image='a:1', port=8080)])\n"
        f"    yield server\n    {line}\n"
    )
    with pytest.raises(wl.DeclarationError) as caught:
        wl.declare(wl.load_stack(program), "e")
    (found,) = caught.value.diagnostics
    assert (found.fix, found.location and found.location.line) == (NEAR[line], 8)


@pytest.mark.parametrize("make", ["'Bearer ' + s", "s + '!'", "f'{s}'", "'%s' % s", "str(s)", "'{}'.format(s)", "s[0]"])
def test_a_secret_is_part_of_no_other_string(make: str) -> None:
    with pytest.raises((TypeError, wl.DeclarationError), match=r"(?i)secret"):
        wl.Container(image="a:1", port=8080, env={"A": eval(make, {"s": wl.secret_env("A")})})
