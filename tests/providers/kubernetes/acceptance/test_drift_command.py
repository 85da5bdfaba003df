"""`wlinfra drift` tells what changed behind the stack's back, by whom, and nothing else."""

from __future__ import annotations

from typing import Any

from support.cluster_stage import ClusterStage

PROGRAM = """
import wlinfra as wl

stack = wl.Stack("watched")


@stack.resources
def resources(env):
    server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
    yield server
    yield wl.Workload("chat", artifact=server, bundles=["cpu.small"], replicas=1)

"""
BUNDLES = {"cpu.small": {"cpu": 0.5, "memory": "512MB"}}


def drifted(stage: ClusterStage) -> dict[str, list[dict[str, Any]]]:
    changes = stage.run("drift", "--format", "json").json["changes"]
    return {change["address"]: change["drift"] for change in changes if change["action"] != "no-op"}


def test_what_was_applied_has_not_drifted(stage: ClusterStage) -> None:
    stage.program(PROGRAM, bundles=BUNDLES)
    stage.apply()
    assert drifted(stage) == {}


def test_an_edit_by_hand_is_told_with_its_path_and_who_made_it(stage: ClusterStage) -> None:
    stage.program(PROGRAM, bundles=BUNDLES)
    stage.apply()
    stage.kubectl("set", "image", "deployment/chat", "main=nginx:9")
    (address, (item,)) = next(iter(drifted(stage).items()))
    assert (address, item["attribute"]) == (
        "workload.chat/Deployment",
        "artifact.containers[main].image",
    )
    assert (item["recorded"]["value"], item["live"]["value"]) == ("ghcr.io/acme/chat:1", "nginx:9")
    assert item["note"].startswith("set by kubectl-set at 20")
    stage.apply("--refresh-only")
    assert drifted(stage) == {}
