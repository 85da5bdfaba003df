"""Drift, refusals and `ignore_changes` speak of attributes as the program has them."""

from __future__ import annotations

from typing import Any

import pytest
from support.project import Project, program, rewritten
from support.world import World

from wlinfra.emulation import Reply
from wlinfra_datarobot.emulator import DataRobotEmulator

BODY = """
server = wl.Artifact(
    "server",
    status="draft",
    containers=[wl.Container(image="acme/chat:1", port=PORT, env={"LOG": "info", "MODE": "fast"})],
    ignore_changes=IGNORED,
)
yield server
yield wl.Workload("chat", artifact=server, bundles=["cpu.small"], replicas=2)
"""


def declare(project: Project, emulator: DataRobotEmulator, ignored: list[str], port: int = 8080) -> None:
    project.write(program(rewritten(BODY, IGNORED=repr(ignored), PORT=str(port)), emulator.url))


def edit(world: World) -> None:
    """Add a variable, change one and take one out, as somebody else might."""
    artifact = world.one("artifacts", "server")
    spec: dict[str, Any] = artifact["spec"]
    spec["containerGroups"][0]["containers"][0]["environmentVars"] = [
        {"source": "string", "name": "LOG", "value": "debug"},
        {"source": "string", "name": "EXTRA", "value": "theirs"},
    ]
    world.api.ok("PATCH", f"/artifacts/{artifact['id']}", {"spec": spec})


def variables(world: World) -> dict[str, str]:
    (container,) = world.one("artifacts", "server")["spec"]["containerGroups"][0]["containers"]
    return {item["name"]: item["value"] for item in container["environmentVars"]}


def names(project: Project, command: str, side: str) -> list[str]:
    changes = project.run(command, "--format", "json").json["changes"]
    return sorted(item["attribute"] for change in changes for item in change[side])


def test_drift_names_what_was_declared(project: Project, emulator: DataRobotEmulator, world: World) -> None:
    declare(project, emulator, [])
    project.apply()
    edit(world)
    found = ["containers[main].env[EXTRA]", "containers[main].env[LOG]", "containers[main].env[MODE]"]
    assert names(project, "drift", "drift") == found
    assert names(project, "plan", "attributes") == found
    for arguments in (("drift",), *(("plan", "--format", name) for name in ("text", "markdown", "html"))):
        shown = project.run(*arguments).out
        assert "containers[main].env[LOG]" in shown
        assert "environmentVars" not in shown


def test_what_is_imported_is_compared_by_declared_paths(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    declare(project, emulator, [])
    project.apply()
    edit(world)
    project.run("state", "rm", "artifact.server")
    project.run("import", "artifact.server", world.one("artifacts", "server")["id"])
    found = ["containers[main].env[EXTRA]", "containers[main].env[LOG]", "containers[main].env[MODE]"]
    assert names(project, "plan", "attributes") == found


@pytest.mark.parametrize(
    "ignored",
    [
        ["containers[main].env[EXTRA]", "containers[*].env[LOG]", "containers.main.env.MODE"],
        ["container_groups[default].containers[main].env"],
        ["spec.containerGroups.*.containers.main.environmentVars.*"],
    ],
)
def test_what_is_ignored_stays_as_somebody_left_it(
    project: Project, emulator: DataRobotEmulator, world: World, ignored: list[str]
) -> None:
    declare(project, emulator, ignored)
    project.apply()
    edit(world)
    theirs = variables(world)
    assert names(project, "plan", "attributes") == []
    project.run("drift", "--detailed-exitcode")
    declare(project, emulator, ignored, port=9090)
    assert names(project, "plan", "attributes") == ["containers[main].port"]
    project.apply()  # which sends the whole specification
    assert variables(world) == theirs == {"LOG": "debug", "EXTRA": "theirs"}
    assert names(project, "plan", "attributes") == []


def test_a_path_that_is_none_is_refused_with_the_one_that_is_meant(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    declare(project, emulator, ["containers[main].imge"])
    refused = project.run("plan", code=1)
    said = " ".join((refused.out + refused.err).replace("│", " ").split())
    assert "Did you mean 'containers[*].image'?" in said
    assert "infra.py" in said
    assert world.calls() == []


def test_a_refusal_names_the_declared_attribute_and_its_line(project: Project, emulator: DataRobotEmulator) -> None:
    declare(project, emulator, [])
    where = ["body", "spec", "containerGroups", 0, "containers", 0, "environmentVars", 1, "value"]
    body = {"detail": [{"loc": where, "msg": "Too short", "type": "value_error"}]}
    emulator.faults.on(Reply(422, body=body), method="POST", path="/artifacts")
    refused = project.run("apply", "--auto-approve", code=1)
    said = " ".join((refused.out + refused.err).partition("Platform refused")[2].replace("│", " ").split())
    assert "containers[main].env[MODE]: Too short" in said
    assert "infra.py line 8" in said or "infra.py:8" in said
    assert "environmentVars" not in said
