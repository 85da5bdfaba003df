"""Autoscaling that is declared and switched off reaches the platform, and what is live is compared with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.datarobot_stage import Quirks, Stage, chat

import wlinfra as wl
from wlinfra.changes.model import Action

POLICIES = (wl.concurrency(target=3, min=1, max=5),)
OFF = wl.Autoscaling(enabled=False, policies=POLICIES)
ON = wl.Autoscaling(policies=POLICIES)


def group(stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = stage.workload()["runtime"]["containerGroups"][0]
    return found


def scaled(**attributes: Any) -> Callable[[], Any]:
    return chat(runtime=wl.Runtime(container_groups=(wl.GroupRuntime(bundles=("cpu.small",), **attributes),)))


@pytest.mark.parametrize("dialect", ["2026-10", "2026-06"])
def test_a_create_sends_it(stages: Callable[..., Stage], dialect: str) -> None:
    stage = stages(dialect=dialect, quirks=Quirks(default_scaling="to-zero"))
    stage.apply(scaled(autoscaling=OFF))
    sent = stage.body("POST", "/workloads")["runtime"]["containerGroups"][0]["autoscaling"]
    assert (sent["enabled"], [one["scalingMetric"] for one in sent["policies"]]) == (False, ["httpRequestsConcurrency"])
    assert (group(stage)["autoscaling"]["enabled"], group(stage)["replicaCount"]) == (False, 1)
    assert stage.plan(scaled(autoscaling=OFF)).is_empty


def test_settings_and_a_replacement_send_it(stage: Stage) -> None:
    stage.apply(scaled(autoscaling=ON))
    change = stage.change(scaled(autoscaling=OFF), "workload.chat")
    shown = [(item.path[-2:], item.live, item.planned) for item in change.attributes]
    assert (change.action, shown) == (Action.ROLL, [(("autoscaling", "enabled"), True, False)])
    stage.apply(scaled(autoscaling=OFF))
    assert stage.body("PATCH", "/settings")["runtime"]["containerGroups"][0]["autoscaling"]["enabled"] is False
    assert stage.plan(scaled(autoscaling=OFF)).is_empty
    rolled = chat(
        artifact={"image": "acme/chat:2"},
        runtime=wl.Runtime(container_groups=(wl.GroupRuntime(bundles=("cpu.large",), autoscaling=OFF),)),
    )
    stage.apply(rolled)
    assert stage.body("POST", "/replacement")["runtime"]["containerGroups"][0]["autoscaling"]["enabled"] is False
    assert stage.plan(rolled).is_empty


def test_what_somebody_switched_on_is_switched_off_again(stage: Stage) -> None:
    stage.apply(scaled(autoscaling=OFF, replicas=2))
    live = group(stage)
    assert (live["replicaCount"], live["autoscaling"]["enabled"]) == (2, False)
    shown = {name: live[name] for name in ("name", "resourceBundles", "autoscaling")}
    runtime = {"containerGroups": [{**shown, "autoscaling": {**shown["autoscaling"], "enabled": True}}]}
    stage.api.ok("PATCH", f"/workloads/{stage.workload()['id']}/settings", {"runtime": runtime})
    stage.clock.advance(600)
    drift = stage.change(scaled(autoscaling=OFF, replicas=2), "workload.chat").drift
    assert (("autoscaling", "enabled"), False, True) in [(item.path[-2:], item.recorded, item.live) for item in drift]
    stage.apply(scaled(autoscaling=OFF, replicas=2))
    assert (group(stage)["replicaCount"], group(stage)["autoscaling"]["enabled"]) == (2, False)


def test_an_import_switches_off_what_is_declared_off(stage: Stage) -> None:
    stage.apply(scaled(autoscaling=ON))
    stage.forget("workload.chat")
    change = stage.change(scaled(autoscaling=OFF), "workload.chat")
    assert (change.action, len(change.steps)) == (Action.IMPORT, 1)
    stage.apply(scaled(autoscaling=OFF))
    assert group(stage)["autoscaling"]["enabled"] is False
    assert stage.plan(scaled(autoscaling=OFF)).is_empty


def test_where_nothing_scales_anyway_nothing_is_planned(stage: Stage) -> None:
    stage.apply(scaled(replicas=2))
    assert stage.plan(scaled(replicas=2, autoscaling=OFF)).is_empty
    stage.apply(scaled(autoscaling=OFF))
    stage.apply(scaled(replicas=3))
    assert stage.plan(scaled(replicas=3)).is_empty


def test_policies_that_are_not_in_force_are_checked_as_well(stage: Stage) -> None:
    off = wl.Autoscaling(enabled=False, policies=(wl.requests_per_hour(target=3, min=1, max=5),))
    with pytest.raises(wl.DeclarationError, match="Scaling metric not available"):
        stage.plan(scaled(autoscaling=off))
