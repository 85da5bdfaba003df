"""Writes docs/datarobot-attributes.md, what each attribute becomes on DataRobot, from the provider's rows.

Run it after changing a row: ``python scripts/reference_datarobot.py``. A test compares the file with what it would write.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from wlinfra.diff.schema import Attribute, Effect
from wlinfra_datarobot.attributes.artifact import ARTIFACT_ROWS
from wlinfra_datarobot.attributes.dialects import DIALECTS
from wlinfra_datarobot.attributes.rows import Row, Shape
from wlinfra_datarobot.attributes.workload import WORKLOAD_ROWS

FILE = Path(__file__).parent.parent / "docs" / "datarobot-attributes.md"

EFFECTS = {
    Effect.STORED: "kept for the next roll",
    Effect.IN_PLACE: "changed in place",
    Effect.ROLLS: "rolls",
    Effect.REPLACES: "replaces",
}


def render() -> str:
    """Return the page."""
    return "\n".join(
        [
            "# What each attribute becomes on DataRobot",
            "",
            "Made from the provider's rows by `python scripts/reference_datarobot.py`; do not edit it by hand.",
            "Paths begin at the resource, in its long form; `containers` is short for the containers of its one group, and `replicas`,",
            "`autoscaling`, `bundles`, `allocations`, `cpu`, `memory` and `gpu` of a workload are short for those of `runtime`.",
            "An attribute without a name of ours is known to the platform only: it is compared or left alone, never declared.",
            "What a change of an artifact's `spec` costs depends on its status, see [datarobot.md](datarobot.md).",
            *_chapter("Artifact", ARTIFACT_ROWS),
            *_chapter("Workload", WORKLOAD_ROWS),
            "",
        ]
    )


def _chapter(title: str, shape: Shape) -> Iterator[str]:
    yield from (
        "",
        f"## {title}",
        "",
        "| declared | on the platform | a change | default | versions |",
        "|---|---|---|---|---|",
    )
    effects: dict[str, Effect] = {}
    for declared, wire, row in shape.paths():
        above = effects.get(wire.rpartition(".")[0].removesuffix("[]"), Effect.IN_PLACE)
        effects[wire] = row.attribute.effect if row.attribute.effect is not None else above
        if row.flat:
            continue
        words = EFFECTS[effects[wire]] if not row.attribute.computed else "set by the platform"
        ours = f"`{declared}`" if row.declared else ""
        yield f"| {ours} | `{wire}` | {words} | {_default(row.attribute)} | {_versions(row)} |"


def _default(attribute: Attribute) -> str:
    return "" if attribute.default is None else f"`{json.dumps(attribute.default)}`"


def _versions(row: Row) -> str:
    having = [name for name, dialect in DIALECTS.items() if row.need is None or row.need.has(dialect)]
    return "all" if len(having) == len(DIALECTS) else ", ".join(having)


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
