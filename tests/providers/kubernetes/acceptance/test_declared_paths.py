"""Drift, conflicts, refusals and `ignore_changes` of a workload speak of attributes as the program has them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from support.cluster_stage import ClusterStage

PROGRAM = """
import wlinfra as wl

stack = wl.Stack("watched")


@stack.resources
def resources(env):
    main = wl.Container(image="ghcr.io/acme/chat:1", port=8080, env={{"LOG": {log!r}, "MODE": "fast"}})
    server = wl.Artifact("server", containers=[main], ignore_changes={of_artifact!r})
    yield server
    yield wl.Workload("chat", artifact=server, cpu={cpu}, memory="64MB", replicas=2, ignore_changes={ignored!r})

"""


def declare(
    stage: ClusterStage,
    *,
    log: str = "info",
    cpu: float = 0.1,
    ignored: Sequence[str] = (),
    of_artifact: Sequence[str] = (),
) -> None:
    stage.program(PROGRAM.format(log=log, cpu=cpu, ignored=list(ignored), of_artifact=list(of_artifact)))


def edit(stage: ClusterStage) -> None:
    stage.kubectl("set", "env", "deployment/chat", "LOG=debug")
    stage.kubectl("set", "image", "deployment/chat", "main=nginx:9")
    stage.kubectl("set", "resources", "deployment/chat", "--requests=cpu=200m")


def names(stage: ClusterStage, command: str, side: str) -> dict[str, list[str]]:
    changes = stage.run(command, "--format", "json").json["changes"]
    return {change["address"]: sorted(item["attribute"] for item in change[side]) for change in changes if change[side]}


VERSION = ["metadata.annotations.wlinfra.dev/artifact-version"]
EDITED = ["artifact.containers[main].env[LOG]", "artifact.containers[main].image", "cpu"]


def test_drift_names_what_was_declared(stage: ClusterStage) -> None:
    declare(stage)
    stage.apply()
    edit(stage)
    assert names(stage, "drift", "drift") == {"workload.chat/Deployment": EDITED}
    shown = stage.run("drift").out
    assert "artifact.containers[main].image" in shown
    assert "spec.template" not in shown


def test_a_conflict_names_it_and_the_way_out_works(stage: ClusterStage) -> None:
    declare(stage)
    stage.apply()
    edit(stage)
    declare(stage, log="trace")
    refused = stage.run("plan", code=1)
    said = " ".join((refused.out + refused.err).replace("│", " ").split())
    assert "artifact.containers[main].env[LOG] (spec.template.spec.containers[name=main].env[name=LOG].value)" in said
    (ignored,) = re.findall(r"ignore_changes=(\[.*?\]) {3}", refused.out + refused.err)
    declare(stage, log="trace", ignored=json.loads(ignored))
    assert names(stage, "plan", "attributes")["workload.chat/Deployment"] == VERSION


@pytest.mark.parametrize(
    ("ignored", "of_artifact"),
    [
        (EDITED, []),
        (["cpu"], ["containers[*].image", "containers.main.env"]),
        (["allocations[main]", "artifact.containers"], []),
    ],
)
def test_what_is_ignored_stays_as_somebody_left_it(
    stage: ClusterStage, ignored: list[str], of_artifact: list[str]
) -> None:
    declare(stage, ignored=ignored, of_artifact=of_artifact)
    stage.apply()
    edit(stage)
    assert names(stage, "plan", "attributes") == {}
    stage.run("drift", "--detailed-exitcode")
    declare(stage, log="trace", cpu=0.3, ignored=ignored, of_artifact=of_artifact)
    assert names(stage, "plan", "attributes")["workload.chat/Deployment"] == VERSION
    stage.apply()
    (container,) = stage.get("deployment", "chat")["spec"]["template"]["spec"]["containers"]
    env: list[dict[str, Any]] = container["env"]
    assert {item["name"]: item["value"] for item in env} == {"LOG": "debug", "MODE": "fast"}
    assert (container["image"], container["resources"]["requests"]["cpu"]) == ("nginx:9", "200m")


def test_an_element_that_nobody_declares_may_be_ignored(stage: ClusterStage) -> None:
    declare(stage, of_artifact=["containers[main].env[EXTRA]"])
    stage.apply()
    stage.kubectl("set", "env", "deployment/chat", "EXTRA=theirs")
    assert names(stage, "plan", "attributes") == {}


def test_a_path_that_is_none_is_refused_with_the_one_that_is_meant(stage: ClusterStage) -> None:
    declare(stage, of_artifact=["containers[main].imge"])
    refused = stage.run("plan", code=1)
    said = " ".join((refused.out + refused.err).replace("│", " ").split())
    assert "in artifact.server" in said
    assert "Did you mean 'containers[main].image'?" in said


def test_a_refusal_names_the_declared_attribute_and_its_line(stage: ClusterStage) -> None:
    profile = 'wl.SeccompProfile(type="Localhost", localhost_profile="../mine")'
    declare(stage)
    program = stage.project.folder / "infra.py"
    text = program.read_text().replace(
        "port=8080", f"port=8080, security=wl.SecurityContext(seccomp_profile={profile})"
    )
    program.write_text(text)
    refused = stage.run("plan", code=1)
    said = " ".join((refused.out + refused.err).replace("│", " ").split())
    assert "artifact.containers[main].security.seccomp_profile.localhost_profile: Invalid value" in said
    assert "infra.py line 12" in said
