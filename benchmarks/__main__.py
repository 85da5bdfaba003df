"""Runs the scenarios and prints a table: ``python -m benchmarks [--only H1,H5] [--size small|full] [--runs N]``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.support.bench import Bench, Size
from benchmarks.support.report import Report, Verdict, render_table

SCENARIOS = {
    "H1": "h01_plan_unchanged",
    "H2": "h02_apply_creates",
    "H3": "h03_one_change_in_state",
    "H5": "h05_diff",
    "H6": "h06_declare",
    "H7": "h07_start_up",
    "H8": "h08_uneven_graph",
    "H9": "h09_rate_limit",
    "H10": "h10_kubernetes_plan",
    "H11": "h11_growth",
}


def main() -> int:
    """Run what was asked for and return 0, whatever the verdicts: a scenario that breaks raises."""
    options = _options()
    reports: list[Report] = []
    with tempfile.TemporaryDirectory(prefix="wlinfra-bench-") as directory:
        bench = Bench(size=Size(options.size), runs=options.runs, directory=Path(directory))
        for name in options.only:
            start = time.perf_counter()
            reports.append(import_module(f"benchmarks.{SCENARIOS[name]}").measure(bench))
            print(f"{name} took {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
    print(render_table(reports))
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(report) for report in reports], indent=2, default=_plain))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", type=_names, default=tuple(SCENARIOS), metavar="H1,H5", help="these scenarios")
    parser.add_argument("--size", choices=[size.value for size in Size], default="full", help="small: only complete")
    parser.add_argument("--runs", type=int, metavar="N", help="runs of each alternative; 5, or 1 when small")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write rows and counts there")
    options = parser.parse_args()
    options.runs = options.runs or (5 if options.size == "full" else 1)
    return options


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.upper().split(","))
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no scenario {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    return names


def _plain(value: Any) -> Any:
    if isinstance(value, Verdict):
        return value.value
    raise TypeError(type(value).__name__)


if __name__ == "__main__":
    sys.exit(main())
