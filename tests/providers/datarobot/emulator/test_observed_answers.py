"""The emulator answers with what the live service was seen to answer with, or the gap is named with its reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

OBSERVED = Path(__file__).parents[3] / "contracts" / "datarobot-observed.json"
ANSWERS = json.loads(OBSERVED.read_text(encoding="utf-8"))["answers"]
ALLOCATION = {"cpu": 0.5, "memory": 512_000_000}
SCALING = {
    "enabled": True,
    "minReplicaCount": 0,
    "maxReplicaCount": 3,
    "policies": [{"scalingMetric": "httpRequestsConcurrency", "target": 2}],
}


def shape(value: Any, path: str = "") -> dict[str, set[str]]:
    """Return the JSON types at each path; elements of lists have one path."""
    match value:
        case dict():
            parts = [shape(part, f"{path}.{name}".lstrip(".")) for name, part in value.items()]
        case list():
            parts = [shape(part, f"{path}[]") for part in value]
        case _:
            names = {bool: "boolean", int: "number", float: "number", str: "string", type(None): "null"}
            return {path: {names[type(value)]}}
    return {name: set().union(*(part.get(name, set()) for part in parts)) for part in parts for name in part}


def started(platform: Any, image: str = "ghcr.io/acme/chat:1", **group: Any) -> dict[str, Any]:
    """Return a workload some time after its start."""
    containers = [{"name": "main", "resourceAllocation": ALLOCATION}]
    runtime = {"containerGroups": [{"resourceBundles": ["cpu.small"], "containers": containers, **group}]}
    made: dict[str, Any] = platform.running(artifact=platform.artifact(image=image)["id"], runtime=runtime)
    return made


def answer_in(situation: str, operation: str, platform: Any) -> Any:
    """Return what the emulator answers in the situation of an observation."""
    if situation == "a first page":
        return platform.api.ok("GET", "/mlops/compute/bundles/?limit=2")
    crashes = situation == "a container that crashes"
    scales = situation == "scaled automatically"
    workload = started(
        platform,
        "ghcr.io/acme/crashes:1" if crashes else "ghcr.io/acme/chat:1",
        **({"autoscaling": SCALING} if scales else {"replicaCount": 1}),
    )
    if situation == "after replacements":
        platform.replace(workload, platform.artifact("next")["id"])
        platform.clock.advance(100)
    if situation == "stopped":
        platform.post(workload, "stop")
        platform.clock.advance(100)
    proton = platform.get(workload, "protons")["data"][0]["id"]
    rest = operation.partition("{workload_id}/")[2].replace("{proton_id}", proton)
    return platform.get(workload, rest)


@pytest.mark.parametrize("observed", ANSWERS, ids=lambda one: f"{one['operation']}: {one['situation']}")
def test_the_emulator_answers_what_was_observed(make_platform: Any, observed: dict[str, Any]) -> None:
    ours = shape(answer_in(observed["situation"], observed["operation"], make_platform("2026-10")))
    unlike = {path for path, kind in observed["shape"].items() if kind not in ours.get(path, ())}
    assert unlike == set(observed["gaps"])


def test_every_observation_and_every_gap_has_its_source_or_reason() -> None:
    assert [one for one in ANSWERS if not one["source"] or len(one["commit"]) != 40] == []
    assert [path for one in ANSWERS for path, reason in one["gaps"].items() if not reason] == []
