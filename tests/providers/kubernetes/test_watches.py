"""What is awaited is listed once and then followed; every way a watch can end leads back to a list."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from engines.kubernetes.client import ApiError
from engines.kubernetes.waiting import eventually
from support.api_proxy import ApiProxy, Ending, Harm, Moment, api_proxy
from support.kubernetes_objects import config, deployment

from wlinfra.changes.change import Change
from wlinfra.provider import Done, Ready, Status, UnknownOutcome, Waiting, WaitingStill
from wlinfra.provider.base import ProviderContext
from wlinfra.testing import Driver
from wlinfra_kubernetes import Manifest
from wlinfra_kubernetes.cluster.watches import Watches
from wlinfra_kubernetes.provider import KubernetesConnection, connect
from wlinfra_manifests.document import Key

if TYPE_CHECKING:
    from engines.kubernetes.cluster import Cluster
    from engines.kubernetes.handle import ClusterHandle

BAD, GOOD = "bad-image:1", "nginx:1"
GONE = b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n'
KINDS = ("deployments", "pods", "replicasets")
"""What a Deployment that is not ready is judged by."""
MANY = 50
EVENTS = "/api/v1/namespaces/default/events"


@dataclass(slots=True, kw_only=True)
class Stage:
    """A stack that speaks to the cluster through a proxy, and what it has asked."""

    cluster: ClusterHandle
    namespace: str
    proxy: ApiProxy
    driver: Driver
    connection: KubernetesConnection

    def send(self, resource: Manifest) -> Waiting:
        """Make the calls of a change without waiting."""
        (change,) = self.driver.plan(resource)
        return self.waiting(change, [self.driver.run(step) for step in change.steps])

    def waiting(self, change: Change, results: list[object]) -> Waiting:
        assert change.goal is not None
        made = next((done.id for done in results if isinstance(done, Done) and done.id), change.id)
        return Waiting(address=change.address, kind=change.kind, id=made, goal="ready", details=change.goal.details)

    def poll(self, waiting: Waiting) -> Status:
        (status,) = self.connection.poll([waiting])
        return status

    def waits(self, waiting: Waiting) -> bool:
        """Poll; True when it waits for an image."""
        status = self.poll(waiting)
        return isinstance(status, WaitingStill) and "ImagePull" in status.reason

    def count(self, verb: str) -> dict[str, int]:
        """Return how often each kind was listed or watched."""
        return {
            kind: sum(one.startswith(verb) and one.endswith(f"/{kind}") for one in self.proxy.reads) for kind in KINDS
        }

    def followed(self, waiting: Waiting) -> dict[str, int]:
        """Poll until each of the kinds is followed; return the lists until then."""
        eventually(lambda: self.waits(waiting) and len(self.proxy.watching) == len(KINDS))
        return self.count("GET")

    def is_told_by_all(self) -> bool:
        """True when the Deployment and its pod both tell of an image that cannot be pulled."""
        (web,) = self.cluster.api.get(f"/apis/apps/v1/namespaces/{self.namespace}/deployments")["items"]
        pods = self.cluster.api.get(f"/api/v1/namespaces/{self.namespace}/pods")["items"]
        return "unavailableReplicas" in web["status"] and "ImagePullBackOff" in str(pods)

    def deafen(self) -> None:
        """Let the watches go on without a word from now on."""
        self.proxy.endings = [Ending(silent=True)] * MANY
        number = self.proxy.cut()
        eventually(lambda: len(self.proxy.endings) <= MANY - number)

    def ready(self, resource: Manifest) -> None:
        """Make a change, wait until it is ready, and go on without a word from the watches."""
        waiting = self.send(resource)
        eventually(lambda: isinstance(self.poll(waiting), Ready) and self.proxy.watching)
        self.deafen()

    def correct(self) -> None:
        """Give the Deployment a good image behind the stack's back."""
        self.cluster.kubectl("-n", self.namespace, "set", "image", "deployment/web", f"main={GOOD}")


@pytest.fixture
def stage(fakes: ClusterHandle, namespace: str, tmp_path: Path) -> Iterator[Stage]:
    with staged(fakes, namespace, tmp_path) as made:
        yield made


@contextmanager
def staged(cluster: ClusterHandle, namespace: str, folder: Path) -> Iterator[Stage]:
    from engines.kubernetes.handle import write_kubeconfig

    with api_proxy(cluster.server, cluster.authority) as proxy:
        write_kubeconfig(folder / "kubeconfig", server=proxy.url, authority=None, token="admin-token")
        options = {"kubeconfig": str(folder / "kubeconfig"), "namespace": namespace, "image_grace": 600}
        context = ProviderContext(
            name="default", options=options, environ={}, data_dir=folder, stack="shop", environment="test"
        )
        connection = connect(context)
        assert isinstance(connection, KubernetesConnection)
        driver = Driver(connection=connection)
        yield Stage(cluster=cluster, namespace=namespace, proxy=proxy, driver=driver, connection=connection)
        connection.close()
        eventually(lambda: not any(one.name.startswith("watch ") for one in threading.enumerate()))
        eventually(lambda: not proxy.watching)


def test_a_wait_that_goes_on_asks_for_nothing_more(stage: Stage) -> None:
    waiting = stage.send(deployment(BAD))
    stage.followed(waiting)
    before = list(stage.proxy.reads)
    assert [stage.waits(waiting) for _ in range(MANY)] == [True] * MANY
    assert stage.proxy.reads == before
    stage.correct()
    eventually(lambda: isinstance(stage.poll(waiting), Ready))
    assert stage.proxy.reads == before


def test_warnings_are_followed_for_a_whole_namespace(stage: Stage) -> None:
    waiting = stage.send(deployment("never-ready:1"))
    stage.connection.platform.now = lambda: time.time() + 10
    eventually(lambda: isinstance(stage.poll(waiting), WaitingStill) and len(stage.proxy.watching) == len(KINDS) + 1)
    before = list(stage.proxy.reads)
    assert [isinstance(stage.poll(waiting), WaitingStill) for _ in range(MANY)] == [True] * MANY
    assert stage.proxy.reads == before


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param(Ending(status=410), id="gone"),
        pytest.param(Ending(events=(GONE,)), id="gone-inside"),
        pytest.param(Ending(events=(b'{"kind":"DeploymentList","items":[]}\n',)), id="no-event"),
        pytest.param(Ending(events=(b"no JSON\n",)), id="damaged"),
        pytest.param(Ending(events=(b"[]\n",)), id="no-object"),
        pytest.param(Ending(status=503), id="busy"),
    ],
)
def test_a_watch_that_cannot_go_on_leads_to_a_list(stage: Stage, ending: Ending) -> None:
    stage.proxy.endings = [ending] * len(KINDS) * 2
    waiting = stage.send(deployment(BAD))
    lists = stage.followed(waiting)
    assert lists["deployments"] > 1
    stage.correct()
    eventually(lambda: isinstance(stage.poll(waiting), Ready))
    assert stage.count("GET") == lists


def test_a_watch_whose_version_was_forgotten_meanwhile_leads_to_a_list(stage: Stage) -> None:
    waiting = stage.send(deployment(BAD))
    lists = stage.followed(waiting)
    stage.proxy.endings = [Ending(events=(GONE,))] * len(KINDS)
    assert stage.proxy.cut() == len(KINDS)
    eventually(lambda: not stage.proxy.endings)
    eventually(lambda: stage.waits(waiting) and all(stage.count("GET")[kind] > lists[kind] for kind in KINDS))


def test_a_version_that_the_storage_compacted_leads_to_a_list(own_cluster: Cluster, tmp_path: Path) -> None:
    with staged(own_cluster.handle, "default", tmp_path) as stage:
        waiting = stage.send(deployment("never-ready:1"))
        stage.connection.platform.now = lambda: time.time() + 10
        followed = len(KINDS) + 1  # with the events, which the API server always reads from its storage
        eventually(lambda: isinstance(stage.poll(waiting), WaitingStill) and len(stage.proxy.watching) == followed)
        old = stage.cluster.api.get(EVENTS)["metadata"]["resourceVersion"]
        before = stage.proxy.reads.count(f"GET {EVENTS}")
        for name in ("a", "b", "c"):
            stage.cluster.kubectl("create", "configmap", name)
        own_cluster.compact()
        with pytest.raises(ApiError, match="410"):
            next(stage.cluster.api.watch(EVENTS, old, threading.Event()))
        stage.proxy.cut()
        eventually(lambda: stage.poll(waiting) and stage.proxy.reads.count(f"GET {EVENTS}") > before)
        stage.correct()
        eventually(lambda: isinstance(stage.poll(waiting), Ready))


def test_a_cut_watch_is_taken_up_where_it_ended(stage: Stage) -> None:
    waiting = stage.send(deployment(BAD))
    lists = stage.followed(waiting)
    assert stage.proxy.cut() == len(KINDS)
    stage.correct()
    eventually(lambda: len(stage.proxy.watching) == len(KINDS))
    eventually(lambda: isinstance(stage.poll(waiting), Ready))
    assert stage.count("GET") == lists


def test_without_the_right_to_watch_every_question_lists(stage: Stage) -> None:
    stage.proxy.endings = [Ending(status=403)] * MANY
    waiting = stage.send(deployment(BAD))
    eventually(lambda: stage.waits(waiting) and stage.count("WATCH") == dict.fromkeys(KINDS, 1))
    eventually(lambda: not any(one.name.startswith("watch ") for one in threading.enumerate()))
    before = stage.count("GET")
    assert [stage.waits(waiting) for _ in range(3)] == [True] * 3
    assert stage.count("GET") == {kind: number + 3 for kind, number in before.items()}
    assert stage.count("WATCH") == dict.fromkeys(KINDS, 1)


def test_a_change_is_not_judged_by_what_was_before_it(stage: Stage) -> None:
    stage.ready(deployment(GOOD))
    waiting = stage.send(deployment(BAD))
    assert isinstance(stage.poll(waiting), WaitingStill)


def test_a_change_whose_answer_was_lost_is_not_judged_by_what_was_before_it(stage: Stage) -> None:
    stage.ready(deployment(GOOD))
    (change,) = stage.driver.plan(deployment(BAD))
    stage.proxy.reset(Harm(at=1, moment=Moment.AFTER))
    assert isinstance(stage.driver.run(change.steps[0]), UnknownOutcome)
    assert isinstance(stage.poll(stage.waiting(change, [])), WaitingStill)


def test_what_healed_unseen_does_not_end_a_wait_badly(stage: Stage) -> None:
    waiting = stage.send(deployment(BAD))
    eventually(stage.is_told_by_all)
    stage.proxy.endings = [Ending(silent=True)] * MANY
    eventually(lambda: stage.waits(waiting) and len(stage.proxy.endings) == MANY - len(KINDS))
    stage.correct()
    stage.cluster.kubectl("-n", stage.namespace, "rollout", "status", "deployment/web", "--timeout=90s")
    assert stage.waits(waiting)
    stage.connection.platform.now = lambda: time.time() + 3600
    assert isinstance(stage.poll(waiting), Ready)


def test_a_change_is_told_of(stage: Stage) -> None:
    told = threading.Event()
    waiting = stage.send(deployment(BAD))
    stage.followed(waiting)
    stage.connection.on_change(told.set)
    stage.correct()
    assert told.wait(60)


def test_only_so_many_are_followed_and_the_idle_make_room(stage: Stage) -> None:
    watches = Watches(lambda: stage.connection.platform.client, most=2)
    kind = Key("v1", "ConfigMap", stage.namespace, "")
    for labels in ("a=1", "a=2", "a=3"):
        watches.objects(kind, labels=labels)
    eventually(lambda: len(stage.proxy.watching) == 2)
    for _ in range(3):
        watches.begin_round()
        watches.objects(kind, labels="a=3")
    eventually(lambda: sum(one.startswith("WATCH") for one in stage.proxy.reads) == 3)
    eventually(lambda: len(stage.proxy.watching) == 2)
    watches.close()


def test_what_is_there_at_once_is_never_watched_for(stage: Stage) -> None:
    stage.driver.apply(config())
    assert [one for one in stage.proxy.reads if one.startswith("WATCH")] == []


class Heard(logging.Handler):
    """Keeps what the requests log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def heard() -> Iterator[list[str]]:
    handler, logger = Heard(), logging.getLogger("wlinfra.http")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler.lines
    logger.setLevel(level)
    logger.removeHandler(handler)


def test_the_log_tells_where_a_watch_begins_breaks_and_gives_up(heard: list[str], stage: Stage) -> None:
    stage.followed(stage.send(deployment(BAD)))
    path = f"GET /api/v1/namespaces/{stage.namespace}/pods -> 200"
    assert any(line.startswith(f"{path}, a watch begins in ") for line in heard)
    stage.proxy.endings = [Ending(events=(GONE,))] * len(KINDS)
    stage.proxy.cut()
    eventually(lambda: "watch of Pod cannot go on, it is listed: changed meanwhile" in heard)
    assert "watch of Pod broke" in heard
