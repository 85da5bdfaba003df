"""Between a plan and each object's last read, an edit at any path of the plan is never overwritten.

The paths are those of the plan itself; each is edited once before anything is done, and once while an object that
comes first is being changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.datarobot_stage import Stage, chat, server
from support.memory_stage import MemoryStage, Thing, name_of

import wlinfra as wl
from wlinfra.apply.events import ApplyResult
from wlinfra.changes.change import Change
from wlinfra.changes.model import Step
from wlinfra.plan.model import Plan
from wlinfra.resources.base import Resource
from wlinfra.values import Path as Place
from wlinfra.values import format_path

Edit = Callable[[], object]

# ---------------------------------------------------------------- the platform in memory

EDITED = {"size": 77, "image": "edited:1", "zone": "edited", "peers": ["edited"]}
SECOND_THINGS: dict[str, dict[str, Any] | None] = {
    "in place": {"size": 2},
    "a roll": {"size": 2, "image": "x:2"},
    "a replacement": {"size": 2, "image": "x:2", "zone": "b"},
    "an end": None,
}


def things(second: dict[str, Any] | None, first: int = 1) -> Iterator[Resource]:
    yield Thing("first", size=first)
    if second is not None:
        yield Thing("second", depends_on=["thing.first"], **second)


def stale(result: ApplyResult) -> list[str]:
    return [str(change.address) for change, error in result.failed if error.summary == "Plan is stale"]


def test_no_edit_in_memory_is_overwritten(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    tried = 0
    for name, second in SECOND_THINGS.items():
        for path in EDITED if second is None else second:
            for moment in ("before the first call", "while another object is changed"):
                tried += 1
                edit_in_memory(MemoryStage(folder=tmp_path / str(tried)), second, path, moment, name)
    record_property("edits", tried)
    print(f"{tried} edits in memory, none overwritten")
    assert tried == 20


def edit_in_memory(stage: MemoryStage, second: dict[str, Any] | None, path: str, moment: str, name: str) -> None:
    stage.apply(things({"peers": ()}))
    (identity,) = stage.world.find("thing", "second")

    def edit() -> None:
        stage.world.update(identity, {path: EDITED[path]})

    def run(step: Step, proceed: Callable[[], Any]) -> Any:
        if name_of(step, stage.world) == "first" and moment.startswith("while"):
            edit()
        return proceed()

    stage.provider.on_run = run
    # What ends, ends before what it depends on: then the edit comes before anything is done.
    early = moment.startswith("before") or second is None
    result = stage.apply(things(second, first=5), meanwhile=lambda _: edit() if early else None)
    case = (name, path, moment)
    assert stale(result) == ["thing.second"], (case, result.failed)
    assert stage.world.find("thing", "second") == [identity], case
    found = stage.world.get(identity)
    assert found is not None, case
    assert found.values[path] == EDITED[path], case


def test_an_edit_that_makes_it_as_wanted_stops_nothing(tmp_path: Path) -> None:
    stage = MemoryStage(folder=tmp_path)
    stage.apply(things({"size": 1}))
    (identity,) = stage.world.find("thing", "second")
    wanted = {"size": 2, "image": "x:2"}
    result = stage.apply(things(wanted), meanwhile=lambda _: stage.world.update(identity, {"size": 2}))
    assert (result.failed, stage.plan(things(wanted)).is_empty) == ((), True)


# ---------------------------------------------------------------- DataRobot

BEFORE: dict[str, Any] = {
    "replicas": 1,
    "bundles": ["cpu.small"],
    "description": "a",
    "importance": "low",
    "shared_roles": [wl.SharedRole(recipient="user", id="65f0c0ffee0000000000a00b", role="READ_WRITE")],
}
AFTER: dict[str, Any] = {
    "replicas": 2,
    "bundles": ["cpu.large"],
    "description": "b",
    "importance": "high",
    "power": "stopped",
    "shared_roles": [wl.SharedRole(recipient="user", id="65f0c0ffee0000000000a00b", role="READ_ONLY")],
}


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[Callable[[], Stage]]:
    made: list[Stage] = []

    def make() -> Stage:
        made.append(Stage(tmp_path / str(len(made))))
        return made[-1]

    yield make
    for stage in made:
        stage.close()


def other_artifact(stage: Stage) -> str:
    container = {"imageUri": "acme/other:1", "port": 8080}
    body = {"name": "other", "status": "locked", "spec": {"containerGroups": [{"containers": [container]}]}}
    return str(stage.api.ok("POST", "/artifacts", body)["id"])


def settle(stage: Stage) -> None:
    stage.clock.advance(120)


def editing(stage: Stage, path: Place) -> Edit:
    """Return the call by which somebody edits the attribute of the workload at the path."""
    workload = stage.workload()
    at = f"/workloads/{workload['id']}"

    def resize(**sizes: Any) -> Edit:
        group = {"name": "default", "replicaCount": 1, "resourceBundles": ["cpu.small"], **sizes}
        return lambda: stage.api.ok("PATCH", f"{at}/settings", {"runtime": {"containerGroups": [group]}})

    match path:
        case ("description" | "name" as name,):
            return lambda: stage.api.ok("PATCH", at, {name: "edited"})
        case ("importance",):
            return lambda: stage.api.ok("PATCH", at, {"importance": "critical"})
        case ("artifactId",):
            body = {"artifactId": other_artifact(stage), "strategy": "rolling"}
            return lambda: stage.api.ok("POST", f"{at}/replacement", body)
        case ("runtime", *_, "replicaCount"):
            return resize(replicaCount=5)
        case ("runtime", *_, "resourceBundles", _) | ("runtime", *_, "resourceBundles"):
            return resize(resourceBundles=["gpu.h100"])
        case ("sharedRoles", *_):
            recipient = {"shareRecipientType": "user", "id": "65f0c0ffee0000000000a00b", "role": "OWNER"}
            return lambda: stage.api.ok(
                "PATCH", f"{at}/sharedRoles", {"operation": "updateRoles", "roles": [recipient]}
            )
        case _:
            raise AssertionError(f"nothing edits {format_path(path)}")


def looked_at(stage: Stage) -> Any:
    """Return what an edit may change of the workload."""
    workload = stage.workload()
    roles = stage.api.ok("GET", f"/workloads/{workload['id']}/sharedRoles")["data"]
    names = ("name", "description", "importance", "artifactId", "runtime")
    return {**{name: workload.get(name) for name in names}, "roles": roles, "id": workload["id"]}


def paths_of(change: Change) -> list[Place]:
    return [item.path for item in change.attributes if item.path != ("power",)]


def program(attributes: dict[str, Any] | None, *, image: str = "acme/chat:1") -> Callable[[], Iterator[Resource]]:
    def declaring() -> Iterator[Resource]:
        what = server(image)
        yield what
        if attributes is not None:
            yield wl.Workload("chat", artifact=what, **attributes)

    return declaring


@pytest.mark.parametrize("moment", ["before the first call", "while its artifact is made"])
def test_no_edit_on_datarobot_is_overwritten(stages: Callable[[], Stage], moment: str) -> None:
    stage = stages()
    stage.apply(program(BEFORE))
    after = program(AFTER, image="acme/chat:2")
    places = paths_of(stage.change(after, "workload.chat"))
    for path in places:
        stage = stages()
        stage.apply(program(BEFORE))
        edited: list[Any] = []
        edit = editing(stage, path)

        def edit_and_look(stage: Stage = stage, edit: Edit = edit, edited: list[Any] = edited) -> None:
            edit()
            settle(stage)
            edited.append(looked_at(stage))

        late = moment.startswith("while")
        meanwhile = watch(stage, edit_and_look) if late else (lambda _, go=edit_and_look: go())
        result = stage.apply(after, ok=False, meanwhile=meanwhile)
        assert stale(result) == ["workload.chat"], (format_path(path), result.failed)
        assert [looked_at(stage)] == edited, format_path(path)
    print(f"{len(places)} edits on DataRobot {moment}, none overwritten: {', '.join(map(format_path, places))}")
    assert len(places) >= 6


def watch(stage: Stage, act: Callable[[], None]) -> Callable[[Plan], None]:
    """Return what lets the platform act right after the new version of the artifact was made."""

    def meanwhile(_: Plan) -> None:
        connection = stage.connections[-1]
        original = connection.run
        todo = [act]

        def run(step: Step) -> Any:
            answer = original(step)
            while todo:
                todo.pop()()
            return answer

        connection.run = run  # type: ignore[method-assign]  # the real call, and then somebody else's

    return meanwhile


@pytest.mark.parametrize("path", [("description",), ("importance",), ("runtime", "replicaCount"), ("artifactId",)])
def test_an_edited_workload_is_not_deleted(stages: Callable[[], Stage], path: Place) -> None:
    stage = stages()
    stage.apply(program(BEFORE))
    edit = editing(stage, path)
    edited: list[Any] = []

    def meanwhile(_: Plan) -> None:
        edit()
        settle(stage)
        edited.append(looked_at(stage))

    result = stage.apply(program(None), ok=False, meanwhile=meanwhile)
    assert stale(result) == ["workload.chat"]
    assert [looked_at(stage)] == edited


def test_an_edit_that_rolls_while_ours_waits_is_not_undone(stages: Callable[[], Stage]) -> None:
    stage = stages()
    stage.apply(program(BEFORE))
    edit = editing(stage, ("runtime", "replicaCount"))
    # Not settled: the roll of the edit is under way when the object is read, and ours would begin after it.
    result = stage.apply(program({**BEFORE, "replicas": 3}), ok=False, meanwhile=lambda _: edit())
    assert stale(result) == ["workload.chat"]
    settle(stage)
    assert stage.workload()["runtime"]["containerGroups"][0]["replicaCount"] == 5


def drafted() -> Callable[[], Iterable[Resource]]:
    env = {"TOKEN": wl.secret_env("TOKEN_OF_TEST")}
    return chat(artifact={"status": "draft", "env": env}, replicas=1, bundles=["cpu.small"])


def test_an_edited_secret_of_a_draft_is_not_overwritten(
    stages: Callable[[], Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = stages()
    monkeypatch.setenv("TOKEN_OF_TEST", "one")
    stage.apply(drafted())
    monkeypatch.setenv("TOKEN_OF_TEST", "two")
    (artifact,) = stage.artifacts()

    def edit(_: Plan) -> None:
        spec = artifact["spec"]
        spec["containerGroups"][0]["containers"][0]["environmentVars"][0]["value"] = "edited"
        stage.api.ok("PATCH", f"/artifacts/{artifact['id']}", {"spec": spec})

    result = stage.apply(drafted(), ok=False, meanwhile=edit)
    assert stale(result) == ["artifact.server"]
    (found,) = stage.artifacts()
    assert found["spec"]["containerGroups"][0]["containers"][0]["environmentVars"][0]["value"] == "edited"
