"""H1: planning N unchanged objects of 4 KB at a platform that answers after 20 ms.

Beside ``kubectl diff`` of N ConfigMaps at a fake API server with the same latency, and ``terraform plan`` of N
resources that need no network at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from benchmarks.support.bench import Bench
from benchmarks.support.peers import Kubectl, Terraform, find_kubectl, find_terraform, start_kubernetes_api
from benchmarks.support.project import Project, pages, start_workload_api
from benchmarks.support.report import Report, Row, at_least, at_most, missing
from benchmarks.support.timing import Times, round_robin

LATENCY = 0.02
_SPARE = 3
"""Requests a plan may make beside its list pages."""


def measure(bench: Bench) -> Report:
    """Return requests and time of a plan of unchanged objects."""
    count = bench.choose(small=40, full=1000)
    with ExitStack() as stack:
        workloads = stack.enter_context(start_workload_api())
        kubernetes = stack.enter_context(start_kubernetes_api())
        projects = {number: _applied(Project(bench, workloads, number)) for number in (count, 5 * count // 2)}
        kubectl = find_kubectl(bench, kubernetes, count)
        terraform = _with_state(find_terraform(bench, count))
        if kubectl is not None:
            kubectl.apply()
        for server in (workloads, kubernetes):
            server.set(latency=LATENCY)
        requests = {}
        for number, project in projects.items():
            workloads.set()
            project.plan()
            requests[number] = workloads.set()
        times = round_robin(_alternatives(projects[count], kubectl, terraform), bench.runs)
        kubernetes.set()
        asked = {} if kubectl is None else _requests_of(kubectl.diff, kubernetes.set)
    rows = _rows(times, count, requests, asked)
    counts = {"requests": requests, "pages": {number: pages(number) for number in projects}, "kubectl": asked}
    return Report(name="H1", rows=tuple(rows), counts=counts)


def _applied(project: Project) -> Project:
    project.apply()
    return project


def _with_state(terraform: Terraform | None) -> Terraform | None:
    if terraform is not None:
        terraform.pretend_applied()
    return terraform


def _alternatives(
    project: Project, kubectl: Kubectl | None, terraform: Terraform | None
) -> Mapping[str, Callable[[], None]]:
    alternatives: dict[str, Callable[[], None]] = {"wlinfra": project.plan}
    if kubectl is not None:
        alternatives["kubectl"] = kubectl.diff
    if terraform is not None:
        alternatives["terraform"] = terraform.plan
    return alternatives


def _requests_of(action: Callable[[], None], counts: Callable[[], dict[str, int]]) -> dict[str, int]:
    action()
    return counts()


def _rows(times: Times, count: int, requests: Mapping[int, Mapping[str, Any]], asked: Mapping[str, int]) -> list[Row]:
    own = sum(requests[count].values())
    rows = [
        at_most(
            f"requests of plan, {number:,} unchanged",
            sum(made.values()) / (pages(number) + _SPARE),
            1,
            peer=f"list pages + {_SPARE}",
            detail=f"{sum(made.values())} requests",
        )
        for number, made in requests.items()
    ]
    what = f"plan, {count:,} unchanged"
    if "kubectl" in times.runs:
        rows.append(
            at_least(
                what,
                times.ratio("kubectl", "wlinfra"),
                15,
                peer="kubectl diff",
                detail=times.detail("kubectl", "wlinfra"),
            )
        )
        theirs = sum(asked.values())
        rows.append(at_least(f"requests of {what}", theirs / own, 50, peer="kubectl diff", detail=f"{theirs} to {own}"))
    else:
        rows += [missing(what, ">= 15x", peer="kubectl diff"), missing(what, ">= 50x", peer="kubectl diff")]
    if "terraform" in times.runs:
        detail = times.detail("terraform", "wlinfra")
        rows.append(at_least(what, times.ratio("terraform", "wlinfra"), 5, peer="terraform plan", detail=detail))
    else:
        rows.append(missing(what, ">= 5x", peer="terraform plan"))
    return rows
