from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_reference_page_says_what_the_models_say() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "reference.py"))
    written = (ROOT / "docs" / "resources.md").read_text(encoding="utf-8")
    assert written == script["render"](), "run python scripts/reference.py"


def test_the_reference_page_covers_every_model() -> None:
    written = (ROOT / "docs" / "resources.md").read_text(encoding="utf-8")
    script = runpy.run_path(str(ROOT / "scripts" / "reference.py"))
    models = [model for chapter in script["CHAPTERS"].values() for model in chapter]
    assert [model.__name__ for model in models if f"### {model.__name__}\n" not in written] == []
