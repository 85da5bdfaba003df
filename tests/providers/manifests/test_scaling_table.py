"""Every cell of the table of metrics in the documentation is what really happens."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.rendering import errors, nim, rendered, server, target, warnings

import wlinfra as wl
from wlinfra.errors import DeclarationError
from wlinfra_manifests.model import Rendered

PAGE = Path(__file__).parents[3] / "docs" / "kubernetes-mapping.md"
COLUMNS = (("hpa", 1), ("hpa", 0), ("keda", 1), ("keda", 0))
POLICIES: dict[str, Callable[..., wl.ScalingPolicy]] = {
    "wl.cpu": wl.cpu,
    "wl.concurrency": wl.concurrency,
    "wl.gpu_cache": lambda **bounds: wl.gpu_cache(**{**bounds, "target": 0.5}),
    "wl.queue_depth": wl.queue_depth,
    "wl.custom_metric": lambda **bounds: wl.custom_metric("jobs", **bounds),
    "wl.requests_in_flight": wl.requests_in_flight,
    "wl.requests_per_hour": wl.requests_per_hour,
}
SCALERS = {"HorizontalPodAutoscaler", "ScaledObject", "InterceptorRoute", "NIMService"}


def rows() -> dict[str, list[str]]:
    """Return the cells of the table by metric."""
    found = (line.strip("|").split("|") for line in PAGE.read_text().splitlines() if line.startswith("| `wl."))
    return {metric.strip(" `"): [cell.strip() for cell in cells] for metric, *cells in found}


def cells() -> Iterator[Any]:
    for metric, row in rows().items():
        for (autoscaler, fewest), cell in zip(COLUMNS, row, strict=True):
            yield pytest.param(metric, autoscaler, fewest, cell, id=f"{metric}-{autoscaler}-{fewest}")


def outcome(artifact: wl.Artifact, metric: str, autoscaler: Any, fewest: int) -> tuple[str, Rendered]:
    try:
        policy = POLICIES[metric](target=70, min=fewest, max=3)
        done = rendered(artifact, target(autoscaler=autoscaler), autoscaling=[policy], bundles=["gpu.h100"])
    except DeclarationError:  # what no platform can do is wrong by itself
        return "refused", Rendered()
    found = [
        word for word in warnings(done) if word not in ("Locked with a mutable tag", "Scaling beside the NIM Operator")
    ]
    return "refused" if errors(done) else "warning" if found else "mapped", done


def autoscalers(done: Rendered) -> str:
    """Return the kinds and the words of everything that scales."""
    return json.dumps([item.manifest for item in done.objects if item.kind in SCALERS])


def test_every_metric_of_the_contract_has_a_row() -> None:
    assert list(rows()) == list(POLICIES)


@pytest.mark.parametrize(("metric", "autoscaler", "fewest", "cell"), list(cells()))
@pytest.mark.parametrize("artifact", [server(), nim()], ids=["service", "nim"])
def test_a_metric_does_what_the_page_says(
    artifact: wl.Artifact, metric: str, autoscaler: str, fewest: int, cell: str
) -> None:
    promised = next((word for word in ("refused", "warning") if cell.startswith(word)), "mapped")
    got, done = outcome(artifact, metric, autoscaler, fewest)
    assert got == promised
    words = [word for word in re.findall(r"`([^`]+)`", cell) if promised != "refused"]
    assert [word for word in words if not re.search(rf"\b{word}\b", autoscalers(done))] == []


@pytest.mark.parametrize("metric", [metric for metric in POLICIES if metric not in ("wl.cpu", "wl.requests_per_hour")])
def test_auto_takes_keda_where_an_hpa_cannot(metric: str) -> None:
    done = rendered(
        on=target(autoscaler="auto"), autoscaling=[POLICIES[metric](target=70, min=0, max=3)], bundles=["gpu.h100"]
    )
    assert [item.kind for item in done.objects if item.kind in ("HorizontalPodAutoscaler", "ScaledObject")] == [
        "ScaledObject"
    ]
