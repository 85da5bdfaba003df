from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from wlinfra.errors import ConfigurationError
from wlinfra.provider.registry import GROUP, installed_providers, load_provider

MODULES = {
    "good_provider": "class Provider:\n    name = 'good'\n    def connect(self, context): ...\nPROVIDER = Provider()\n",
    "lean_provider": "import a_module_of_an_extra\n",
    "broken_provider": "from json import no_such_name\n",
    "empty_provider": "PROVIDER = 5\n",
}


@pytest.fixture(autouse=True)
def modules(tmp_path: Path) -> Iterator[None]:
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text)
    sys.path.insert(0, str(tmp_path))
    yield
    sys.path.remove(str(tmp_path))
    for name in MODULES:
        sys.modules.pop(name, None)


def points(**values: str) -> list[EntryPoint]:
    return [EntryPoint(name=name, value=value, group=GROUP) for name, value in values.items()]


def fail(name: str, *found: EntryPoint) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_provider(name, search=lambda: found)
    return str(caught.value)


def test_a_provider_is_found_by_its_name() -> None:
    assert load_provider("good", search=lambda: points(good="good_provider:PROVIDER")).name == "good"


def test_an_unknown_name_lists_the_installed_ones() -> None:
    found = points(b="x:Y", a="x:Y")
    assert "Installed are: a, b." in fail("c", *found)
    assert "Installed are: none." in fail("c")


def test_the_name_of_an_extra_comes_with_the_command_that_installs_it() -> None:
    assert "pip install 'wlinfra[kubernetes]'" in fail("kubernetes")


def test_a_missing_module_of_an_extra_comes_with_the_command_that_installs_it() -> None:
    text = fail("lean", *points(lean="lean_provider:PROVIDER"))
    assert "needs the module 'a_module_of_an_extra'" in text
    assert "pip install 'wlinfra[lean]'" in text


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ("broken_provider:PROVIDER", "cannot import name 'no_such_name'"),
        ("good_provider:NOTHING", "has no attribute 'NOTHING'"),
        ("no_such_module:PROVIDER", "No module named 'no_such_module'"),
    ],
)
def test_a_provider_that_cannot_be_imported_tells_the_cause_and_keeps_it(value: str, cause: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(cause)) as caught:
        load_provider("x", search=lambda: points(x=value))
    assert isinstance(caught.value.__cause__, ImportError | AttributeError)


def test_what_is_no_provider_is_refused() -> None:
    assert "it is no provider" in fail("x", *points(x="empty_provider:PROVIDER"))


def test_two_providers_of_one_name_are_both_named() -> None:
    text = fail("x", *points(x="good_provider:PROVIDER"), *points(x="empty_provider:PROVIDER"))
    assert "empty_provider:PROVIDER" in text
    assert "good_provider:PROVIDER" in text


def test_the_distribution_brings_its_own_provider() -> None:
    assert "datarobot" in installed_providers()
