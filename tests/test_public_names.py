"""What users may rely on: the promised names, and that importing them costs nothing."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import wlinfra as wl

HEAVY = ("deepdiff", "http.client", "kubernetes", "pulumi", "pydantic", "rich", "urllib3", "yaml")


def modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


DOORS = ("wlinfra.provider", "wlinfra.testing", "wlinfra.emulation")
"""What providers, their tests and their emulators import."""
PINNED = Path(__file__).parent / "golden" / "public_names"


@pytest.mark.parametrize("door", DOORS)
def test_a_door_offers_the_pinned_names_and_no_others(door: str) -> None:
    module = import_module(door)
    offered = {name for name, value in vars(module).items() if not isinstance(value, ModuleType)}
    assert {name for name in offered if not name.startswith("_")} - {"annotations"} == set(module.__all__)
    assert sorted(module.__all__) == (PINNED / f"{door}.txt").read_text().split()


@pytest.mark.parametrize(
    "module",
    [
        "wlinfra.testing.contract",
        "wlinfra_datarobot",
        "wlinfra_kubernetes",
        "pulumi_wlinfra",
        "pulumi_wlinfra.kubernetes",
        "pulumi_wlinfra.testing",
    ],
)
def test_a_module_promises_the_pinned_names(module: str) -> None:
    assert sorted(import_module(module).__all__) == (PINNED / f"{module}.txt").read_text().split()


def test_the_promised_names_are_those_that_can_be_imported() -> None:
    promised = {name: getattr(wl, name) for name in wl.__all__}
    public = {name for name in dir(wl) if not name.startswith("_") and not hasattr(getattr(wl, name), "__path__")}
    modules = {name for name in public if type(getattr(wl, name)).__name__ == "module"}
    assert public - modules - {"annotations", "import_module", "TYPE_CHECKING", "Any"} == set(promised)


def test_the_promised_names_are_sorted() -> None:
    assert wl.__all__ == sorted(wl.__all__, key=lambda name: (name.casefold(), name))


def test_importing_loads_nothing() -> None:
    loaded = modules_after("import wlinfra")
    assert [name for name in HEAVY if name in loaded] == []
    assert {name for name in loaded if name.startswith("wlinfra")} == {"wlinfra"}


def test_declaring_loads_pydantic_alone() -> None:
    loaded = modules_after("import wlinfra as wl\nfor name in wl.__all__: getattr(wl, name)")
    assert [name for name in HEAVY if name in loaded] == ["pydantic"]


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(wl, "Wokload")


def test_a_name_of_an_earlier_version_is_an_error_that_has_the_new_one() -> None:
    with pytest.raises(AttributeError, match=r"it is wl\.ScalingPolicy now"):
        getattr(wl, "Policy")  # noqa: B009 - mypy knows that there is none
