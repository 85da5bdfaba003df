from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import wlinfra as wl
from wlinfra.changes.model import Change
from wlinfra.errors import ProviderError
from wlinfra.provider import Action, GpuCount
from wlinfra.testing import Driver

Connect = Callable[..., Driver]
H100 = {"cpu": 1, "memory": "1GB", "gpu": {"count": 1, "products": ["NVIDIA-H100-80GB-HBM3"], "type": "H100"}}
NONE = {"cpu": 1, "memory": "1GB", "gpu": {"count": 64, "type": "B300"}}
SMALL = {"cpu": 0.1, "memory": "64MB"}
CATALOGUE = {"h100": H100, "none": NONE, "small": SMALL}


def stack(*bundles: str, replicas: int = 1) -> list[Any]:
    server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
    return [server, wl.Workload("chat", artifact=server, bundles=list(bundles), replicas=replicas)]


def deployment_of(changes: list[Change]) -> Change:
    return next(change for change in changes if change.kind == "apps/v1/Deployment")


def bundle_of(change: Change) -> str:
    return str(change.values["metadata"]["annotations"]["wlinfra.dev/resolved-bundle"])


def test_the_first_bundle_that_fits_a_node_is_taken(drive: Connect) -> None:
    change = deployment_of(drive(bundles=CATALOGUE).plan(*stack("none", "small")))
    container = change.values["spec"]["template"]["spec"]["containers"][0]
    assert bundle_of(change) == "small"
    assert container["resources"]["requests"] == {"cpu": "100m", "memory": "64M"}


def test_what_no_node_could_ever_hold_is_refused(drive: Connect) -> None:
    with pytest.raises(ProviderError, match="could ever hold"):
        drive(bundles=CATALOGUE).plan(*stack("none"))


def test_a_cluster_that_adds_nodes_is_asked_for_the_first(drive: Connect) -> None:
    change = deployment_of(drive(bundles=CATALOGUE, adds_nodes=True).plan(*stack("none")))
    assert bundle_of(change) == "none"
    assert any("add a node" in note for note in change.notes)


def test_a_chosen_bundle_stays_while_it_is_in_the_list(drive: Connect) -> None:
    driver = drive(bundles=CATALOGUE)
    driver.apply(*stack("small"))
    again = drive(bundles=CATALOGUE)
    again.records.update(driver.records)
    assert bundle_of(deployment_of(again.plan(*stack("h100", "small")))) == "small"
    assert {change.action for change in again.plan(*stack("h100", "small"))} == {Action.NO_OP}


def test_the_plan_tells_the_gpus_before_and_after(drive: Connect) -> None:
    driver = drive(bundles=CATALOGUE)
    driver.apply(*stack("h100", replicas=1))
    impact = deployment_of(driver.plan(*stack("h100", replicas=2))).impact
    assert impact.gpus_now == (GpuCount(type="H100", low=1, high=1),)
    assert impact.gpus_after == impact.gpus_peak == (GpuCount(type="H100", low=2, high=2),)
