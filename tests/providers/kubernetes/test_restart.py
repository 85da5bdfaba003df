"""The API server goes away in the middle of an apply and comes back: the run ends, and the next one finishes it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from support.api_proxy import Harm, Moment, api_proxy
from support.project import Project

if TYPE_CHECKING:
    from engines.kubernetes.cluster import Cluster

PROGRAM = """\
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    for number in range({many}):
        name = f"c{{number}}"
        yield Manifest(name, {{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": name}}, "data": {{"a": "1"}}}})


stack.environment("test", provider="kubernetes", kubeconfig={kubeconfig!r}, read_timeout=2, connect_timeout=0.5)
"""
MANY = 12
STRUCK = 6
LONGEST = 90.0
"""Seconds after which an apply counts as hanging; a server is away for about five."""


def test_an_apply_during_a_restart_ends_and_the_next_finishes_it(own_cluster: Cluster, tmp_path: Path) -> None:
    from engines.kubernetes.handle import write_kubeconfig

    handle = own_cluster.handle
    struck, down = threading.Event(), threading.Event()

    def strike() -> None:
        struck.set()
        down.wait(LONGEST)

    project = Project(folder=tmp_path)
    project.write(PROGRAM.format(many=MANY, kubeconfig=str(tmp_path / "kubeconfig")))
    with api_proxy(handle.server, handle.authority) as proxy:
        write_kubeconfig(tmp_path / "kubeconfig", server=proxy.url, authority=None, token="admin-token")
        proxy.reset(Harm(at=STRUCK, moment=Moment.AFTER, run=strike))
        child = project.start("apply", "--auto-approve", "--parallelism", "1")
        assert struck.wait(LONGEST)
        own_cluster.stop_apiserver()
        down.set()
        own_cluster.start_apiserver()
        out, err = child.communicate(timeout=LONGEST)
        assert child.returncode in (0, 1), f"{out}\n{err}"
        project.apply()
        assert project.actions() == {}
    made = handle.api.get("/api/v1/namespaces/default/configmaps")["items"]
    names = [item["metadata"]["name"] for item in made if item["metadata"]["name"].startswith("c")]
    assert sorted(names) == sorted(f"c{number}" for number in range(MANY))
