"""A NIMService's status bears no generation: a wait must not take the one of the version before for an answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from engines.kubernetes.fake_nim_operator import SPEC_HASH
from engines.kubernetes.waiting import eventually
from engines.sample_objects import claim, nim_service

from wlinfra.changes.change import Change
from wlinfra.provider import Failed, Ready, Status, Waiting, WaitingStill
from wlinfra.testing import Driver
from wlinfra.values import Address
from wlinfra_kubernetes import Manifest
from wlinfra_kubernetes.cluster.client import ClusterClient
from wlinfra_kubernetes.configuration import KubernetesConfig
from wlinfra_kubernetes.ownership.identity import Identity
from wlinfra_kubernetes.platform import Platform
from wlinfra_kubernetes.provider import KubernetesConnection
from wlinfra_kubernetes.waits.model import Look
from wlinfra_kubernetes.waits.nim import nim_cache
from wlinfra_kubernetes.waits.nim import nim_service as nim_service_status
from wlinfra_manifests.document import Key
from wlinfra_manifests.targets import target_of

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

LATER = 11.0
"""Seconds after which a change has settled."""


@pytest.fixture
def nim(drive: Callable[..., Driver], fakes: ClusterHandle, namespace: str) -> Nim:
    fakes.api.create(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", claim("models"))
    return Nim(drive(), fakes, namespace)


class Nim:
    """A stack with one NIMService."""

    def __init__(self, driver: Driver, cluster: ClusterHandle, namespace: str) -> None:
        assert isinstance(driver.connection, KubernetesConnection)
        self.driver, self.connection, self.cluster = driver, driver.connection, cluster
        self.deployment = f"/apis/apps/v1/namespaces/{namespace}/deployments/llm"

    def service(self, **fields: object) -> Manifest:
        return Manifest("llm", nim_service("llm", **fields))

    def pass_time(self, seconds: float) -> None:
        self.connection.platform.now = lambda: time.time() + seconds

    def hash(self) -> str:
        return str(self.cluster.api.get(self.deployment)["metadata"]["annotations"][SPEC_HASH])

    def planned(self, **fields: object) -> Change:
        (change,) = self.driver.plan(self.service(**fields))
        return change

    def send(self, change: Change) -> str:
        """Make the calls of a change without waiting; return the object's id."""
        results = [self.driver.run(step) for step in change.steps]
        return str(getattr(results[-1], "id", ""))

    def poll(self, change: Change, id: str | None = None, **seen: Any) -> Status:
        assert change.goal is not None
        details = {**change.goal.details, **seen}
        waiting = Waiting(address=change.address, kind=change.kind, id=id or change.id, goal="ready", details=details)
        (status,) = self.connection.poll([waiting])
        return status


def test_the_status_of_the_version_before_is_not_taken_for_ready(nim: Nim) -> None:
    nim.driver.apply(nim.service())
    before = nim.hash()
    change = nim.planned(args=["--fast"])
    nim.pass_time(LATER)
    status = nim.poll(change)
    assert isinstance(status, WaitingStill)
    assert "has not taken the change over" in status.reason
    nim.pass_time(0)
    done = nim.driver.execute(change)
    assert done.goal is not None
    assert (done.goal.details["mark"], nim.hash() != before) == (before, True)


def test_a_change_without_new_pods_settles_first(nim: Nim) -> None:
    nim.driver.apply(nim.service())
    change = nim.planned(expose={"service": {"type": "NodePort", "port": 8000}})
    assert change.goal is not None
    assert "mark" not in change.goal.details
    nim.send(change)
    status = nim.poll(change)
    assert isinstance(status, WaitingStill)
    assert "may not have seen" in status.reason
    nim.pass_time(LATER)
    assert isinstance(nim.poll(change), Ready)


def test_a_failure_that_may_heal_ends_a_wait_only_when_it_lasts(nim: Nim) -> None:
    change = nim.planned(storage={"nimCache": {"name": "nowhere"}})
    made = nim.send(change)
    eventually(lambda: "NIMCacheNotFound" in _reason(nim.poll(change, made)))
    nim.pass_time(61)
    failed = nim.poll(change, made)
    assert isinstance(failed, Failed)
    assert "NIMCacheNotFound" in failed.error.detail


def _reason(status: Status) -> str:
    assert isinstance(status, WaitingStill)
    return status.reason


class NoDeployment(ClusterClient):
    """A cluster on which the operator has made nothing."""

    def __init__(self) -> None: ...

    def get(self, key: Key) -> None: ...

    def list(self, key: Key, *, labels: str = "", fields: str = "", metadata: bool = False) -> list[dict[str, Any]]:
        return []


def failing(reason: str, *, generation: int, changed: str) -> Look:
    """Return a service that has said Failed since 12:00:00, and was looked at before that and at 12:02:00."""
    identity = Identity(stack="shop", environment="test", namespace="apps")
    now = datetime.fromisoformat("2026-01-01T12:02:00Z").timestamp()
    platform = Platform(
        config=KubernetesConfig.parse({}),
        identity=identity,
        target=target_of({}, stack="shop", namespace="apps", bundles={}),
        open=NoDeployment,
        now=lambda: now,
    )
    platform.looked["1"] = now - 3600.0
    said = {"type": "Failed", "reason": reason, "message": "", "lastTransitionTime": "2026-01-01T12:00:00Z"}
    entry = {"manager": identity.manager, "operation": "Apply", "time": f"2026-01-01T{changed}Z"}
    key = Key("apps.nvidia.com/v1alpha1", "NIMService", "apps", "llm")
    waiting = Waiting(address=Address("manifest.llm"), kind=key.full_kind, id="1", goal="ready")
    meta = {"name": "llm", "uid": "1", "generation": generation, "managedFields": [entry]}
    return Look(
        platform=platform,
        waiting=waiting,
        key=key,
        document={"metadata": meta, "status": {"state": "Failed", "conditions": [said]}},
    )


@pytest.mark.parametrize(
    ("reason", "changed", "ends"),
    [
        ("NIMCacheNotFound", "11:00:00", True),
        ("NIMCacheNotFound", "12:01:30", False),
        ("DRAResourcesUnsupported", "12:01:30", True),
        ("DRAResourcesUnsupported", "12:01:55", False),
    ],
)
def test_a_failure_of_the_version_before_ends_no_wait(reason: str, changed: str, ends: bool) -> None:
    status = nim_service_status(failing(reason, generation=2, changed=changed))
    assert isinstance(status, Failed) is ends


def test_a_failure_that_an_earlier_run_gave_up_for_gets_its_time_anew() -> None:
    look = failing("NIMCacheNotFound", generation=2, changed="11:00:00")
    look.platform.looked["1"] = look.platform.now()
    assert isinstance(nim_service_status(look), WaitingStill)


def said(kind: str, status: str, message: str, time: str) -> dict[str, str]:
    return {"type": kind, "status": status, "message": message, "lastTransitionTime": f"2026-01-01T{time}Z"}


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        ([said("NIM_CACHE_RECONCILE_FAILED", "True", "no secret named ngc", "11:00:00")], "no secret named ngc"),
        (
            [
                said("NIM_CACHE_PVC_CREATED", "True", "the claim is made", "11:30:00"),
                said("NIM_CACHE_RECONCILE_FAILED", "True", "no secret named ngc", "11:00:00"),
            ],
            "NIM_CACHE_RECONCILE_FAILED: no secret named ngc",
        ),
        ([said("NIM_CACHE_JOB_PENDING", "True", "the job waits", "11:00:00")], "NIM_CACHE_JOB_PENDING: the job waits"),
        ([], "the cache is NotReady"),
    ],
)
def test_a_wait_for_a_cache_quotes_the_operator(conditions: list[dict[str, str]], told: str) -> None:
    look = failing("", generation=1, changed="12:00:00")
    status = {"state": "NotReady", "conditions": conditions}
    waiting = nim_cache(replace(look, document={**look.document, "status": status}))
    assert isinstance(waiting, WaitingStill)
    assert told in waiting.reason
