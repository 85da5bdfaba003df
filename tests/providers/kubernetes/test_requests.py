from __future__ import annotations

from collections.abc import Callable

from support.kubernetes_objects import config

from wlinfra.provider import Absent, Action, Live, PlanRequest, Wanted
from wlinfra.testing import Driver
from wlinfra_kubernetes.provider import KubernetesConnection

Connect = Callable[..., Driver]
MANY = 12


def test_planning_unchanged_objects_takes_one_list_and_a_dry_run_each(drive: Connect) -> None:
    driver = drive()
    manifests = [config(f"c{number}", a="1") for number in range(MANY)]
    driver.apply(*manifests)
    connection = driver.connection
    assert isinstance(connection, KubernetesConnection)
    items = list(driver.objects(*manifests).values())
    before = connection.platform.client.requests
    wanted = [Wanted(address=item.address, kind=item.kind, name=item.name, desired=item) for item in items]
    readings = connection.read(wanted)
    assert connection.platform.client.requests - before == 1
    for item, reading in zip(items, readings, strict=True):
        assert isinstance(reading, Live | Absent)
        prior = driver.records[item.address]
        request = PlanRequest(desired=item, prior=prior, reading=reading, dependencies={}, digest=driver.digest)
        assert connection.plan(request).action is Action.NO_OP
    assert connection.platform.client.requests - before == 1 + MANY
