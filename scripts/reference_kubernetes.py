"""Writes docs/kubernetes-attributes.md, which field stands for which attribute on Kubernetes, from the table of rendering.

Run it after changing a row: ``python scripts/reference_kubernetes.py``. A test compares the file with what it would write.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from wlinfra_manifests.attributes import ATTRIBUTES

FILE = Path(__file__).parent.parent / "docs" / "kubernetes-attributes.md"


def render() -> str:
    """Return the page."""
    return "\n".join(
        [
            "# Which attribute stands behind which field on Kubernetes",
            "",
            "Made from the table of rendering by `python scripts/reference_kubernetes.py`; do not edit it by hand.",
            "What the values become, what is warned of and what is refused is in [kubernetes-mapping.md](kubernetes-mapping.md).",
            "",
            "Plans, drift and `ignore_changes` use the attribute as the program has it: `runtime.container_groups[].replicas`",
            "is `replicas` in the short form, and `artifact.container_groups[].containers[]` is `artifact.containers[]`.",
            "`[]` is the same element of a list or a map on both sides, matched by its name, and `[*]` is any one. Tags are",
            "labels or annotations of every object, and descriptions of containers are annotations of what runs the pods.",
            "",
            "## What comes back",
            "",
            "Rendering has an inverse: live objects are declared again as a `Workload` and an `Artifact`, which are rendered",
            "again, and each field that differs is reported by its path. Fields that the server fills in do not count.",
            "A variable that a Secret holds comes back as a reference, never as its value. What is lost is what no object shows:",
            "the other bundles of a list, policies that are switched off, the replicas of what is stopped, `keep_old_minutes`,",
            "`priority` of a policy, and whether an artifact is a `service`, an `agent` or an `mcp`. `requests_in_flight` comes",
            "back as `concurrency`, and what was left out and has a default comes back left out.",
            *(line for kind, pairs in ATTRIBUTES.items() for line in _chapter(kind, pairs)),
            "",
        ]
    )


def _chapter(kind: str, pairs: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield from ("", f"## {kind}", "", "| attribute | field |", "|---|---|")
    yield from (f"| `{declared}` | `{wire}` |" for wire, declared in pairs if wire != declared)


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
