"""Tokens, routes, slashes, faults and the admin routes."""

from __future__ import annotations

from typing import Any

import pytest
from support.api_client import ApiClient

from wlinfra.emulation import Drop, Phase


@pytest.mark.parametrize(("token", "status"), [(None, 401), ("wrong", 401), ("right", 200), ("reader", 200)])
def test_token_is_checked(make_platform: Any, token: str | None, status: int) -> None:
    platform = make_platform(token="right", read_only_token="reader")
    client = ApiClient(platform.emulator.url, token)

    assert client.call("GET", "/workloads").status == status
    client.close()


def test_reader_sees_and_changes_nothing(make_platform: Any) -> None:
    platform = make_platform(read_only_token="reader")
    chat = platform.running()
    reader = ApiClient(platform.emulator.url, "reader")

    seen = reader.ok("GET", f"/workloads/{chat['id']}")
    refused = reader.call("DELETE", f"/workloads/{chat['id']}")

    assert (seen["permissions"], refused.status) == (["CAN_VIEW"], 403)
    reader.close()


def test_both_slash_forms_answer_directly(platform: Any) -> None:
    chat = platform.running()

    assert [platform.api.call("GET", f"/workloads/{chat['id']}{end}").status for end in ("", "/")] == [200, 200]
    assert [platform.api.call("GET", f"/workloads/{chat['id']}/settings{end}").status for end in ("", "/")] == [
        200,
        200,
    ]


def test_unknown_route_names_its_neighbours(platform: Any) -> None:
    missing = platform.api.call("GET", "/workloads/1/setings")
    wrong = platform.api.call("DELETE", "/workloads")

    assert missing.status == 404
    assert "/workloads/{workload_id}/settings" in missing.body["detail"]
    assert (wrong.status, wrong.headers["Allow"]) == (405, "GET, POST")


def test_lost_answer_keeps_its_effect(platform: Any) -> None:
    artifact = platform.artifact()["id"]
    platform.emulator.faults.on(Drop(), mutating=True, path="/workloads", phase=Phase.AFTER)

    with pytest.raises(Exception, match=r"aborted|closed|reset"):
        platform.workload(artifact=artifact)

    assert platform.api.ok("GET", "/workloads")["totalCount"] == 1


def test_admin_routes_drive_the_world(platform: Any) -> None:
    admin = ApiClient(platform.emulator.url.removesuffix("/api/v2"), None)
    chat = platform.workload()

    admin.ok("POST", "/_emulator/clock", {"advance": 10})
    admin.ok("PUT", f"/_emulator/workloads/{chat['id']}/tags/team", {"value": "search"})
    admin.ok("PATCH", "/_emulator/quirks", {"delete_answers_502": True})

    now = platform.get(chat)
    assert (now["status"], now["tags"][0]["value"]) == ("running", "search")
    assert platform.api.call("DELETE", f"/workloads/{chat['id']}").status == 502
    admin.ok("POST", "/_emulator/reset")
    assert platform.api.ok("GET", "/artifacts")["totalCount"] == 0
    admin.close()
