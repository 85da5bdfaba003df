"""What changes without a restart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from support.datarobot_stage import Stage, chat, server

import wlinfra as wl
from wlinfra.changes.model import Action, BlastRadius
from wlinfra.changes.outcome import label_of
from wlinfra.resources.base import Resource


def test_name_description_and_importance_are_patched_together(stage: Stage) -> None:
    stage.apply(chat())
    proton = stage.workload()["protonId"]
    wanted = chat(platform_name="chat-eu", description="a chat", importance="high")
    change = stage.change(wanted, "workload.chat")
    assert (change.action, change.blast_radius) == (Action.UPDATE, BlastRadius.NONE)
    stage.calls()
    stage.apply(wanted)
    assert stage.calls() == ["PATCH /workloads/*"]
    after = stage.workload("chat-eu")
    assert (after["description"], after["importance"], after["protonId"]) == ("a chat", "high", proton)


def test_a_description_may_be_known_only_once_another_object_is_created(stage: Stage) -> None:
    def declaring() -> Iterable[Resource]:
        artifact = server()
        first = wl.Workload("first", artifact=artifact)
        yield from (artifact, first, wl.Workload("chat", artifact=artifact, description=first.id))

    stage.apply(chat())
    stage.apply(declaring)
    first = stage.workload("first")["id"]
    assert stage.workload()["description"] == first
    assert stage.record("workload.chat").facts["description"] == first
    assert stage.plan(declaring).is_empty


def test_a_removed_importance_goes_back_to_the_platforms_own(stage: Stage) -> None:
    stage.apply(chat(importance="high", description="a chat"))
    stage.apply(chat())
    after = stage.workload()
    assert (after["importance"], after["description"]) == ("low", "")


def test_an_attribute_never_declared_is_not_ours(stage: Stage) -> None:
    stage.apply(chat())
    workload = stage.workload()
    stage.api.ok("PATCH", f"/workloads/{workload['id']}", {"description": "by hand", "importance": "critical"})
    assert stage.plan(chat()).is_empty


def test_a_replacement_policy_alone_is_kept_for_later(stage: Stage) -> None:
    import wlinfra as wl

    stage.apply(chat())
    wanted = chat(replacement=wl.ReplacementPolicy(warmup_minutes=2))
    change = stage.change(wanted, "workload.chat")
    assert (change.action, change.steps, change.blast_radius) == (Action.UPDATE, (), BlastRadius.NONE)
    stage.calls()
    stage.apply(wanted)
    assert stage.calls() == []
    assert stage.plan(wanted).is_empty


def test_the_policy_goes_with_the_next_version(stage: Stage) -> None:
    import wlinfra as wl

    policy = wl.ReplacementPolicy(warmup_minutes=2)
    stage.apply(chat())
    stage.calls()
    stage.apply(chat(artifact={"image": "acme/chat:2"}, replacement=policy))
    assert stage.body("POST", "/replacement")["config"] == {"warmupDurationMinutes": 2}


def test_a_description_of_a_locked_artifact_rolls_nothing(stage: Stage) -> None:
    stage.apply(chat())
    wanted = chat(artifact={"description": "for people"})
    stage.calls()
    stage.apply(wanted)
    assert stage.calls() == ["PATCH /artifacts/*"]
    assert stage.artifacts()[0]["description"] == "for people"
    assert stage.plan(wanted).is_empty


def test_a_name_of_a_locked_artifact_waits_for_its_next_version(stage: Stage) -> None:
    stage.apply(chat())
    renamed = {"platform_name": "server-eu"}
    change = stage.change(chat(artifact=renamed), "artifact.server")
    assert change.steps == ()
    assert "a locked artifact keeps its name; the new one is used by its next version" in change.notes
    stage.apply(chat(artifact=renamed))
    assert stage.plan(chat(artifact=renamed)).is_empty
    stage.apply(chat(artifact={**renamed, "image": "acme/chat:2"}))
    assert stage.workload()["artifact"]["name"] == "server-eu"


@pytest.mark.parametrize("power", ["stopped", "running"])
def test_power_is_reached_and_kept(stage: Stage, power: str) -> None:
    stage.apply(chat(power="stopped"))
    stage.apply(chat(power=power))
    assert stage.workload()["status"] == power
    assert stage.plan(chat(power=power)).is_empty


def test_a_runtime_no_longer_declared_is_reset_and_rolls_only_where_that_differs(stage: Stage) -> None:
    stage.apply(chat(replicas=3))
    change = stage.change(chat(), "workload.chat")
    assert [(item.path[-1], item.live) for item in change.attributes] == [("replicaCount", 3)]
    stage.apply(chat())
    assert stage.workload()["runtime"]["containerGroups"][0]["replicaCount"] == 1
    assert stage.plan(chat()).is_empty


@pytest.mark.parametrize("options", [{}, {"bundles": ["cpu.small"]}])
def test_replicas_no_longer_declared_are_forgotten_where_they_are_the_platforms_own(
    stage: Stage, options: dict[str, Any]
) -> None:
    stage.apply(chat(replicas=1, **options))
    stage.calls()
    assert label_of(stage.change(chat(**options), "workload.chat").decision) == "recorded only"
    stage.apply(chat(**options))
    assert stage.plan(chat(**options)).is_empty
    assert stage.calls() == []


def test_autoscaling_no_longer_declared_ends(stage: Stage) -> None:
    stage.apply(chat(autoscaling=[wl.concurrency(target=10, min=1, max=3)]))
    stage.apply(chat())
    assert not (stage.workload()["runtime"]["containerGroups"][0].get("autoscaling") or {}).get("enabled")
    assert stage.plan(chat()).is_empty
