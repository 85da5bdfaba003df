"""What the client sends, and what it makes of pages and answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import orjson
import pytest
from support.scripted_server import Reply, scripted

from wlinfra.http.transport import ApiError, FailureKind
from wlinfra_datarobot.client import ArtifactFilter, DataRobotClient, Resolution, StatsFilter, WorkloadFilter

Connect = Callable[..., DataRobotClient]
BASE = "/api/v2"


def page(ids: list[str], following: str | None = None) -> Reply:
    return Reply(
        json={
            "data": [{"id": each, "role": "OWNER", "shareRecipientType": "user"} for each in ids],
            "count": len(ids),
            "totalCount": 9,
            "next": following,
            "previous": None,
        }
    )


CALLS: list[tuple[str, str, Callable[[DataRobotClient], Any]]] = [
    ("POST", "/workloads", lambda c: c.workloads.create({"name": "n"})),
    ("GET", "/workloads/w%2F1", lambda c: c.workloads.get("w/1")),
    ("PATCH", "/workloads/w", lambda c: c.workloads.update("w", {"name": "m"})),
    ("DELETE", "/workloads/w", lambda c: c.workloads.delete("w")),
    (
        "POST",
        "/workloads/w/replacement",
        lambda c: c.replacement.start("w", {"artifactId": "a", "strategy": "rolling"}),
    ),
    ("GET", "/workloads/w/replacement", lambda c: c.replacement.get("w")),
    ("DELETE", "/workloads/w/replacement", lambda c: c.replacement.cancel("w")),
    ("GET", "/workloads/w/settings", lambda c: c.settings.get("w")),
    ("PATCH", "/workloads/w/settings", lambda c: c.settings.update("w", {})),
    ("POST", "/workloads/w/start", lambda c: c.power.start("w")),
    ("POST", "/workloads/w/stop", lambda c: c.power.stop("w")),
    ("POST", "/workloads/w/promote", lambda c: c.power.promote("w")),
    ("GET", "/workloads/w/protons/p", lambda c: c.protons.get("w", "p")),
    ("GET", "/workloads/w/protons/p/statusDetails", lambda c: c.protons.status_details("w", "p")),
    ("GET", "/workloads/stats?status=running", lambda c: c.stats.everywhere(WorkloadFilter(status="running"))),
    (
        "GET",
        "/workloads/w/stats?responseTimeQuantile=0.9",
        lambda c: c.stats.get("w", StatsFilter(response_time_quantile=0.9)),
    ),
    (
        "GET",
        "/workloads/w/stats/responseTime?resolution=PT1M",
        lambda c: c.stats.series("w", "responseTime", resolution=Resolution.MINUTE),
    ),
    ("DELETE", "/workloads/w/stats", lambda c: c.stats.reset("w")),
    (
        "PATCH",
        "/workloads/w/sharedRoles",
        lambda c: c.sharing.update("w", [{"role": "NO_ROLE", "shareRecipientType": "user", "id": "u"}]),
    ),
    ("POST", "/artifacts", lambda c: c.artifacts.create({"name": "a", "spec": {}})),
    ("GET", "/artifacts/a", lambda c: c.artifacts.get("a")),
    ("PATCH", "/artifacts/a", lambda c: c.artifacts.update("a", {"status": "locked"})),
    ("PUT", "/artifacts/a", lambda c: c.artifacts.replace("a", {"name": "a", "spec": {}})),
    ("DELETE", "/artifacts/a", lambda c: c.artifacts.delete("a")),
    ("POST", "/artifacts/a/clone", lambda c: c.artifacts.clone("a")),
    ("PATCH", "/artifacts/a/sharedRoles", lambda c: c.artifacts.roles.update("a", [])),
    ("GET", "/artifactRepositories/r", lambda c: c.repositories.get("r")),
    ("DELETE", "/artifactRepositories/r", lambda c: c.repositories.delete("r")),
    ("POST", "/artifacts/a/builds", lambda c: c.builds.start("a")),
    ("GET", "/artifacts/a/builds/b", lambda c: c.builds.get("a", "b")),
    ("DELETE", "/artifacts/a/builds/b", lambda c: c.builds.cancel("a", "b")),
    ("GET", "/artifacts/a/builds/b/logs", lambda c: c.builds.logs("a", "b")),
    ("POST", "/files", lambda c: c.files.create()),
    ("POST", "/files/c/stages", lambda c: c.files.stage("c")),
    ("POST", "/files/c/stages/s/upload", lambda c: c.files.upload("c", "s", "src/a.py", b"x")),
    ("POST", "/files/c/fromStage", lambda c: c.files.from_stage("c", "s")),
    ("POST", "/files/fromFile?useArchiveContents=true", lambda c: c.files.from_archive("a.zip", b"x")),
    (
        "POST",
        "/files/c/fromFile?useArchiveContents=true&overwrite=REPLACE",
        lambda c: c.files.from_archive("a.zip", b"x", catalog_id="c"),
    ),
    ("GET", "/files/c/versions/v/allFiles?limit=1", lambda c: c.files.contained("c", "v", limit=1).first()),
    ("GET", "/status/t", lambda c: c.files.status("t")),
    ("GET", "/account/info", lambda c: c.account.info()),
]

LISTS: list[tuple[str, Callable[[DataRobotClient], Any]]] = [
    ("/workloads", lambda c: c.workloads.list()),
    ("/artifacts", lambda c: c.artifacts.list()),
    ("/artifactRepositories", lambda c: c.repositories.list()),
    ("/artifacts/a/builds", lambda c: c.builds.list("a")),
    ("/artifacts/a/sharedRoles", lambda c: c.artifacts.roles.list("a")),
    ("/workloads/w/protons", lambda c: c.protons.list("w")),
    ("/workloads/w/sharedRoles", lambda c: c.sharing.list("w")),
    ("/workloads/w/events", lambda c: c.activity.events("w")),
    ("/workloads/w/history", lambda c: c.activity.history("w")),
    ("/mlops/compute/bundles", lambda c: c.account.bundles()),
    ("/credentials", lambda c: c.account.credentials()),
]


@pytest.mark.parametrize(("method", "path", "call"), CALLS, ids=[f"{method} {path}" for method, path, _ in CALLS])
def test_a_call_goes_to_its_published_path(
    method: str, path: str, call: Callable[[DataRobotClient], Any], connect: Connect
) -> None:
    asked = unquote(path.partition("?")[0].rpartition("/")[2])
    with scripted(Reply(json={"data": [], "id": asked, "workloadId": "w", "buildIds": []})) as server:
        call(connect(server))
    assert server.calls == [f"{method} {BASE}{path}"]


@pytest.mark.parametrize(("path", "call"), LISTS, ids=[path for path, _ in LISTS])
def test_a_list_asks_for_pages_of_a_hundred_and_follows_next(
    path: str, call: Callable[[DataRobotClient], Any], connect: Connect
) -> None:
    with scripted(page(["a", "b"], "http://internal:1/other?offset=2&limit=2"), page(["b", "c"])) as server:
        assert [item["id"] for item in call(connect(server))] == ["a", "b", "c"]
    assert server.calls == [f"GET {BASE}{path}?limit=100", f"GET {BASE}{path}?offset=2&limit=2"]


def test_pages_are_fetched_as_they_are_needed(connect: Connect) -> None:
    with scripted(page(["a"], "?offset=1"), page(["b"])) as server:
        listed = connect(server).workloads.list(offset=3, limit=7)
        assert next(iter(listed))["id"] == "a"
    assert server.calls == [f"GET {BASE}/workloads?offset=3&limit=7"]


@pytest.mark.parametrize("first", [["a"], []], ids=["full", "empty"])
def test_pages_that_go_in_circles_are_an_error(first: list[str], connect: Connect) -> None:
    with (
        scripted(page(first, "?offset=1"), page(first, "?offset=2"), page(first, "?offset=1")) as server,
        pytest.raises(ApiError) as caught,
    ):
        list(connect(server).workloads.list())
    assert (caught.value.kind, "circles" in caught.value.detail) == (FailureKind.UNREADABLE, True)


def test_an_answer_that_is_no_page_proves_no_absence(connect: Connect) -> None:
    with scripted(Reply(json={"items": []})) as server, pytest.raises(ApiError) as caught:
        list(connect(server).workloads.list())
    assert caught.value.kind is FailureKind.UNREADABLE


EVERY_FILTER = WorkloadFilter(
    created_by="u", ids=["1", "2"], search="x", tag_keys=["k"], tag_values=["v", "w"], order_by="-name", status=["running", "stopped"],
    artifact_status="locked", importance="high", artifact_id="a", repository_id="r", type="nim",
)  # fmt: skip


@pytest.mark.parametrize(
    ("comma_lists", "several"),
    [
        (False, "ids=1&ids=2&search=x&tagKeys=k&tagValues=v&tagValues=w"),
        (True, "ids=1%2C2&search=x&tagKeys=k&tagValues=v%2Cw"),
    ],
)
def test_filters_of_several_values_are_repeated_keys_or_comma_lists(
    comma_lists: bool, several: str, connect: Connect
) -> None:
    with scripted(page([])) as server:
        list(connect(server, comma_lists=comma_lists).workloads.list(EVERY_FILTER, service_stats=True))
    status = "status=running%2Cstopped" if comma_lists else "status=running&status=stopped"
    rest = "artifactStatus=locked&importance=high&artifactId=a&repositoryId=r&type=nim&serviceStats=true&limit=100"
    assert server.calls == [f"GET {BASE}/workloads?createdBy=u&{several}&orderBy=-name&{status}&{rest}"]


def test_artifact_filters_are_sent(connect: Connect) -> None:
    with scripted(page([])) as server:
        list(connect(server).artifacts.list(ArtifactFilter(status="draft", repository_id="r", ids=["1"])))
    assert server.calls == [f"GET {BASE}/artifacts?status=draft&repositoryId=r&ids=1&limit=100"]


def test_a_statistics_window_is_sent_in_iso_time(connect: Connect) -> None:
    with scripted(Reply(json={})) as server:
        connect(server).stats.get(
            "w", StatsFilter(proton_id="p", start_time=datetime(2026, 1, 1, tzinfo=UTC), slow_requests_threshold=250)
        )
    assert server.calls == [
        f"GET {BASE}/workloads/w/stats?protonId=p&startTime=2026-01-01T00%3A00%3A00%2B00%3A00&slowRequestsThreshold=250"
    ]


def test_a_status_report_that_has_not_arrived_is_none(connect: Connect) -> None:
    with scripted(Reply(status=204)) as server:
        assert connect(server).protons.status_details("w", "p") is None


def test_a_settings_change_may_be_answered_without_a_body(connect: Connect) -> None:
    with scripted(Reply(status=202)) as server:
        assert connect(server).settings.update("w", {"containerGroups": []}) is None
    assert orjson.loads(server.received[0].body) == {"runtime": {"containerGroups": []}}


@pytest.mark.parametrize(
    ("url", "path"),
    [("{origin}/api/v2/workloads/tracked", "tracked"), ("https://evil.example/api/v2/workloads/x", "w"), ("", "w")],
    ids=["same", "other", "none"],
)
def test_track_via_is_followed_on_the_same_origin_only(url: str, path: str, connect: Connect) -> None:
    with scripted(Reply(json={"id": path})) as server:
        origin = server.url.removesuffix(BASE)
        connect(server).power.track({"workloadId": "w", "trackVia": url.format(origin=origin)})
    assert server.calls == [f"GET {BASE}/workloads/{path}"]


def test_a_finished_task_answers_with_a_redirect(connect: Connect) -> None:
    with scripted(Reply(status=303, headers={"Location": "/elsewhere"})) as server:
        assert connect(server).files.status("t")["status"] == "COMPLETED"
    assert len(server.calls) == 1


def test_a_task_that_is_unknown_stays_an_error(connect: Connect) -> None:
    with scripted(Reply(status=404)) as server, pytest.raises(ApiError) as caught:
        connect(server).files.status("t")
    assert caught.value.kind is FailureKind.NOT_FOUND


def test_unknown_fields_survive_a_read(connect: Connect) -> None:
    document = {"id": "w", "name": "n", "createdAt": "", "updatedAt": "", "surprise": {"x": 1}}
    with scripted(Reply(json=document)) as server:
        assert connect(server).workloads.get("w") == document


def test_related_objects_come_in_one_answer(connect: Connect) -> None:
    with scripted(Reply(json={"count": 1, "data": [{"id": "m", "type": "custom_model"}]})) as server:
        assert connect(server).activity.related("w") == [{"id": "m", "type": "custom_model"}]
