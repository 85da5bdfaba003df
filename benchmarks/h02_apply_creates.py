"""H2: creating N objects at a platform that answers after 20 ms, every result durable before it is reported.

Beside ``kubectl apply`` at a fake API server with the same latency, and ``terraform apply`` of N resources that need
no network at all, with a small input and with one of 4 KB.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from benchmarks.h01_plan_unchanged import LATENCY
from benchmarks.support.bench import Bench
from benchmarks.support.http_app import Served
from benchmarks.support.peers import find_kubectl, find_terraform, start_kubernetes_api
from benchmarks.support.project import Project, pages, start_workload_api
from benchmarks.support.report import Report, Row, at_least, at_most, missing
from benchmarks.support.timing import Times, round_robin

_PEERS = {"kubectl apply": 10, "terraform apply, small": 5, "terraform apply, 4 KB": 50}


def measure(bench: Bench) -> Report:
    """Return requests and time of an apply that creates everything."""
    count = bench.choose(small=40, full=1000)
    with ExitStack() as stack:
        server = stack.enter_context(start_workload_api())
        kubernetes = stack.enter_context(start_kubernetes_api())
        for one in (server, kubernetes):
            one.set(latency=LATENCY)
        alternatives: dict[str, Callable[[], None]] = {
            "wlinfra": _Creating(Project(bench, server, count), server),
            "wlinfra, twice as many": _Creating(Project(bench, server, 2 * count), server),
        }
        kubectl = find_kubectl(bench, kubernetes, count)
        if kubectl is not None:
            alternatives["kubectl apply"] = _fresh(kubernetes, kubectl.apply)
        for name, is_small in (("small", True), ("4 KB", False)):
            terraform = find_terraform(bench, count, is_small=is_small)
            if terraform is not None:
                alternatives[f"terraform apply, {name}"] = terraform.apply
        times = round_robin(alternatives, bench.runs)
        server.set()
        alternatives["wlinfra"]()
        requests = server.set()
    counts = {"objects": count, "requests": requests, "pages": pages(count)}
    return Report(name="H2", rows=tuple(_rows(times, count)), counts=counts)


class _Creating:
    """An apply from nothing."""

    def __init__(self, project: Project, server: Served) -> None:
        self._project = project
        self._server = server

    def __call__(self) -> None:
        self._project.forget()
        self._server.set(reset=True)
        self._project.apply()


def _fresh(server: Served, action: Callable[[], None]) -> Callable[[], None]:
    def act() -> None:
        server.set(reset=True)
        action()

    return act


def _rows(times: Times, count: int) -> list[Row]:
    what = f"apply, {count:,} creates"
    rows = [
        at_least(what, times.ratio(peer, "wlinfra"), target, peer=peer, detail=times.detail(peer, "wlinfra"))
        if peer in times.runs
        else missing(what, f">= {target}x", peer=peer)
        for peer, target in _PEERS.items()
    ]
    twice = "wlinfra, twice as many"
    detail = times.detail(twice, "wlinfra")
    rows.append(
        at_most(f"apply, {2 * count:,} creates", times.ratio(twice, "wlinfra"), 2.2, peer=f"{count:,}", detail=detail)
    )
    return rows
