"""What users may rely on: the promised names, and that importing them costs nothing."""

from __future__ import annotations

import subprocess
import sys

import wlinfra as wl

HEAVY = ("deepdiff", "http.client", "kubernetes", "pulumi", "pydantic", "rich", "urllib3", "yaml")


def modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


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
