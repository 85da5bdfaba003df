"""H10: planning and applying N ConfigMaps on a real API server.

Beside the same requests and nothing else, and ``kubectl diff`` and ``kubectl apply`` on the server's side, all on one
cluster in one run. Where no control plane is built, see tests/engines, every row is missing.
"""

from __future__ import annotations

import http.client
import json
import ssl
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from benchmarks.support.bench import ROOT, Bench
from benchmarks.support.installed import run
from benchmarks.support.report import Report, Row, at_most, missing
from benchmarks.support.timing import Times, round_robin, show

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
    namespaces = {who: f"{who}-{count}" for who in ("wlinfra", "kubectl", "bare")}
    for name in namespaces.values():
        handle.api.create("/api/v1/namespaces", {"metadata": {"name": name}})
    folder = bench.folder("project")
    kubeconfig = str(handle.kubeconfig)
    program = _PROGRAM.format(kubeconfig=kubeconfig, namespace=namespaces["wlinfra"], count=count)
    (folder / "infra.py").write_text(program, encoding="utf-8")
    wlinfra = _Wlinfra(bench, folder)
    kubectl = _Kubectl(handle, folder, namespaces["kubectl"])
    started = time.perf_counter()
    sent = _requests(handle, wlinfra.apply)
    applied = {"wlinfra": time.perf_counter() - started}
    bodies = _live(handle, namespaces["wlinfra"])
    kubectl.write(bodies)
    bare = _Bare(handle, bodies)
    others = {"kubectl": kubectl.apply, "bare": lambda: bare.apply(namespaces["bare"])}
    applied |= {name: runs[0] for name, runs in round_robin(others, 1).runs.items()}
    asked = _requests(handle, wlinfra.plan)
    counts[str(count)] = {"objects": count, "requests of plan": asked, "requests of apply": sent}
    times = round_robin({"wlinfra": wlinfra.plan, "kubectl": kubectl.diff, "bare": bare.plan}, bench.runs)
    return [*_of_plan(count, asked, times), *_of_apply(count, sent, applied)]


def _requests(handle: ClusterHandle, action: Callable[[], None]) -> int:
    before = len(handle.requests("admin"))
    action()
    return len(handle.requests("admin")) - before


def _of_plan(count: int, asked: int, times: Times) -> list[Row]:
    what = f"plan, {count:,} unchanged"
    return [
        at_most(f"requests of {what}", asked / (2 * count + SPARE), 1, peer=f"2N + {SPARE}", detail=str(asked)),
        at_most(what, times.ratio("wlinfra", "bare"), 1.3, peer="the same requests", detail=times.detail("wlinfra", "bare")),
        at_most(what, times.ratio("wlinfra", "kubectl"), 1, peer="kubectl diff", detail=times.detail("wlinfra", "kubectl")),
    ]  # fmt: skip


def _of_apply(count: int, sent: int, applied: Mapping[str, float]) -> list[Row]:
    what = f"apply, {count:,} new"
    peers = {"bare": (1.3, "the same requests"), "kubectl": (1, "kubectl apply")}
    return [
        at_most(f"requests of {what}", sent / (2 * count + SPARE), 1, peer=f"2N + {SPARE}", detail=str(sent)),
        *(
            at_most(
                what, applied["wlinfra"] / applied[name], target, peer=peer,
                detail=f"{show(applied['wlinfra'])} to {show(applied[name])}",
            )
            for name, (target, peer) in peers.items()
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


class _Bare:
    """The requests of a plan and of an apply over as many kept connections, and nothing else."""

    def __init__(self, handle: ClusterHandle, bodies: list[dict[str, Any]]) -> None:
        self._context = ssl.create_default_context(cafile=str(handle.authority) if handle.authority else None)
        self._place = urlsplit(handle.server)
        self._bodies = bodies
        self._kept = local()

    def plan(self) -> None:
        """List everything, and ask about each object."""
        self._each(self._bodies[0]["metadata"]["namespace"], lambda path, body: self._patch(path, body, dry_run=True))

    def apply(self, namespace: str) -> None:
        """The same, and make each object."""
        self._each(namespace, lambda path, body: self._patch(path, body, dry_run=True))
        self._each(namespace, self._patch)

    def _each(self, namespace: str, ask: Callable[[str, bytes], None]) -> None:
        place = f"/api/v1/namespaces/{namespace}/configmaps"
        whole = [{**body, "metadata": {**body["metadata"], "namespace": namespace}} for body in self._bodies]
        with ThreadPoolExecutor(_PARALLEL) as pool:
            pool.submit(self._send, "GET", place, None).result()
            list(pool.map(lambda body: ask(f"{place}/{body['metadata']['name']}", json.dumps(body).encode()), whole))

    def _patch(self, path: str, body: bytes, *, dry_run: bool = False) -> None:
        query = {"fieldManager": _MANAGER, "force": "false", **({"dryRun": "All"} if dry_run else {})}
        self._send("PATCH", f"{path}?{urlencode(query)}", body)

    def _send(self, method: str, path: str, body: bytes | None) -> None:
        if not hasattr(self._kept, "connection"):
            host, port = self._place.hostname or "", self._place.port
            self._kept.connection = http.client.HTTPSConnection(host, port, context=self._context)
        headers = {"Authorization": "Bearer admin-token", "Content-Type": "application/apply-patch+yaml"}
        self._kept.connection.request(method, path, body, headers)
        answer = self._kept.connection.getresponse()
        answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path} was answered with {answer.status}")
