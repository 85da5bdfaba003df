"""A quoted line of a program has no string that may be a secret; what is harmless is quoted."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wlinfra.errors import Location
from wlinfra.render.source import read_source_line

FOLDER = "import wlinfra as wl\nfrom wlinfra_kubernetes import Manifest\n"


def quoted(folder: Path, line: str, number: int = 3) -> str | None:
    file = folder / "infra.py"
    file.write_text(FOLDER + line + "\n", encoding="utf-8")
    return read_source_line(Location(str(file), number))


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('chat = wl.Workload("chat", replicas=-1)', 'chat = wl.Workload("chat", replicas=-1)'),
        ('wl.Container(image="acme/chat:1", port=80)', 'wl.Container(image="acme/chat:1", port=80)'),
        ('Manifest("config", manifest=given)', 'Manifest("config", manifest=given)'),
        ('stack.environment("prod", provider="datarobot")', 'stack.environment("prod", provider="datarobot")'),
        ('stack.environment("prod", token="canary")', 'stack.environment("prod", token="…")'),
        ('wl.Container(env={"TOKEN": "canary", "N": 5})', 'wl.Container(env={"TOKEN": "…", "N": 5})'),
        ('wl.Container(image="https://ada:canary@acme/chat")', 'wl.Container(image="…")'),
        ('wl.Workload("chat", bundles=["cpu.small"])', 'wl.Workload("chat", bundles=["cpu.small"])'),
        ("PASSWORD = 271828", 'PASSWORD = "…"'),
        ("stack.environment('prod', pin=271828)", "stack.environment('prod', pin=\"…\")"),
        ('login("canary")  # or "canary"', 'login("…")  '),
        ('wl.secret_command("pass canary")', 'wl.secret_command("…")'),
        ('wl.Workload(f"chat-{number}")', 'wl.Workload(f"chat-{number}")'),
        ('grüße("canary", naïve="canary"); x = 1', 'grüße("…", naïve="…"); x = 1'),
        ('if env.name == "canary":\n    pass', 'if env.name == "…":'),
        ('wl.Workload("chat" token="canary")', None),
        ('wl.Workload("chat" image="canary")', 'wl.Workload("…" image="…")'),
        ('x = "canary', None),
    ],
)
def test_a_string_is_quoted_only_where_it_is_known_to_be_harmless(tmp_path: Path, line: str, shown: str | None) -> None:
    assert quoted(tmp_path, line) == shown


def test_a_line_inside_a_long_string_is_not_quoted(tmp_path: Path) -> None:
    assert quoted(tmp_path, 'KEY = """\ncanary\n"""; x = 1', 4) == '"…"'
    assert quoted(tmp_path, 'KEY = """\ncanary\n"""; x = 1', 5) == '"…"; x = 1'


_PLACES = [
    "x = {}",
    "x: str = {}",
    "f({})",
    "f(x={})",
    "f(*[{}])",
    "f(**{{'a': {}}})",
    "x = {{'a': {}}}",
    "x = [{}, 1]",
    "x = y or {}",
    "x = {} % y",
    "x = {}.format(y)",
    "assert x, {}",
    "raise ValueError({})",
    "return_ = lambda: {}",
    "x = y if z else {}",
    "wl.Workload('chat', description={})",
    "wl.Workload('chat', tags={{'a': {}}})",
    "wl.Container(image='a', env={{'A': {}}})",
    "wl.Container(image='a', entrypoint=['serve', {}])",
    "wl.secret({})",
    "wl.Secret(lambda: {}, describe='d')",
    "wl.Output('a', {})",
    "stack.environment('prod', providers={{'a': {{'token': {}}}}})",
    "if x == {}: pass",
    "if (x := {}): pass",
    "x = f'a{{{}}}'",
    "x = 1  # {}",
    "x = ({}",
    "class X: y = {}",
    "async def f(): await g({})",
    "@f({})\ndef g(): pass",
    "match x:\n    case {}: pass",
]


@given(
    place=st.sampled_from(_PLACES),
    quotes=st.sampled_from(['"', "'", '"""', "b'", 'r"', 'f"']),
    value=st.from_regex(r"[a-z]{0,4}canary[a-z0-9]{0,4}", fullmatch=True),
)
def test_no_other_string_is_quoted_wherever_it_stands(
    tmp_path_factory: pytest.TempPathFactory, place: str, quotes: str, value: str
) -> None:
    folder = tmp_path_factory.mktemp("program")
    text = place.format(f"{quotes}{value}{quotes.lstrip('brf')}")
    for number in range(1, 4 + text.count("\n")):
        assert "canary" not in (quoted(folder, text, number) or "")
