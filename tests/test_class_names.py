"""One name stands for one idea: no two public classes of a package, or of the core and a provider, share one."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "src" / "wlinfra"
PROVIDERS = [ROOT / "providers" / name for name in ("wlinfra_datarobot", "wlinfra_kubernetes", "wlinfra_manifests")]
ELSEWHERE = (
    "emulation",  # the server's side of HTTP, which knows nothing of the core
    "emulator",  # an independent witness: it speaks the platform's words
    "render/document.py",  # the documents of a plan, always written `doc.Plan`, have the names of what they show
    "client/wire",  # the platform's words for what it answers
    "cluster/wire.py",
    "pulumi",  # a client of the core with a process of its own
)


def classes_in(package: Path) -> dict[str, list[str]]:
    """Return where each public class of a package is defined."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted(package.rglob("*.py")):
        place = file.relative_to(package).as_posix()
        if any(place.startswith(other) for other in ELSEWHERE):
            continue
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(f"{package.name}/{place}")
    return found


@pytest.mark.parametrize("package", [CORE, *PROVIDERS], ids=lambda package: package.name)
def test_a_class_of_a_package_has_its_name_alone(package: Path) -> None:
    assert {name: places for name, places in classes_in(package).items() if len(places) > 1} == {}


@pytest.mark.parametrize("package", PROVIDERS, ids=lambda package: package.name)
def test_a_provider_gives_no_name_of_the_core_another_meaning(package: Path) -> None:
    own, core = classes_in(package), classes_in(CORE)
    assert {name: own[name] + core[name] for name in own.keys() & core.keys()} == {}
