from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from contract.fakes.replace_only import FakeControlPlane, Job, ReplaceOnlyConnection, ReplaceOnlyProvider
from support.manual_clock import ManualClock

from wlinfra.provider import Action, ActionReason, Provider, RefusedForNow, Step
from wlinfra.resources.base import Resource
from wlinfra.testing import Driver
from wlinfra.testing.contract import ProviderContract
from wlinfra.values import Secret


def job(image: str = "x:1", gpus: int = 1) -> Job:
    return Job(name="train", image=image, gpus=gpus, token=Secret(lambda: ProviderContract.canary, describe="a test"))


class TestReplaceOnlyProvider(ProviderContract):
    @pytest.fixture
    def plane(self) -> FakeControlPlane:
        return FakeControlPlane()

    @pytest.fixture
    def provider(self, plane: FakeControlPlane) -> Provider:
        return ReplaceOnlyProvider(plane=plane)

    @pytest.fixture
    def requests(self, plane: FakeControlPlane) -> Callable[[], int]:
        return lambda: plane.requests

    @pytest.fixture
    def resource(self) -> Resource:
        return job()

    @pytest.fixture
    def variants(self) -> Mapping[Action, Resource]:
        return {Action.REPLACE: job("x:2")}

    @pytest.fixture
    def referring(self, resource: Resource) -> Resource:
        return Job(name="serve", image=f"models:{resource.ref('id')}")

    @pytest.fixture
    def impossible(self) -> Step:
        payload = {"name": "other", "spec": {"gpus": 99}, "annotations": {}}
        return Step(operation="create", verb="POST", path="/jobs", summary="create it", payload=payload, makes=True)


def driver_on(plane: FakeControlPlane, owner: str = "us") -> Driver:
    return Driver(connection=ReplaceOnlyConnection(plane, owner), clock=ManualClock())


def test_the_new_job_waits_until_the_name_is_free() -> None:
    plane = FakeControlPlane(lingering=3)
    driver = driver_on(plane)
    driver.apply(job())
    (change,) = driver.apply(job(gpus=2))
    assert (change.action, [step.operation for step in change.steps]) == (Action.REPLACE, ["delete", "create"])
    assert list(plane.jobs) == ["job-2"]


def test_a_name_that_is_taken_is_refused_for_now_and_tried_again() -> None:
    plane = FakeControlPlane()
    driver = driver_on(plane)
    (change,) = driver.plan(job())
    plane.leaving["train"] = 1
    assert isinstance(driver.connection.run(change.steps[0]), RefusedForNow)
    driver.execute(change)
    assert list(plane.jobs) == ["job-1"]


@pytest.mark.parametrize(
    ("owner", "image", "action", "reason"),
    [
        ("us", "x:1", Action.IMPORT, ActionReason.NOT_IN_STATE),
        ("us", "x:2", Action.REPLACE, ActionReason.CANNOT_UPDATE),
        ("them", "x:1", Action.IMPORT, ActionReason.FOUND_BY_NAME),
        ("them", "x:2", Action.IMPORT, ActionReason.FOUND_BY_NAME),
    ],
)
def test_only_what_is_provably_ours_is_replaced_without_a_record(
    owner: str, image: str, action: Action, reason: ActionReason
) -> None:
    plane = FakeControlPlane()
    driver_on(plane, owner).apply(job())
    (change,) = driver_on(plane).plan(job(image))
    assert (change.action, change.reason) == (action, reason)
