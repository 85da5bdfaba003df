"""Workloads: how they start, fail, stop, are listed and refused."""

from __future__ import annotations

from typing import Any

import pytest

from wlinfra_datarobot.emulator import Quirks

HEAVY = {"min": 1, "max": 4}


def test_start_walks_through_its_statuses(platform: Any) -> None:
    chat = platform.workload()
    seen = [chat["status"]]
    for _ in range(15):
        platform.clock.advance(0.1)
        seen.append(platform.get(chat)["status"])

    assert list(dict.fromkeys(seen)) == ["submitted", "provisioning", "launching", "running"]


def test_server_fills_defaults_and_stores_bytes(platform: Any) -> None:
    override = {"name": "main", "resourceAllocation": {"cpu": 1, "memory": "512MB"}}
    chat = platform.workload(runtime={"containerGroups": [{"containers": [override]}]})

    group = chat["runtime"]["containerGroups"][0]
    allocation = group["containers"][0]["resourceAllocation"]
    assert chat["importance"] == "low"
    assert (group["name"], group["replicaCount"], group["autoscaling"]) == ("default", 1, None)
    assert (allocation["memory"], group["bundleSelectionPolicy"]) == (512_000_000, "availability")


def test_first_bundle_with_room_is_chosen(make_platform: Any) -> None:
    platform = make_platform(quirks=Quirks(exhausted_bundles=frozenset({"gpu.h100"})))
    runtime = {"containerGroups": [{"resourceBundles": ["gpu.h100", "gpu.a100"]}]}

    chat = platform.running(runtime=runtime)

    bundle = platform.get(chat)["runtime"]["containerGroups"][0]["resolvedBundle"]
    assert (bundle["id"], bundle["gpuCount"], bundle["gpuTypeLabel"]) == ("gpu.a100", 1, "NVIDIA A100")


def test_start_without_room_waits_and_says_so(make_platform: Any) -> None:
    platform = make_platform(quirks=Quirks(exhausted_bundles=frozenset({"gpu.h100"})))

    chat = platform.running(runtime={"containerGroups": [{"resourceBundles": ["gpu.h100"]}]})

    details = platform.get(chat, f"protons/{chat['protonId']}/statusDetails")
    assert platform.get(chat)["status"] == "provisioning"
    assert details["replicas"][0]["conditions"][0]["reason"] == "Unschedulable"


def test_missing_image_ends_as_errored_with_a_reason(platform: Any) -> None:
    image = platform.artifact(image="ghcr.io/acme/chat:does-not-exist")
    chat = platform.running(artifact=image["id"])

    details = platform.get(chat, f"protons/{chat['protonId']}/statusDetails")
    event = platform.get(chat, "events")["data"][0]
    assert platform.get(chat)["status"] == "errored"
    assert details["replicas"][0]["conditions"][1]["reason"] == "ErrImagePull"
    assert (event["eventType"], event["details"]["reason"]) == ("proton.status", "ErrImagePull")


def test_status_details_are_empty_before_the_first_report(platform: Any) -> None:
    chat = platform.workload()

    answer = platform.api.call("GET", f"/workloads/{chat['id']}/protons/{chat['protonId']}/statusDetails")

    assert (answer.status, answer.body) == (204, None)


def test_stop_and_start(platform: Any) -> None:
    chat = platform.running()
    assert platform.post(chat, "start").status == 409

    platform.post(chat, "stop")
    assert platform.get(chat)["status"] == "stopping"
    platform.clock.advance(10)
    assert platform.get(chat)["status"] == "stopped"
    assert platform.post(chat, "start").body["trackVia"].endswith(f"/api/v2/workloads/{chat['id']}")
    platform.clock.advance(10)
    assert platform.get(chat)["status"] == "running"


def test_draft_is_stopped_after_eight_hours(platform: Any) -> None:
    chat = platform.running(artifact=platform.artifact(status="draft")["id"])

    platform.clock.advance(8 * 3600 + 60)

    assert platform.get(chat)["status"] == "stopped"


def test_draft_serves_one_workload(platform: Any) -> None:
    draft = platform.artifact(status="draft")["id"]
    platform.workload(artifact=draft)

    assert platform.api.call("POST", "/workloads/", {"name": "two", "artifactId": draft}).status == 409


def test_inline_artifact_is_made_in_the_same_call(platform: Any) -> None:
    spec = {"containerGroups": [{"containers": [{"imageUri": "i", "port": 8080}]}]}

    chat = platform.api.ok("POST", "/workloads/", {"name": "chat", "artifact": {"name": "server", "spec": spec}})

    assert (chat["artifact"]["name"], chat["artifact"]["status"]) == ("server", "draft")


def test_refused_creation_leaves_nothing_behind(platform: Any) -> None:
    spec = {"containerGroups": [{"containers": [{"imageUri": "i", "port": 8080}]}]}
    body = {"name": "chat", "artifact": {"name": "server", "spec": spec}}
    body["runtime"] = {"containerGroups": [{"resourceBundles": ["gpu.imaginary"]}]}

    assert platform.api.call("POST", "/workloads/", body).status == 422
    assert platform.api.ok("GET", "/artifacts/")["totalCount"] == 0


@pytest.mark.parametrize(
    "group",
    [
        {"replicaCount": 2, "autoscaling": {"enabled": True, "policies": []}},
        {"autoscaling": {"minReplicaCount": 0, "policies": [{"scalingMetric": "cpuAverageUtilization", "target": 70}]}},
        {"autoscaling": {"policies": [{"scalingMetric": "gpuCacheUtilization", "target": 70}]}},
        {"autoscaling": {"minReplicaCount": 3, "maxReplicaCount": 2, "policies": []}},
        {"containers": [{"name": "main", "resourceAllocation": {"memory": "512Mi"}}]},
        {"containers": [{"name": "other"}]},
        {"name": "other"},
        {"replicaCount": 0},
        {"gpuMemory": 1},
    ],
    ids=["both-scalings", "cpu-to-zero", "nim-metric", "bounds", "mebibytes", "container", "group", "zero", "unknown"],
)
def test_wrong_runtime_is_refused(platform: Any, group: dict[str, Any]) -> None:
    body = {"name": "chat", "artifactId": platform.artifact()["id"], "runtime": {"containerGroups": [group]}}

    assert platform.api.call("POST", "/workloads/", body).status == 422


def test_old_bounds_are_hoisted_to_the_group(platform: Any) -> None:
    policy = {"scalingMetric": "httpRequestsConcurrency", "target": 10, "minCount": 1, "maxCount": 4}

    chat = platform.workload(runtime={"containerGroups": [{"autoscaling": {"policies": [policy]}}]})

    assert chat["runtime"]["containerGroups"][0]["autoscaling"] == {
        "enabled": True,
        "minReplicaCount": 1,
        "maxReplicaCount": 4,
        "policies": [{"scalingMetric": "httpRequestsConcurrency", "target": 10.0}],
        "cooldownPeriodMinutes": None,
    }


def test_june_keeps_bounds_at_the_policy(make_platform: Any) -> None:
    june = make_platform("2026-06")
    policy = {"scalingMetric": "httpRequestsConcurrency", "target": 10, "minCount": 1, "maxCount": 4}
    bare = {"scalingMetric": "httpRequestsConcurrency", "target": 10}

    chat = june.workload(runtime={"containerGroups": [{"autoscaling": {"policies": [policy]}}]})

    assert chat["runtime"]["containerGroups"][0]["autoscaling"]["policies"] == [{**policy, "priority": None}]
    body = {"name": "x", "artifactId": chat["artifactId"]}
    refused = june.api.call(
        "POST", "/workloads/", {**body, "runtime": {"containerGroups": [{"autoscaling": {"policies": [bare]}}]}}
    )
    assert [problem["loc"][-1] for problem in refused.body["detail"]] == ["minCount", "maxCount"]


def test_quotas_are_refused_with_their_numbers(make_platform: Any) -> None:
    platform = make_platform(quirks=Quirks(max_concurrent_workloads=1, max_workload_replicas=2))
    artifact = platform.workload()["artifactId"]
    runtime = {"containerGroups": [{"replicaCount": 3}]}

    second = platform.api.call("POST", "/workloads/", {"name": "two", "artifactId": artifact})
    platform.emulator.quirks = Quirks(max_workload_replicas=2)
    large = platform.api.call("POST", "/workloads/", {"name": "two", "artifactId": artifact, "runtime": runtime})

    assert (second.status, large.status) == (403, 403)
    assert large.body == {"detail": "Requested replicas (3) exceeds the maximum allowed (2)."}


def test_delete_may_answer_502_although_done(make_platform: Any) -> None:
    platform = make_platform(quirks=Quirks(delete_answers_502=True))
    chat = platform.running()

    assert platform.api.call("DELETE", f"/workloads/{chat['id']}").status == 502
    assert platform.api.call("GET", f"/workloads/{chat['id']}").status == 404


def test_list_filters_sorts_and_pages(platform: Any) -> None:
    artifact = platform.artifact()
    made = [
        platform.workload(f"w{n}", artifact["id"], importance=level)
        for n, level in enumerate(("high", "low", "critical"))
    ]
    platform.emulator.tag(made[1]["id"], "team", "search")

    def names(query: str) -> list[str]:
        return [row["name"] for row in platform.api.ok("GET", f"/workloads?{query}")["data"]]

    assert names("orderBy=-importance") == ["w2", "w0", "w1"]
    assert names("importance=high&importance=low") == ["w0", "w1"]
    assert names("tagKeys=team&tagValues=search&tagValues=other") == ["w1"]
    assert names(f"repositoryId={artifact['artifactRepositoryId']}&artifactStatus=locked&search=W2") == ["w2"]
    assert names("status=running") == []
    first = platform.api.ok("GET", "/workloads/?limit=2&orderBy=name")
    assert (first["count"], first["totalCount"], first["previous"]) == (2, 3, None)
    rest = platform.api.ok("GET", first["next"].removeprefix(platform.emulator.url))
    assert ([row["name"] for row in rest["data"]], rest["next"]) == (["w2"], None)


def test_shared_roles_are_given_and_taken(platform: Any) -> None:
    chat = platform.workload()
    path = f"/workloads/{chat['id']}/sharedRoles"

    def update(role: str, count: int = 1) -> int:
        roles = [{"shareRecipientType": "group", "id": f"g{n}", "role": role} for n in range(count)]
        status: int = platform.api.call("PATCH", path, {"operation": "updateRoles", "roles": roles}).status
        return status

    assert (update("READ_ONLY", 100), update("READ_ONLY", 101)) == (204, 422)
    assert platform.api.ok("GET", path)["totalCount"] == 101
    update("NO_ROLE", 100)
    assert [row["role"] for row in platform.api.ok("GET", path)["data"]] == ["OWNER"]


def test_metadata_changes_without_a_roll(platform: Any) -> None:
    chat = platform.running()

    changed = platform.api.ok(
        "PATCH", f"/workloads/{chat['id']}/", {"name": "talk", "description": None, "importance": None}
    )

    assert (changed["name"], changed["importance"], changed["protonId"]) == ("talk", "low", chat["protonId"])
    assert (changed["status"], changed["replacement"]) == ("running", None)
