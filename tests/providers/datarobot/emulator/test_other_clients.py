"""The calls another client makes, as it makes them: bodies and slashes as the vendor's Terraform provider sends them."""

from __future__ import annotations

from typing import Any

CONTAINER = {
    "name": "main",
    "imageUri": "containous/whoami:latest",
    "primary": True,
    "port": 8080,
    "entrypoint": ["/whoami", "--port", "8080"],
    "environmentVars": [{"source": "string", "name": "LOG", "value": "info"}],
}
ARTIFACT = {
    "name": "demo-artifact",
    "type": "service",
    "status": "locked",
    "spec": {"containerGroups": [{"containers": [CONTAINER]}]},
}
GROUP = {
    "containers": [{"name": "main", "resourceAllocation": {"cpu": 1, "memory": 512_000_000}}],
    "bundleSelectionPolicy": "availability",
    "replicaCount": 1,
}


def _wait(platform: Any, path: str) -> list[str | None]:
    """Poll as that client does, and return the replacement statuses it saw."""
    seen: list[str | None] = []
    for _ in range(60):
        workload = platform.api.ok("GET", path)
        seen.append(workload["replacement"] and workload["replacement"]["status"])
        if seen[-1] is None and workload["status"] == "running":
            break
        platform.clock.advance(0.1)
    return seen


def test_its_life_of_a_workload(platform: Any) -> None:
    api = platform.api
    artifact = api.ok("POST", "/artifacts/", ARTIFACT)
    body = {"name": "demo", "runtime": {"containerGroups": [GROUP]}, "artifactId": artifact["id"], "importance": "low"}
    workload = api.ok("POST", "/workloads/", body)
    path = f"/workloads/{workload['id']}/"
    _wait(platform, path)

    successor = api.ok("POST", "/artifacts/", {**ARTIFACT, "artifactRepositoryId": artifact["artifactRepositoryId"]})
    config = {"warmupDurationMinutes": 5}
    wish = {"artifactId": successor["id"], "strategy": "rolling", "config": config}
    record = api.ok("POST", f"/workloads/{workload['id']}/replacement", wish)
    seen = _wait(platform, path)

    assert record["candidateArtifactId"] == successor["id"]
    assert (seen[0], seen[-1]) == ("submitted", None), "the replacement is seen before it is over"
    assert api.ok("GET", path)["artifactId"] == successor["id"]
    assert api.call("DELETE", path).status == 204
    assert api.call("GET", path).status == 404
    assert api.call("DELETE", f"/artifactRepositories/{artifact['artifactRepositoryId']}/").status == 204


def test_what_it_sent_comes_back(platform: Any) -> None:
    artifact = platform.api.ok("POST", "/artifacts/", ARTIFACT)
    scaling = {
        "enabled": True,
        "minReplicaCount": 1,
        "maxReplicaCount": 3,
        "policies": [{"scalingMetric": "cpuAverageUtilization", "target": 70}],
    }
    group = {"name": "default", "autoscaling": scaling, "resourceBundles": ["cpu.small"]}
    body = {"name": "demo", "runtime": {"containerGroups": [group]}, "artifactId": artifact["id"]}
    workload = platform.api.ok("POST", "/workloads/", body)

    container = artifact["spec"]["containerGroups"][0]["containers"][0]
    answered = workload["runtime"]["containerGroups"][0]
    assert {name: container[name] for name in CONTAINER} == CONTAINER
    as_answered = {**group, "autoscaling": {**scaling, "cooldownPeriodMinutes": None}}
    assert {name: answered[name] for name in group} == as_answered
    assert "containers" not in answered


def test_whole_live_objects_can_be_sent_back(platform: Any) -> None:
    draft = platform.artifact(status="draft", container={"readinessProbe": {"path": "/healthz"}})
    chat = platform.running(artifact=draft["id"])
    runtime = platform.get(chat, "settings")["runtime"]

    changed = platform.api.ok("PATCH", f"/artifacts/{draft['id']}/", {"spec": draft["spec"]})

    assert changed["spec"] == draft["spec"]
    assert platform.settings(chat, **runtime["containerGroups"][0]).status == 202
