"""Artifacts: drafts, locks, versions, repositories, builds."""

from __future__ import annotations

from typing import Any

import pytest

from wlinfra_datarobot.emulator import Quirks


def test_locked_versions_of_one_repository_are_numbered(platform: Any) -> None:
    first = platform.artifact()
    second = platform.artifact(artifactRepositoryId=first["artifactRepositoryId"])
    draft = platform.artifact(status="draft", artifactRepositoryId=first["artifactRepositoryId"])

    assert [first["version"], second["version"], draft["version"]] == [1, 2, None]


def test_server_fills_what_the_user_left_out(platform: Any) -> None:
    made = platform.artifact(container={"name": None, "readinessProbe": {"path": "/healthz"}})

    group = made["spec"]["containerGroups"][0]
    probe = group["containers"][0]["readinessProbe"]
    assert (group["name"], group["containers"][0]["name"], group["containers"][0]["primary"]) == (
        "default",
        "main",
        True,
    )
    numbers = ("initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold", "port")
    assert [probe[name] for name in numbers] == [30, 30, 30, 3, 8080]


def test_environment_keeps_its_order_and_names_its_source(platform: Any) -> None:
    variables = [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}, {"source": "api-key"}]

    made = platform.artifact(container={"environmentVars": variables})

    assert made["spec"]["containerGroups"][0]["containers"][0]["environmentVars"] == [
        {"source": "string", "name": "B", "value": "2"},
        {"source": "string", "name": "A", "value": "1"},
        {"source": "api-key", "name": "DATAROBOT_API_TOKEN"},
    ]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": "other"}, 409),
        ({"spec": {"containerGroups": [{"containers": [{"imageUri": "new", "port": 8080}]}]}}, 409),
        ({"status": "draft"}, 422),
        ({"description": "said better"}, 200),
    ],
    ids=["name", "spec", "unlock", "description"],
)
def test_locked_artifact_takes_only_a_description(platform: Any, change: dict[str, Any], status: int) -> None:
    made = platform.artifact()

    assert platform.api.call("PATCH", f"/artifacts/{made['id']}/", change).status == status


def test_draft_takes_a_whole_new_spec(platform: Any) -> None:
    made = platform.artifact(status="draft")
    spec = {"containerGroups": [{"containers": [{"name": "web", "imageUri": "new", "port": 9090}]}]}

    changed = platform.api.ok("PATCH", f"/artifacts/{made['id']}/", {"spec": spec})

    containers = changed["spec"]["containerGroups"][0]["containers"]
    assert [(one["name"], one["imageUri"], one["readinessProbe"]) for one in containers] == [("web", "new", None)]


def test_locked_artifact_goes_only_with_its_repository(platform: Any) -> None:
    made = platform.artifact()

    assert platform.api.call("DELETE", f"/artifacts/{made['id']}/").status == 409
    assert platform.api.call("DELETE", f"/artifactRepositories/{made['artifactRepositoryId']}/").status == 204
    assert platform.api.call("GET", f"/artifacts/{made['id']}/").status == 404


def test_repository_in_use_stays(platform: Any) -> None:
    made = platform.artifact()
    chat = platform.workload(artifact=made["id"])
    path = f"/artifactRepositories/{made['artifactRepositoryId']}/"

    assert platform.api.call("DELETE", path).status == 409
    platform.api.ok("DELETE", f"/workloads/{chat['id']}/")
    assert platform.api.call("DELETE", path).status == 204


def test_repository_disappears_with_its_last_draft(platform: Any) -> None:
    made = platform.artifact(status="draft")

    platform.api.ok("DELETE", f"/artifacts/{made['id']}/")

    assert platform.api.call("GET", f"/artifactRepositories/{made['artifactRepositoryId']}/").status == 404


def test_artifact_without_image_cannot_be_locked(platform: Any) -> None:
    built: dict[str, Any] = {"imageUri": None, "imageBuildConfig": {}}

    answer = platform.api.call(
        "POST",
        "/artifacts/",
        {"name": "x", "status": "locked", "spec": {"containerGroups": [{"containers": [{"port": 8080, **built}]}]}},
    )

    assert answer.status == 422
    assert platform.api.ok("GET", "/artifacts/")["totalCount"] == 0


def test_locked_can_come_back_as_a_draft(make_platform: Any) -> None:
    platform = make_platform(quirks=Quirks(locked_created_as_draft=True))

    made = platform.artifact()

    assert (made["status"], made["version"]) == ("draft", None)
    assert platform.api.ok("PATCH", f"/artifacts/{made['id']}/", {"status": "locked"})["version"] == 1


@pytest.mark.parametrize(
    ("container", "where"),
    [
        ({"port": 80}, "port"),
        ({"port": None}, "port"),
        ({"imageUri": None}, "imageUri"),
        ({"name": "Main Container"}, "name"),
        ({"colour": "red"}, "colour"),
        ({"environmentVars": [{"source": "dr-api-token", "name": "T"}]}, "environmentVars"),
    ],
)
def test_wrong_container_is_refused_where_it_is_wrong(platform: Any, container: dict[str, Any], where: str) -> None:
    spec = {"containerGroups": [{"containers": [{"name": "main", "imageUri": "i", "port": 8080, **container}]}]}

    answer = platform.api.call("POST", "/artifacts/", {"name": "x", "spec": spec})

    assert answer.status == 422
    assert where in answer.body["detail"][0]["loc"]


def test_june_knows_neither_agents_nor_success_thresholds(make_platform: Any) -> None:
    june = make_platform("2026-06")
    container = {"imageUri": "i", "port": 8080, "readinessProbe": {"path": "/", "successThreshold": 2}}
    spec = {"containerGroups": [{"containers": [container]}]}

    answers = [
        june.api.call("POST", "/artifacts/", {"name": "x", "spec": spec}),
        june.api.call("POST", "/artifacts/", {"name": "x", "type": "agent", "spec": {"containerGroups": []}}),
    ]

    assert [answer.status for answer in answers] == [422, 422]
    assert answers[0].body["detail"][0]["type"] == "extra_forbidden"


def test_build_fills_the_image_and_lets_the_draft_be_locked(platform: Any) -> None:
    version = platform.api.upload("/files/fromFile/", "Dockerfile", b"FROM scratch\n").body
    reference = {name: version[name] for name in ("catalogId", "catalogVersionId")}
    container = {"imageUri": None, "imageBuildConfig": {"codeRef": {"datarobot": reference}}}
    made = platform.artifact(status="draft", container=container)
    path = f"/artifacts/{made['id']}"

    platform.api.ok("POST", f"{path}/builds/", {})
    assert platform.api.call("PATCH", path, {"status": "locked"}).status == 422
    platform.clock.advance(10)

    built = platform.api.ok("PATCH", path, {"status": "locked"})["spec"]["containerGroups"][0]["containers"][0]
    assert built["build"]["status"] == "COMPLETED"
    assert built["imageUri"].startswith("registry.example.com/artifacts/")


def test_failing_build_leaves_no_image(platform: Any) -> None:
    version = platform.api.upload("/files/fromFile/", "Dockerfile", b"FROM scratch\nRUN false\n").body
    reference = {name: version[name] for name in ("catalogId", "catalogVersionId")}
    container = {"imageUri": None, "imageBuildConfig": {"codeRef": {"datarobot": reference}}}
    path = f"/artifacts/{platform.artifact(status='draft', container=container)['id']}"
    build = platform.api.ok("POST", f"{path}/builds/", {})["buildIds"][0]

    platform.clock.advance(10)

    assert platform.api.ok("GET", f"{path}/builds/{build}/")["status"] == "FAILED"
    assert platform.api.ok("GET", path)["spec"]["containerGroups"][0]["containers"][0]["imageUri"] is None


def test_artifacts_are_filtered(platform: Any) -> None:
    server, draft = platform.artifact("server"), platform.artifact("editor", status="draft")

    def ids(query: str) -> list[str]:
        return [row["id"] for row in platform.api.ok("GET", f"/artifacts/?{query}")["data"]]

    assert ids("status=draft") == [draft["id"]]
    assert ids(f"repositoryId={server['artifactRepositoryId']}") == [server["id"]]
    assert ids("search=SERV") == [server["id"]]
    assert ids("orderBy=name") == [draft["id"], server["id"]]
