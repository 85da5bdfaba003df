"""H9: planning at a platform that allows so many requests a second and refuses the others with 429 and Retry-After.

The list pages of 1,000 objects just fit into a second; twice as many do not, so that waiting is measured too.
"""

from __future__ import annotations

from benchmarks.h01_plan_unchanged import LATENCY
from benchmarks.support.bench import Bench
from benchmarks.support.project import Project, start_workload_api
from benchmarks.support.report import Report, at_least, at_most
from benchmarks.support.timing import round_robin, show


def measure(bench: Bench) -> Report:
    """Return time and refused requests of a plan under a rate limit."""
    count, limit = bench.choose(small=40, full=1000), bench.choose(small=1, full=10)
    with start_workload_api() as server:
        projects = {number: Project(bench, server, number) for number in (count, 2 * count)}
        plans: dict[int, float] = {}
        requests: dict[int, dict[str, int]] = {}
        for number, project in projects.items():
            server.set(latency=0, limit=0, reset=True)
            project.apply()
            server.set(latency=LATENCY, limit=limit)
            plans[number] = round_robin({"plan": project.plan}, bench.runs)["plan"]
            server.set()
            project.plan()
            requests[number] = server.set()
    one_by_one = count / limit
    refused = requests[2 * count].get("429", 0)
    answered = sum(requests[2 * count].values()) - refused
    rows = (
        at_most(f"plan, {count:,} at {limit}/s", plans[count] / 2, 1, peer="2 s", detail=show(plans[count])),
        at_least(
            f"plan, {count:,} at {limit}/s",
            one_by_one / plans[count],
            count / limit / 2,
            peer="one read per object",
            detail=f"{show(one_by_one)} to {show(plans[count])}",
        ),
        at_most(
            f"plan, {2 * count:,} at {limit}/s: requests",
            (answered + refused) / answered,
            1.5,
            peer="those answered",
            detail=f"{refused} refused, {answered} answered, {show(plans[2 * count])}",
        ),
    )
    return Report(name="H9", rows=rows, counts={"requests": requests, "limit": limit})
