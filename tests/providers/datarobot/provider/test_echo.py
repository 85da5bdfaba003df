"""What the program does not know of a live object survives a whole write."""

from __future__ import annotations

from typing import Any

from support.datarobot_stage import Stage, chat

DRAFT = {"status": "draft"}


def _container(stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = stage.artifacts()[-1]["spec"]["containerGroups"][0]["containers"][0]
    return found


def _set_by_hand(stage: Stage) -> None:
    (artifact,) = stage.artifacts()
    spec = artifact["spec"]
    spec["containerGroups"][0]["containers"][0] |= {
        "securityContext": {"readOnlyRootFilesystem": True},
        "livenessProbe": {"path": "/live"},
    }
    stage.api.ok("PATCH", f"/artifacts/{artifact['id']}", {"spec": {"containerGroups": spec["containerGroups"]}})


def test_a_patch_of_a_draft_keeps_what_others_set(stage: Stage) -> None:
    stage.apply(chat(artifact=DRAFT))
    _set_by_hand(stage)
    stage.apply(chat(artifact={**DRAFT, "image": "acme/chat:2"}))
    after = _container(stage)
    assert after["imageUri"] == "acme/chat:2"
    assert after["securityContext"]["readOnlyRootFilesystem"] is True
    assert after["livenessProbe"]["path"] == "/live"


def test_a_further_version_keeps_what_others_set(stage: Stage) -> None:
    stage.apply(chat(artifact=DRAFT))
    _set_by_hand(stage)
    stage.apply(chat())
    stage.apply(chat(artifact={"image": "acme/chat:2"}))
    assert _container(stage)["livenessProbe"]["path"] == "/live"


def test_what_only_the_server_sets_is_never_sent(stage: Stage) -> None:
    stage.apply(chat(bundles=["cpu.small"], replicas=1))
    stage.calls()
    stage.apply(chat(bundles=["cpu.small"], replicas=2))
    (group,) = stage.body("PATCH", "/settings")["runtime"]["containerGroups"]
    assert "resolvedBundle" not in group
    assert "autoscaling" not in group
    assert group["replicaCount"] == 2


def test_autoscaling_takes_the_place_of_replicas(stage: Stage) -> None:
    import wlinfra as wl

    stage.apply(chat(replicas=2))
    scaled = chat(autoscaling=[wl.concurrency(target=10, min=0, max=4)])
    stage.apply(scaled)
    (group,) = stage.body("PATCH", "/settings")["runtime"]["containerGroups"]
    assert "replicaCount" not in group
    assert stage.plan(scaled).is_empty
    stage.apply(chat(replicas=2))
    assert stage.plan(chat(replicas=2)).is_empty
