"""H11: how plan and apply grow with the number of resources, on a platform in memory.

Every size runs in a process of its own, which tells its times and the peak of its memory.
"""

from __future__ import annotations

import gc
import json
import math
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.support.bench import ROOT, Bench
from benchmarks.support.documents import artifact_spec
from benchmarks.support.inputs import Bed, Item, declare_all
from benchmarks.support.installed import run
from benchmarks.support.memory import peak_bytes
from benchmarks.support.report import Report, Row, at_most
from benchmarks.support.timing import show
from wlinfra.changes.model import Step
from wlinfra.resources.base import Resource
from wlinfra.testing import MemoryCall, MemoryProvider

_GROWTH = 2.2
"""The most that doubling the resources may cost."""
_FIXED_BYTES = 60e6
_BYTES_PER_RAW = 6
_PHASES = ("declare", "plan of creates", "apply", "plan of nothing")

T = TypeVar("T")


def measure(bench: Bench) -> Report:
    """Return the worst growth of each phase and the memory against its bound."""
    sizes = (1_000, 2_000, 5_000, 10_000) if bench.is_full else (50, 100)
    found: dict[int, list[dict[str, Any]]] = {size: [] for size in sizes}
    for _ in range(min(bench.runs, 3)):
        for size in sizes:
            found[size].append(_in_child(bench, size))
    medians = {size: _medians(many) for size, many in found.items()}
    rows = [_growth(phase, medians, sizes) for phase in _PHASES]
    largest = found[sizes[-1]][0]
    bound = _FIXED_BYTES + _BYTES_PER_RAW * largest["raw bytes"]
    rows.append(
        at_most(
            f"peak memory, {sizes[-1]:,}",
            largest["peak bytes"] / bound,
            1,
            peer="60 MB + 6x the raw JSON",
            detail=f"{largest['peak bytes'] / 1e6:.0f} MB to {bound / 1e6:.0f} MB",
        )
    )
    return Report(name="H11", rows=tuple(rows), counts={str(size): many[0]["counts"] for size, many in found.items()})


def _growth(phase: str, medians: Mapping[int, Mapping[str, float]], sizes: Sequence[int]) -> Row:
    """Return the steepest growth between two neighbouring sizes, as the factor of one doubling."""
    factors = {}
    for smaller, larger in pairwise(sizes):
        doublings = math.log2(larger / smaller)
        factors[smaller, larger] = (medians[larger][phase] / medians[smaller][phase]) ** (1 / doublings)
    (smaller, larger), factor = max(factors.items(), key=lambda item: item[1])
    detail = ", ".join(f"{size:,}: {show(medians[size][phase])}" for size in sizes)
    return at_most(
        f"{phase}, twice as many", factor, _GROWTH, peer=f"steepest, {smaller:,} to {larger:,}", detail=detail
    )


def _medians(many: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    return {phase: sorted(one["seconds"][phase] for one in many)[len(many) // 2] for phase in _PHASES}


def _in_child(bench: Bench, size: int) -> dict[str, Any]:
    paths = [str(ROOT), *(path for path in sys.path if path)]
    output = run(
        [sys.executable, "-m", "benchmarks.h11_growth", str(size), bench.folder("growth")],
        cwd=bench.directory,
        environ={"PYTHONPATH": os.pathsep.join(paths)},
    )
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


# ---------------------------------------------------------------- in the child process


def _resources(size: int) -> Iterator[Resource]:
    for number in range(size):
        yield Item(f"i-{number}", value=artifact_spec(number))


def _measure_child(size: int, directory: Path) -> dict[str, Any]:
    gc.set_threshold(50_000, 50, 50)  # as the command line does
    seconds: dict[str, float] = {}
    asked = _Asked()
    provider = MemoryProvider(calls=asked)
    declared = _timed(seconds, "declare", lambda: declare_all(lambda: _resources(size)))
    bed = Bed(directory, provider, declared)
    plan = _timed(seconds, "plan of creates", bed.plan)
    before = bed.stats.syncs, bed.stats.bytes_written
    _timed(seconds, "apply", partial(bed.apply, plan))
    syncs, written = bed.stats.syncs - before[0], bed.stats.bytes_written - before[1]
    del plan
    again = _timed(seconds, "plan of nothing", bed.plan)
    raw = sum(len(json.dumps(artifact_spec(number))) for number in range(size))
    counts = {
        "creates": asked.counts["create"],
        "questions": {name: asked.counts[name] for name in ("read", "poll")},
        "syncs": syncs,
        "bytes written per raw byte": round(written / raw, 2),
        "changes afterwards": len(again.effective),
    }
    return {"seconds": seconds, "raw bytes": raw, "peak bytes": peak_bytes(), "counts": counts}


class _Asked(list[MemoryCall[object]]):
    """Counts what the platform is asked, and keeps none of it: what a test kit remembers is not the engine's memory."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def append(self, call: MemoryCall[object]) -> None:
        """Count one question, and the operation of a step."""
        self.counts[call.subject.operation if isinstance(call.subject, Step) else call.question] += 1


def _timed(seconds: dict[str, float], phase: str, action: Callable[[], T]) -> T:
    gc.collect()  # the command line is a new process for every phase: none pays for what another left behind
    # An apply waits for the disk; the others only compute, and what else the machine does is not their growth.
    clock = time.perf_counter if phase == "apply" else time.process_time
    start = clock()
    result = action()
    seconds[phase] = clock() - start
    return result


if __name__ == "__main__":
    print(json.dumps(_measure_child(int(sys.argv[1]), Path(sys.argv[2]))))
