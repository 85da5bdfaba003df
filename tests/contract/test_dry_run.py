from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from contract.fakes.dry_run import App, DryRunConnection, DryRunProvider, FakeServer

from wlinfra.errors import ProviderError
from wlinfra.provider import Action, Provider, ReplaceOrder, Step
from wlinfra.resources.base import Resource
from wlinfra.testing import Driver
from wlinfra.testing.contract import ProviderContract
from wlinfra.values import Secret


def app(image: str = "x:1", **attributes: object) -> App:
    return App(name="web", image=image, token=Secret(lambda: ProviderContract.canary, describe="a test"), **attributes)


class TestDryRunProvider(ProviderContract):
    @pytest.fixture
    def server(self) -> FakeServer:
        return FakeServer()

    @pytest.fixture
    def provider(self, server: FakeServer) -> Provider:
        return DryRunProvider(server=server)

    @pytest.fixture
    def requests(self, server: FakeServer) -> Callable[[], int]:
        return lambda: server.requests

    @pytest.fixture
    def resource(self) -> Resource:
        return app()

    @pytest.fixture
    def variants(self) -> Mapping[Action, Resource]:
        return {Action.UPDATE: app(replicas=3), Action.ROLL: app("x:2"), Action.REPLACE: app(selector="other")}

    @pytest.fixture
    def referring(self, resource: Resource) -> Resource:
        return App(name="worker", image="y:1", target=f"http://{resource.ref('id')}/")

    @pytest.fixture
    def impossible(self) -> Step:
        payload = {"kind": "Deployment", "name": "web", "values": {"replicas": -1}}
        return Step(operation="apply", verb="PATCH", path="/", summary="apply it", payload=payload)


def driver_on(server: FakeServer) -> Driver:
    return Driver(connection=DryRunConnection(server, "us"))


def test_a_field_of_another_manager_is_a_conflict_that_names_both() -> None:
    server = FakeServer()
    driver_on(server).apply(app())
    server.apply(("Deployment", "web"), {"replicas": 7}, "autoscaler")
    driver = driver_on(server)
    with pytest.raises(ProviderError, match="replicas: is managed by autoscaler"):
        driver.plan(app(replicas=2))


def test_what_the_server_fills_in_is_no_difference_and_a_removed_field_gets_its_default_back() -> None:
    driver = driver_on(FakeServer())
    driver.apply(app(replicas=5))
    changes = driver.plan(app())
    assert [(item.path, item.live, item.planned) for change in changes for item in change.attributes] == [
        (("replicas",), 5, None)
    ]
    driver.apply(app())
    assert {change.action for change in driver.plan(app())} == {Action.NO_OP}


def test_an_immutable_field_is_replaced_after_its_old_object_is_gone() -> None:
    driver = driver_on(FakeServer())
    driver.apply(app())
    (change,) = [change for change in driver.plan(app(selector="new")) if change.kind == "Deployment"]
    assert (change.action, change.replace_order) == (Action.REPLACE, ReplaceOrder.DELETE_THEN_CREATE)
    assert [(step.operation, step.gate.goal if step.gate else "") for step in change.steps] == [
        ("delete", ""),
        ("apply", "name-free"),
    ]


def test_the_deployment_comes_after_the_image_it_refers_to() -> None:
    objects = list(driver_on(FakeServer()).objects(app()))
    assert objects.index(app().address + "/Image") < objects.index(app().address + "/Deployment")  # type: ignore[arg-type]  # an Address is text
