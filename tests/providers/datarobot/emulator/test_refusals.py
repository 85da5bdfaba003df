"""What is refused, with which status, and where the answer says the mistake is."""

from __future__ import annotations

from typing import Any

import pytest

MISSING = "/artifacts/none"


def _spec(**container: Any) -> dict[str, Any]:
    return {"containerGroups": [{"containers": [{"name": "main", "imageUri": "i", "port": 8080, **container}]}]}


def _two(**second: Any) -> dict[str, Any]:
    first = {"name": "main", "imageUri": "i", "port": 8080, "primary": True}
    return {"containerGroups": [{"containers": [first, {"name": "side", "imageUri": "i", **second}]}]}


@pytest.mark.parametrize(
    "spec",
    [
        {"containerGroups": []},
        {"containerGroups": [{"containers": []}]},
        {"containerGroups": [*_spec()["containerGroups"], *_spec()["containerGroups"]]},
        _two(primary=True),
        _two(port=9090),
        _two(name="main"),
        _two(imageUri=None, imageBuildConfig={}),
        _spec(imageBuildConfig={"dockerfile": {"source": "generated", "entrypoint": []}}),
        _spec(securityContext={"seccompProfile": {"type": "RuntimeDefault", "localhostProfile": "p"}}),
        _spec(readinessProbe={"path": "/", "port": 0}),
        _spec(environmentVars=[{"source": "magic", "name": "X"}]),
        [],
        "text",
    ],
)
def test_wrong_spec_is_a_422(platform: Any, spec: Any) -> None:
    answer = platform.api.call("POST", "/artifacts/", {"name": "x", "spec": spec})

    assert answer.status == 422
    assert answer.body["detail"][0]["loc"][:2] == ["body", "spec"]


@pytest.mark.parametrize(
    "security",
    [
        {"allowPrivilegeEscalation": True},
        {"capabilities": {"add": ["NET_ADMIN"]}},
        {"seccompProfile": {"type": "Unconfined"}},
    ],
)
def test_loosened_security_is_a_403(platform: Any, security: dict[str, Any]) -> None:
    body = {"name": "x", "spec": _spec(securityContext=security)}

    assert platform.api.call("POST", "/artifacts/", body).status == 403


def test_tightened_security_is_kept(platform: Any) -> None:
    security = {"capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}

    made = platform.api.ok("POST", "/artifacts/", {"name": "x", "spec": _spec(securityContext=security)})

    answered = made["spec"]["containerGroups"][0]["containers"][0]["securityContext"]
    assert (answered["capabilities"]["drop"], answered["readOnlyRootFilesystem"]) == (["ALL"], True)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/workloads/none", None, 404),
        ("GET", "/artifacts/none", None, 404),
        ("GET", "/artifacts/none/builds", None, 404),
        ("GET", "/artifactRepositories/none", None, 404),
        ("GET", "/mlops/compute/bundles/none", None, 404),
        ("GET", "/status/none", None, 404),
        ("POST", "/files/none/stages/", {}, 404),
        ("POST", "/workloads", {"name": "x", "artifactId": "none"}, 404),
        ("POST", "/workloads", {"name": "x"}, 422),
        ("POST", "/workloads", {"name": "x", "artifact": {"name": "a"}}, 422),
        ("POST", "/workloads", {"name": "", "artifactId": "none"}, 422),
        ("POST", "/artifacts", {"name": "x", "spec": _spec(), "artifactRepositoryId": "none"}, 404),
        ("GET", "/workloads?limit=none", None, 422),
        ("GET", "/workloads?limit=0", None, 422),
        ("GET", "/workloads?orderBy=colour", None, 422),
    ],
)
def test_what_is_not_there_or_not_right(platform: Any, method: str, path: str, body: Any, status: int) -> None:
    assert platform.api.call(method, path, body).status == status


def test_body_that_is_not_json_is_a_422(platform: Any) -> None:
    answer = platform.api.send("POST", "/artifacts/", b"{", {})

    assert (answer.status, answer.body["detail"][0]["type"]) == (422, "json_invalid")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("stats?protonId=none", 404),
        ("stats?startTime=yesterday", 422),
        ("stats?startTime=2030-01-02&endTime=2030-01-01", 400),
        ("stats?responseTimeQuantile=2", 422),
        ("stats?responseTimeQuantile=half", 422),
        ("stats/errorPercentile", 422),
        ("stats/totalRequests?resolution=PT2M", 422),
        ("stats/totalRequests?resolution=PT1M&startTime=2000-01-01T00:00:00Z", 400),
        ("protons/none", 404),
        ("replacement", 404),
    ],
)
def test_wrong_question_about_a_workload(platform: Any, query: str, status: int) -> None:
    chat = platform.running()

    assert platform.api.call("GET", f"/workloads/{chat['id']}/{query}").status == status


@pytest.mark.parametrize(
    "metric",
    ["totalRequests", "requestsOverN", "requestsPerMinute", "concurrentRequests", "responseTime", "totalErrorRate"],
)
def test_every_metric_has_a_series(platform: Any, metric: str) -> None:
    chat = platform.running()

    assert platform.get(chat, f"stats/{metric}?resolution=P1D")["metric"] == metric


def test_sources_must_exist_and_belong_to_a_draft(platform: Any) -> None:
    reference = {"codeRef": {"datarobot": {"catalogId": "none", "catalogVersionId": "none"}}}
    unknown = platform.artifact(status="draft", container={"imageBuildConfig": reference})
    unset = platform.artifact(status="draft", container={"imageBuildConfig": {}})
    plain = platform.artifact(status="draft")
    locked = platform.artifact()

    statuses = [
        platform.api.call("POST", f"/artifacts/{one['id']}/builds", {}).status
        for one in (unknown, unset, plain, locked)
    ]

    assert statuses == [422] * 4


def test_uploads_are_multipart_and_archives_are_archives(platform: Any) -> None:
    catalog = platform.api.ok("POST", "/files/", {})["catalogId"]

    assert platform.api.call("POST", "/files/fromFile/", {}).status == 422
    assert platform.api.upload("/files/fromFile/?useArchiveContents=true", "a.zip", b"no zip").status == 422
    assert platform.api.call("POST", f"/files/{catalog}/fromStage/", {"stageId": "none"}).status == 404
    assert platform.api.ok("GET", f"/files/{catalog}/allFiles")["totalCount"] == 0


def test_type_of_a_repository_and_of_a_workload_is_kept(platform: Any) -> None:
    service = platform.artifact()
    chat = platform.running(artifact=service["id"])
    body = {"name": "llama", "type": "nim", "status": "locked", "spec": {**_spec(), "storage": {"mode": "nimCache"}}}
    nim = platform.api.ok("POST", "/artifacts/", body)

    mixed = platform.api.call("POST", "/artifacts/", {**body, "artifactRepositoryId": service["artifactRepositoryId"]})

    assert (mixed.status, platform.replace(chat, nim["id"]).status) == (422, 422)
    assert (
        platform.api.call("PUT", f"/artifacts/{nim['id']}", {**body, "type": "service", "spec": _spec()}).status == 422
    )


def test_runtime_must_fit_the_new_artifact(platform: Any) -> None:
    override = {"name": "main", "resourceAllocation": {"cpu": 1}}
    chat = platform.running(runtime={"containerGroups": [{"containers": [override]}]})
    renamed = platform.artifact("renamed", container={"name": "web"})

    group = {"containers": [{**override, "name": "web"}]}

    assert platform.replace(chat, renamed["id"]).status == 422
    assert platform.replace(chat, renamed["id"], runtime={"containerGroups": [group]}).status == 202


def test_each_of_several_containers_needs_an_allocation(platform: Any) -> None:
    artifact = platform.api.ok("POST", "/artifacts/", {"name": "x", "spec": _two()})
    override = {"name": "main", "resourceAllocation": {"cpu": 1}}
    body = {"name": "x", "artifactId": artifact["id"], "runtime": {"containerGroups": [{"containers": [override]}]}}

    refused = platform.api.call("POST", "/workloads", body)

    assert (refused.status, "'side'" in refused.body["detail"][0]["msg"]) == (422, True)


def test_build_that_is_over_cannot_be_cancelled(platform: Any) -> None:
    version = platform.api.upload("/files/fromFile/", "Dockerfile", b"FROM scratch\n").body
    reference = {"codeRef": {"datarobot": {name: version[name] for name in ("catalogId", "catalogVersionId")}}}
    path = f"/artifacts/{platform.artifact(status='draft', container={'imageBuildConfig': reference})['id']}/builds"
    build = platform.api.ok("POST", path, {})["buildIds"][0]
    platform.clock.advance(60)

    assert platform.api.call("DELETE", f"{path}/{build}").status == 409
    assert platform.api.call("GET", f"{path}/none").status == 404


def test_switched_replacement_cannot_be_cancelled(platform: Any) -> None:
    chat = platform.running()
    platform.settings(chat, replicaCount=2)
    platform.clock.advance(2)

    assert platform.get(chat)["replacement"]["status"] in {"finalizing", "completed"}
    assert platform.api.call("DELETE", f"/workloads/{chat['id']}/replacement").status == 422


def test_stop_gives_up_what_is_queued(platform: Any) -> None:
    chat = platform.running()
    for name in ("one", "two"):
        platform.replace(chat, platform.artifact(name)["id"])

    platform.post(chat, "stop")
    platform.clock.advance(60)

    after = platform.get(chat)
    assert (after["status"], after["replacement"], after["artifactId"]) == ("stopped", None, chat["artifactId"])


def test_queue_goes_on_after_a_failure(platform: Any) -> None:
    chat = platform.running()
    bad, good = platform.artifact("bad", image="i:does-not-exist"), platform.artifact("good")
    for artifact in (bad, good):
        platform.replace(chat, artifact["id"])

    for _ in range(3):
        platform.clock.advance(10)
        after = platform.get(chat)

    assert (after["artifactId"], after["replacement"]) == (good["id"], None)
    assert platform.api.call("DELETE", f"/artifactRepositories/{bad['artifactRepositoryId']}").status == 204
