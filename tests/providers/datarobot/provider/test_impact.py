"""GPUs and replicas before, after and at the peak; what is not known is an open end."""

from __future__ import annotations

from typing import Any

import pytest
from support.datarobot_stage import Stage, chat

import wlinfra as wl
from wlinfra.changes.model import GpuCount
from wlinfra.emulation import Reply


def _gpus(counts: tuple[GpuCount, ...]) -> list[tuple[str, int, int | None]]:
    return [(count.type, count.low, count.high) for count in counts]


def test_a_roll_counts_the_old_and_the_new(stage: Stage) -> None:
    (bundle,) = _gpu_bundles(stage)[:1]
    kind, each = bundle["gpuTypeLabel"], bundle["gpuCount"]
    stage.apply(chat(replicas=2, bundles=[bundle["id"]]))
    impact = stage.change(chat(replicas=3, bundles=[bundle["id"]]), "workload.chat").impact
    assert _gpus(impact.gpus_now) == [(kind, 2 * each, 2 * each)]
    assert _gpus(impact.gpus_after) == [(kind, 3 * each, 3 * each)]
    assert _gpus(impact.gpus_peak) == [(kind, 5 * each, 5 * each)]
    assert (impact.replicas_now, impact.replicas_after) == ((2, 2), (3, 3))


def test_autoscaling_makes_a_range(stage: Stage) -> None:
    bundle = _gpu_bundles(stage)[0]
    scaled = chat(bundles=[bundle["id"]], autoscaling=[wl.concurrency(target=1, min=0, max=4)])
    impact = stage.change(scaled, "workload.chat").impact
    assert _gpus(impact.gpus_after) == [(bundle["gpuTypeLabel"], 0, 4 * bundle["gpuCount"])]
    assert impact.scales_to_zero


def test_a_bundle_of_unknown_size_is_an_open_end(stage: Stage) -> None:
    not_served = Reply(404)
    stage.emulator.faults.on(not_served, path="/bundles", times=None)
    impact = stage.change(chat(bundles=["gpu.unheard-of"]), "workload.chat").impact
    assert _gpus(impact.gpus_after) == [("unknown", 0, None)]


@pytest.mark.parametrize("live", [False, True])
def test_a_bundle_the_platform_does_not_have_is_refused_before_any_call(stage: Stage, live: bool) -> None:
    if live:
        stage.apply(chat(bundles=["cpu.small"]))
    (error,) = stage.plan(chat(bundles=["cpu.smal"])).errors
    assert (error.summary, error.address) == ("Unknown resource bundle", "workload.chat")
    assert error.fix.startswith("Did you mean cpu.small?")


def test_what_rolls_nothing_leaves_the_gpus_where_they_are(stage: Stage) -> None:
    bundles = [bundle["id"] for bundle in _gpu_bundles(stage)[:2]]
    stage.apply(chat(bundles=bundles))
    impact = stage.change(chat(bundles=bundles, description="another"), "workload.chat").impact
    assert impact.gpus_now == impact.gpus_after == impact.gpus_peak != ()


def test_a_size_from_the_configuration_counts(stage: Stage) -> None:
    stage.options["bundles"] = {"gpu.own": {"cpu": 8, "memory": "64GB", "gpu": 2, "gpu_type": "own"}}
    impact = stage.change(chat(bundles=["gpu.own"], replicas=3), "workload.chat").impact
    assert _gpus(impact.gpus_after) == [("own", 6, 6)]


@pytest.mark.parametrize("power", ["stopped"])
def test_stopping_frees_everything(stage: Stage, power: str) -> None:
    bundle = _gpu_bundles(stage)[0]
    stage.apply(chat(bundles=[bundle["id"]]))
    impact = stage.change(chat(bundles=[bundle["id"]], power=power), "workload.chat").impact
    assert _gpus(impact.gpus_after) == []
    assert impact.gpus_now != ()


def _gpu_bundles(stage: Stage) -> list[dict[str, Any]]:
    rows = stage.api.ok("GET", "/mlops/compute/bundles")["data"]
    return [row for row in rows if row["gpuCount"]]
