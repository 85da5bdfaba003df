"""A plan over answers of every other shape: an error of the cluster, never a crash."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.altered_answers import AlteringWire, alterations
from support.kubernetes_objects import config, deployment

from wlinfra.errors import WlinfraError
from wlinfra.http.options import SendOptions
from wlinfra.http.pool import PoolWire
from wlinfra.provider import Live, ReadRequest, Unreadable
from wlinfra.testing import Driver
from wlinfra_kubernetes.cluster.client import ClusterClient
from wlinfra_kubernetes.cluster.session import open_session
from wlinfra_kubernetes.provider import KubernetesConnection

Connect = Callable[..., Driver]


class Odd:
    """A driver whose requests go over a wire that alters answers."""

    def __init__(self, drive: Connect) -> None:
        self._drive = drive
        self.wire: AlteringWire | None = None

    def driver(self) -> Driver:
        driver = self._drive(retries=0)
        connection = driver.connection
        assert isinstance(connection, KubernetesConnection)
        session = open_session(connection.platform.config, {})
        self.wire = self.wire or AlteringWire(PoolWire(lambda: session.pool))
        manager = connection.platform.identity.manager
        client = ClusterClient(session, SendOptions(retries=0), self.wire, manager=manager)
        connection.platform.open = lambda: client
        return driver

    def plan(self, altered: dict[int, bytes]) -> None:
        driver = self.driver()
        assert self.wire is not None
        self.wire.begin(altered)
        for resource in (config(a="2"), deployment("nginx:2")):
            items = driver.objects(resource).values()
            wanted = [ReadRequest(address=one.address, kind=one.kind, name=one.name, desired=one) for one in items]
            for reading in driver.connection.read(wanted):
                assert not isinstance(reading, Unreadable) or reading.error.detail
                assert not isinstance(reading, Live) or reading.id
            try:
                driver.plan(resource)
            except WlinfraError:
                continue


def run(drive: Connect, *, step: int) -> tuple[int, int]:
    driver = drive()
    for resource in (config(a="1"), deployment("nginx:1")):
        driver.apply(resource)
    odd = Odd(drive)
    odd.plan({})
    assert odd.wire is not None
    reads = list(odd.wire.reads)
    ways = [(number, body) for number, (_, answer) in enumerate(reads) for body in alterations(answer.body)]
    for number, body in ways[::step]:
        try:
            odd.plan({number: body})
        except Exception as error:
            error.add_note(f"{reads[number][0]} answered {body[:1500]!r}")
            raise
    return len(ways[::step]), len(reads)


def test_no_answer_crashes_a_plan(drive: Connect) -> None:
    count, reads = run(drive, step=997)
    print(f"\nodd answers of a cluster to a plan: {count} ways, {reads} reads")


@pytest.mark.nightly
def test_no_answer_crashes_a_plan_in_any_way(drive: Connect) -> None:
    count, reads = run(drive, step=29)
    print(f"\nodd answers of a cluster to a plan: {count} ways, {reads} reads")
