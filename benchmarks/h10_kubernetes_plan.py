"""H10: planning and applying N ConfigMaps on a real API server.

Beside the same requests and nothing else, and ``kubectl diff`` and ``kubectl apply`` on the server's side, all on one
cluster in one run. Where no control plane is built, see tests/engines, every row is missing.
"""

from __future__ import annotations

import http.client
import json
import ssl
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from benchmarks.support.bench import ROOT, Bench
from benchmarks.support.installed import run
from benchmarks.support.report import Report, Row, at_most, missing
from benchmarks.support.timing import round_robin, show

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

SPARE = 12
"""Requests beside two for each object: discovery, and the inventory's own."""
_MANAGER = "wlinfra-bench-prod"
_PARALLEL = 8
_PROGRAM = """
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack("bench")
stack.environment("prod", provider="kubernetes", kubeconfig={kubeconfig!r}, namespace={namespace!r})


@stack.resources
def resources(env):
    for number in range({count}):
        name = f"c-{{number}}"
        data = {{"text": "What this is for. " * 75, "number": str(number)}}
        yield Manifest(name, {{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": name}}, "data": data}})
"""


def measure(bench: Bench) -> Report:
    """Return requests and times of plan and apply beside kubectl and the bare requests."""
    sizes = (20,) if not bench.is_full else (200, 1000)
    if str(ROOT / "tests") not in sys.path:
        sys.path.append(str(ROOT / "tests"))  # the control plane is started by the tests' engines
    from engines.build import is_built
    from engines.kubernetes.cluster import Cluster, ClusterOptions
    from engines.kubernetes.engine import CONTROL_PLANE

    if not is_built(CONTROL_PLANE):
        absent = [missing(f"plan, {size:,} unchanged", "<= 1.3x", peer="a control plane") for size in sizes]
        return Report(name="H10", rows=tuple(absent))
    rows: list[Row] = []
    counts: dict[str, Any] = {}
    with Cluster(ClusterOptions(folder=bench.folder("cluster"))) as cluster:
        for size in sizes:
            rows += _measured(bench, cluster.handle, size, counts)
    return Report(name="H10", rows=tuple(rows), counts=counts)


def _measured(bench: Bench, handle: ClusterHandle, count: int, counts: dict[str, Any]) -> list[Row]:
    namespaces = {who: f"{who}-{count}" for who in ("wlinfra", "kubectl")}
    for name in namespaces.values():
        handle.api.create("/api/v1/namespaces", {"metadata": {"name": name}})
    folder = bench.folder("project")
    kubeconfig = str(handle.kubeconfig)
    program = _PROGRAM.format(kubeconfig=kubeconfig, namespace=namespaces["wlinfra"], count=count)
    (folder / "infra.py").write_text(program, encoding="utf-8")
    wlinfra = _Wlinfra(bench, folder)
    kubectl = _Kubectl(handle, folder, namespaces["kubectl"])
    applied = round_robin({"wlinfra": wlinfra.apply, "kubectl": lambda: None}, 1)
    bodies = _live(handle, namespaces["wlinfra"])
    kubectl.write(bodies)
    applied.runs["kubectl"][:] = round_robin({"kubectl": kubectl.apply}, 1).runs["kubectl"]
    before = len(handle.requests("admin"))
    wlinfra.plan()
    asked = len(handle.requests("admin")) - before
    counts[str(count)] = {"objects": count, "requests of plan": asked}
    bare = _bare(handle, bodies)
    times = round_robin({"wlinfra": wlinfra.plan, "kubectl": kubectl.diff, "bare": bare}, bench.runs)
    what = f"plan, {count:,} unchanged"
    return [
        at_most(f"requests of {what}", asked / (2 * count + SPARE), 1, peer=f"2N + {SPARE}", detail=str(asked)),
        at_most(what, times.ratio("wlinfra", "bare"), 1.3, peer="the same requests", detail=times.detail("wlinfra", "bare")),
        at_most(what, times.ratio("wlinfra", "kubectl"), 1, peer="kubectl diff", detail=times.detail("wlinfra", "kubectl")),
        at_most(
            f"apply, {count:,} new", applied.ratio("wlinfra", "kubectl"), 1, peer="kubectl apply",
            detail=f"{show(applied['wlinfra'])} to {show(applied['kubectl'])}",
        ),
    ]  # fmt: skip


class _Wlinfra:
    """The installed command on a project."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self._installed = bench.installed
        self._folder = folder

    def plan(self) -> None:
        """Plan; raises RuntimeError when anything would change."""
        self._installed.run(["plan", "-e", "prod", "--detailed-exitcode"], cwd=self._folder)

    def apply(self) -> None:
        """Create everything."""
        self._installed.run(["apply", "-e", "prod", "--auto-approve"], cwd=self._folder)


class _Kubectl:
    """The same objects in a file, in a namespace of their own."""

    def __init__(self, handle: ClusterHandle, folder: Path, namespace: str) -> None:
        self._command = [str(handle.kubectl_program), "--kubeconfig", str(handle.kubeconfig), "-n", namespace]
        self._folder = folder

    def write(self, bodies: list[dict[str, Any]]) -> None:
        """Write the file."""
        named = [{**body, "metadata": {"name": body["metadata"]["name"]}} for body in bodies]
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": named})
        (self._folder / "all.json").write_text(text, encoding="utf-8")

    def diff(self) -> None:
        """Compare; raises RuntimeError when something differs."""
        self._run("diff", "--server-side", "--concurrency=8")

    def apply(self) -> None:
        """Create everything."""
        self._run("apply", "--server-side")

    def _run(self, verb: str, *options: str) -> None:
        run([*self._command, verb, "-f", "all.json", f"--field-manager={_MANAGER}", *options], cwd=self._folder)


def _live(handle: ClusterHandle, namespace: str) -> list[dict[str, Any]]:
    """Return what wlinfra applied, as it would be sent again."""
    items = handle.api.get(f"/api/v1/namespaces/{namespace}/configmaps")["items"]
    kept = ("name", "namespace", "labels", "annotations")
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {key: value for key, value in item["metadata"].items() if key in kept},
            "data": item.get("data") or {},
        }
        for item in items
        if item["metadata"]["name"].startswith("c-")
    ]


def _bare(handle: ClusterHandle, bodies: list[dict[str, Any]]) -> Callable[[], None]:
    """Return a function that makes the requests of a plan over as many kept connections, and nothing else."""
    context = ssl.create_default_context(cafile=str(handle.authority) if handle.authority else None)
    parts = urlsplit(handle.server)
    query = urlencode({"fieldManager": _MANAGER, "force": "false", "dryRun": "All"})
    kept = local()

    def send(method: str, path: str, body: bytes | None) -> None:
        if not hasattr(kept, "connection"):
            kept.connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, context=context)
        headers = {"Authorization": "Bearer admin-token", "Content-Type": "application/apply-patch+yaml"}
        kept.connection.request(method, path, body, headers)
        answer = kept.connection.getresponse()
        answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path} was answered with {answer.status}")

    def one(body: dict[str, Any]) -> None:
        meta = body["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/configmaps/{meta['name']}?{query}"
        send("PATCH", path, json.dumps(body).encode())

    def everything() -> None:
        with ThreadPoolExecutor(_PARALLEL) as pool:
            pool.submit(
                send, "GET", f"/api/v1/namespaces/{bodies[0]['metadata']['namespace']}/configmaps", None
            ).result()
            list(pool.map(one, bodies))

    return everything
