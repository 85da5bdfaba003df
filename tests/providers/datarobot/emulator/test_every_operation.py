"""Every operation of the contract and the overlay is answered, and every answer keeps to them, in both dialects."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

SOURCES = "FROM scratch\n"


def _walk_sources(api: Any) -> dict[str, Any]:
    catalog = api.ok("POST", "/files/", {})
    stage = api.ok("POST", f"/files/{catalog['catalogId']}/stages/", {})
    api.upload(f"/files/{catalog['catalogId']}/stages/{stage['stageId']}/upload/", "Dockerfile", SOURCES.encode())
    wish = {"stageId": stage["stageId"], "overwrite": "REPLACE"}
    version: dict[str, Any] = api.ok("POST", f"/files/{catalog['catalogId']}/fromStage/", wish)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("Dockerfile", SOURCES)
    api.upload("/files/fromFile/?useArchiveContents=true", "all.zip", archive.getvalue())
    path = f"/files/{catalog['catalogId']}/fromFile/?useArchiveContents=true&overwrite=REPLACE"
    assert api.upload(path, "all.zip", archive.getvalue()).status == 202
    assert api.ok("GET", f"/files/{catalog['catalogId']}/allFiles/")["data"][0]["fileName"] == "Dockerfile"
    stored = f"/files/{catalog['catalogId']}/versions/{catalog['catalogVersionId']}/allFiles/"
    assert api.ok("GET", stored)["data"] == []
    assert api.ok("GET", f"/status/{version['statusId']}/")["status"] == "COMPLETED"
    return version


def _walk_artifacts(platform: Any, sources: dict[str, Any]) -> None:
    api = platform.api
    reference = {name: sources[name] for name in ("catalogId", "catalogVersionId")}
    container = {"name": "main", "port": 8080, "imageBuildConfig": {"codeRef": {"datarobot": reference}}}
    body = {"name": "built", "spec": {"containerGroups": [{"containers": [container]}]}}
    path = f"/artifacts/{api.ok('POST', '/artifacts/', body)['id']}"
    for method, rest, value in (
        ("PUT", "", body),
        ("PATCH", "", {"description": "from sources"}),
        ("GET", "", None),
        ("POST", "/clone", {}),
        ("GET", "/sharedRoles", None),
        ("PATCH", "/sharedRoles", _grant("reader@example.com")),
    ):
        api.ok(method, path + rest, value)
    build = api.ok("POST", f"{path}/builds/", {})["buildIds"][0]
    api.ok("GET", f"{path}/builds/{build}/logs")
    api.ok("DELETE", f"{path}/builds/{build}")
    assert api.ok("GET", f"{path}/builds/{build}/")["status"] == "CANCELLED"
    api.ok("GET", f"{path}/builds")
    api.ok("GET", f"/otel/artifact/{path.removeprefix('/artifacts/')}/logs/")
    api.ok("DELETE", path)


def _walk_account(platform: Any) -> None:
    repository = platform.artifact()["artifactRepositoryId"]
    for path in (
        "/artifacts?limit=1",
        "/artifactRepositories/",
        f"/artifactRepositories/{repository}/",
        "/mlops/compute/bundles/",
        "/mlops/compute/bundles/gpu.h100/",
        "/credentials/",
        "/account/info/",
        "/workloads/stats",
    ):
        platform.api.ok("GET", path)
    platform.api.ok("DELETE", f"/artifactRepositories/{repository}/")


def _walk_workload(platform: Any) -> None:
    api = platform.api
    made = platform.running(artifact=platform.artifact(status="draft")["id"])
    proton = platform.get(made, "protons")["data"][0]["id"]
    reads = ("", "events", "history", "related", "settings", "sharedRoles", "stats", "stats/responseTime", "protons")
    for rest in (*reads, f"protons/{proton}", f"protons/{proton}/statusDetails"):
        platform.get(made, rest)
    api.ok("PATCH", f"/workloads/{made['id']}", {"importance": "high"})
    api.ok("PATCH", f"/workloads/{made['id']}/sharedRoles", _grant("reader@example.com"))
    api.ok("DELETE", f"/workloads/{made['id']}/stats")
    assert platform.post(made, "promote").status == 202
    assert platform.replace(made, platform.artifact("next")["id"]).status == 202
    platform.get(made, "replacement")
    api.ok("DELETE", f"/workloads/{made['id']}/replacement")
    platform.clock.advance(10)
    assert platform.settings(made, replicaCount=2).status == 202
    platform.clock.advance(10)
    assert platform.post(made, "stop").status == 202
    platform.clock.advance(10)
    assert platform.post(made, "start").status == 202
    api.ok("GET", f"/otel/workload/{made['id']}/logs/")
    api.ok("GET", "/workloads?serviceStats=true")
    api.ok("DELETE", f"/workloads/{made['id']}")


def _grant(username: str) -> dict[str, Any]:
    role = {"shareRecipientType": "user", "username": username, "role": "READ_ONLY"}
    return {"operation": "updateRoles", "roles": [role]}


@pytest.mark.parametrize("dialect", ["2026-06", "2026-10"])
def test_every_operation_answers_as_the_contract_says(make_platform: Any, dialect: str) -> None:
    platform = make_platform(dialect)

    _walk_artifacts(platform, _walk_sources(platform.api))
    _walk_account(platform)
    _walk_workload(platform)

    assert platform.checker.operations - platform.checker.seen == set()
