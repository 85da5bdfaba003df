"""H6: declaring N resources of 4 KB with dependencies, beside the Pulumi SDK with its mocks.

Both run in processes of their own and tell what the declaring alone took, imports not counted. Pulumi is given the
object in the platform's own shape, as its generated classes take it; wlinfra is given the declaration that makes it.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from benchmarks.support.bench import ROOT, Bench
from benchmarks.support.documents import artifact_spec, variables
from benchmarks.support.installed import run
from benchmarks.support.memory import peak_bytes
from benchmarks.support.report import Report, Row, at_least, at_most, missing
from benchmarks.support.timing import show

_PEER = "Pulumi SDK with mocks"


def measure(bench: Bench) -> Report:
    """Return the time per declared resource and the growth with their number."""
    count = bench.choose(small=50, full=1000)
    peers = ["wlinfra"] + (["pulumi"] if find_spec("pulumi") else [])
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for _ in range(bench.runs):
        for peer in peers:
            for number in (count, 2 * count) if peer == "wlinfra" else (count,):
                found.setdefault((peer, number), []).append(_in_child(bench, peer, number))
    seconds = {key: sorted(one["seconds"] for one in many)[len(many) // 2] for key, many in found.items()}
    own = seconds["wlinfra", count]
    memory = found["wlinfra", count][0]["bytes"] / count
    rows = [
        _against_pulumi(seconds.get(("pulumi", count)), own, count),
        at_most(
            f"declare {2 * count:,}",
            seconds["wlinfra", 2 * count] / own,
            2.2,
            peer=f"{count:,}",
            detail=f"{show(seconds['wlinfra', 2 * count])} to {show(own)}",
        ),
        at_most("memory per resource", memory / 80_000, 1, peer="80 KB", detail=f"{memory / 1000:.0f} KB"),
    ]
    first = found["wlinfra", count][0]
    return Report(name="H6", rows=tuple(rows), counts={"resources": first["resources"], "edges": first["edges"]})


def _against_pulumi(pulumi: float | None, own: float, count: int) -> Row:
    what = f"declare {count:,} of 4 KB"
    if pulumi is None:
        return missing(what, ">= 20x", peer=_PEER)
    detail = f"{show(pulumi / count)} to {show(own / count)} each"
    return at_least(what, pulumi / own, 20, peer=_PEER, detail=detail)


def _in_child(bench: Bench, peer: str, count: int) -> dict[str, Any]:
    paths = [str(ROOT), *(path for path in sys.path if path)]
    output = run(
        [sys.executable, "-m", "benchmarks.h06_declare", peer, str(count)],
        cwd=bench.directory,
        environ={"PYTHONPATH": os.pathsep.join(paths)},
    )
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


# ---------------------------------------------------------------- in the child process


def _declare_wlinfra(count: int) -> dict[str, Any]:
    import wlinfra as wl

    # What is loaded on first use is not what is measured.
    _declared(wl, 1)
    gc.collect()
    before = peak_bytes()
    start = time.perf_counter()
    declared = _declared(wl, count)
    seconds = time.perf_counter() - start
    edges = sum(map(len, declared.dependencies.values()))
    return {
        "seconds": seconds,
        "bytes": peak_bytes() - before,
        "resources": len(declared.resources),
        "edges": edges,
    }


def _declared(wl: Any, count: int) -> Any:
    stack = wl.Stack("bench")
    stack.environment("prod", provider="datarobot")

    def resources(_: Any) -> Iterator[Any]:
        previous: Any = None
        for number in range(count):
            previous = wl.Artifact(
                f"a-{number}",
                containers=[
                    wl.Container(
                        image=f"registry.example.com/team/service:{number}",
                        port=8080,
                        env=variables(number),
                        readiness=wl.Probe(path="/ready"),
                        liveness=wl.Probe(path="/alive"),
                    )
                ],
                depends_on=[previous] if number % 2 else [],
            )
            yield previous

    stack.resources(resources)
    return wl.declare(stack, "prod")


def _declare_pulumi(count: int) -> dict[str, Any]:
    pulumi: Any = import_module("pulumi")

    class Mocks:
        def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
            return f"{args.name}-id", args.inputs

        def call(self, args: Any) -> dict[str, Any]:
            return dict(args.args)

    pulumi.runtime.set_mocks(Mocks())

    def program() -> None:
        previous: Any = None
        for number in range(count):
            values = {"name": f"a-{number}", "spec": artifact_spec(number)}
            options = pulumi.ResourceOptions(depends_on=[previous] if number % 2 else [])
            previous = pulumi.CustomResource("bench:index:Artifact", f"a-{number}", values, options)

    start = time.perf_counter()
    pulumi.runtime.test(program)()
    return {"seconds": time.perf_counter() - start}


if __name__ == "__main__":
    chosen, number = sys.argv[1], int(sys.argv[2])
    print(json.dumps(_declare_wlinfra(number) if chosen == "wlinfra" else _declare_pulumi(number)))
