"""The API server goes away in the middle of an apply and comes back: the run ends, and the next one finishes it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from engines.kubernetes.waiting import eventually
from engines.plugin import engines_or_skip
from support.api_proxy import Harm, Moment, api_proxy
from support.kubernetes_objects import deployment
from support.project import Project

from wlinfra.provider import Done, Ready, Waiting, WaitingStill
from wlinfra.provider.base import ProviderContext
from wlinfra.testing import Driver
from wlinfra_kubernetes.provider import KubernetesConnection, connect

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


stack.environment("test", provider="kubernetes", kubeconfig={kubeconfig!r}, namespace={namespace!r}, read_timeout=5, connect_timeout=1)
"""
MANY = 12
STRUCK = 6
LONGEST = 90.0
"""Seconds after which an apply counts as hanging; a server is away for about five."""


@pytest.fixture(scope="module")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster for this file; each test leaves its API server running."""
    from engines.kubernetes.cluster import Cluster, ClusterOptions

    with engines_or_skip(), Cluster(ClusterOptions(folder=tmp_path_factory.mktemp("cluster"))) as started:
        yield started


@pytest.fixture
def place(own_cluster: Cluster) -> str:
    """A namespace of the test's own, where pods can be made."""
    api, name = own_cluster.handle.api, f"restart-{uuid.uuid4().hex[:6]}"
    api.create("/api/v1/namespaces", {"metadata": {"name": name}})
    eventually(lambda: api.exists(f"/api/v1/namespaces/{name}/serviceaccounts/default"))
    return name


def test_an_apply_during_a_restart_ends_and_the_next_finishes_it(
    own_cluster: Cluster, place: str, tmp_path: Path
) -> None:
    from engines.kubernetes.handle import write_kubeconfig

    handle = own_cluster.handle
    struck, down = threading.Event(), threading.Event()

    def strike() -> None:
        struck.set()
        down.wait(LONGEST)

    project = Project(folder=tmp_path)
    project.write(PROGRAM.format(many=MANY, kubeconfig=str(tmp_path / "kubeconfig"), namespace=place))
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
    made = handle.api.get(f"/api/v1/namespaces/{place}/configmaps")["items"]
    names = [item["metadata"]["name"] for item in made if item["metadata"]["name"].startswith("c")]
    assert sorted(names) == sorted(f"c{number}" for number in range(MANY))


def test_a_wait_goes_on_after_a_restart(own_cluster: Cluster, place: str, tmp_path: Path) -> None:
    options = {"kubeconfig": str(own_cluster.handle.kubeconfig), "namespace": place, "image_grace": 600}
    context = ProviderContext(
        name="default", options=options, environ={}, data_dir=tmp_path, stack="shop", environment="test"
    )
    connection = connect(context)
    assert isinstance(connection, KubernetesConnection)
    driver = Driver(connection=connection)
    (change,) = driver.plan(deployment("bad-image:1"))
    made = driver.run(change.steps[0])
    assert isinstance(made, Done)
    waiting = Waiting(address=change.address, kind=change.kind, id=made.id, goal="ready", details={"name": change.name})
    assert isinstance(connection.poll([waiting])[0], WaitingStill)
    own_cluster.restart_apiserver()
    assert isinstance(connection.poll([waiting])[0], WaitingStill)
    own_cluster.handle.kubectl("-n", place, "set", "image", "deployment/web", "main=nginx:1")
    assert eventually(lambda: isinstance(connection.poll([waiting])[0], Ready))
    connection.close()
    eventually(lambda: not any(one.name.startswith("watch ") for one in threading.enumerate()))


def test_an_apply_whose_server_stays_away_ends_with_the_reason_and_the_next_finishes_it(
    own_cluster: Cluster, place: str, tmp_path: Path
) -> None:
    from engines.kubernetes.handle import write_kubeconfig

    handle = own_cluster.handle
    project = Project(folder=tmp_path)
    program = PROGRAM.format(many=MANY, kubeconfig=str(tmp_path / "kubeconfig"), namespace=place)
    project.write(program.replace("read_timeout", "retries=1, read_timeout"))
    with api_proxy(handle.server, handle.authority) as proxy:
        write_kubeconfig(tmp_path / "kubeconfig", server=proxy.url, authority=None, token="admin-token")
        proxy.reset(Harm(at=STRUCK, moment=Moment.AFTER, run=own_cluster.stop_apiserver))
        ended = project.apply("--parallelism", "1", code=1)
        failed = [line for line in ended.out.splitlines() if "Failed after" in line]
        assert failed, ended.out
        assert all("Cluster cannot be reached: " in line or "answer was lost: " in line for line in failed), failed
        own_cluster.start_apiserver()
        project.apply()
        assert project.actions() == {}
