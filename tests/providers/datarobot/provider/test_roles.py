"""Shared roles have a call of their own and restart nothing."""

from __future__ import annotations

from typing import Any

from support.datarobot_stage import Stage, chat

import wlinfra as wl


def _roles(stage: Stage) -> dict[str, str]:
    path = f"/workloads/{stage.workload()['id']}/sharedRoles"
    pages = [stage.api.ok("GET", f"{path}?limit=100&offset={offset}")["data"] for offset in (0, 100)]
    return {row["id"]: row["role"] for page in pages for row in page}


def _shared(*users: str, role: Any = "READ_ONLY") -> Any:
    return chat(shared_roles=[wl.SharedRole(role=role, id=user) for user in users])


def test_roles_are_given_changed_and_revoked(stage: Stage) -> None:
    stage.apply(chat())
    stage.calls()
    stage.apply(_shared("ann", "bob"))
    assert stage.calls() == ["PATCH /workloads/*/sharedRoles"]
    assert _roles(stage) | {"ann": "READ_ONLY", "bob": "READ_ONLY"} == _roles(stage)
    stage.apply(_shared("ann", role="EDITOR"))
    assert (_roles(stage)["ann"], "bob" in _roles(stage)) == ("EDITOR", False)
    assert stage.plan(_shared("ann", role="EDITOR")).is_empty


def test_the_roles_of_others_stay(stage: Stage) -> None:
    stage.apply(chat())
    others = _roles(stage)
    stage.apply(_shared("ann"))
    stage.apply(_shared())
    assert _roles(stage) == others


def test_roles_nobody_declared_are_not_read(stage: Stage) -> None:
    stage.apply(chat())
    stage.calls()
    stage.plan(chat())
    assert not any("sharedRoles" in exchange.path for exchange in stage.emulator.requests)


def test_more_than_a_hundred_go_in_several_calls(stage: Stage) -> None:
    stage.apply(chat())
    stage.calls()
    stage.apply(_shared(*(f"user{number}" for number in range(150))))
    assert stage.calls() == ["PATCH /workloads/*/sharedRoles"] * 2
    assert len(_roles(stage)) >= 150


def test_roles_are_given_with_a_create(stage: Stage) -> None:
    stage.apply(_shared("ann"))
    assert _roles(stage)["ann"] == "READ_ONLY"
    assert stage.plan(_shared("ann")).is_empty
