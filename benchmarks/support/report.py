"""What a scenario found: rows of the table, and counts that are the same on every machine.

Every scenario returns a `Report`; `benchmarks.__main__` prints the rows and writes all of it as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

__all__ = ["Report", "Row", "Verdict", "at_least", "at_most", "missing", "render_table"]


class Verdict(Enum):
    """How a row stands to its target."""

    MET = "met"
    NOT_MET = "not met"
    PEER_MISSING = "peer missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: a ratio beside its target."""

    what: str
    ratio: float | None
    """Measured; None when the peer is missing."""
    target: str
    peer: str
    """What it was measured against."""
    verdict: Verdict
    detail: str = ""
    """The medians behind the ratio, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything one scenario tells."""

    name: str
    rows: tuple[Row, ...]
    counts: Mapping[str, Any] = field(default_factory=dict)
    """Free of noise: requests, syncs, bytes, documents. Tests assert these."""


def at_least(what: str, ratio: float, target: float, *, peer: str, detail: str = "") -> Row:
    """Return a row whose ratio must reach the target."""
    verdict = Verdict.MET if ratio >= target else Verdict.NOT_MET
    return Row(what=what, ratio=ratio, target=f">= {target:g}x", peer=peer, verdict=verdict, detail=detail)


def at_most(what: str, ratio: float, target: float, *, peer: str, detail: str = "") -> Row:
    """Return a row whose ratio must not exceed the target."""
    verdict = Verdict.MET if ratio <= target else Verdict.NOT_MET
    return Row(what=what, ratio=ratio, target=f"<= {target:g}x", peer=peer, verdict=verdict, detail=detail)


def missing(what: str, target: str, *, peer: str) -> Row:
    """Return the row of a comparison whose peer is not installed."""
    return Row(what=what, ratio=None, target=target, peer=peer, verdict=Verdict.PEER_MISSING)


def render_table(reports: Iterable[Report]) -> str:
    """Return all rows as a Markdown table that also reads well on a terminal."""
    lines = [["", "scenario", "measured", "target", "against", "verdict", "medians"]]
    for report in reports:
        for row in report.rows:
            measured = "" if row.ratio is None else f"{row.ratio:.2f}x" if row.ratio < 10 else f"{row.ratio:.0f}x"
            lines.append([report.name, row.what, measured, row.target, row.peer, row.verdict.value, row.detail])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    rule = ["-" * width for width in widths]
    return "\n".join(_line(line, widths) for line in [lines[0], rule, *lines[1:]])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
