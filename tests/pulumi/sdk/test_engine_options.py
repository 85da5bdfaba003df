"""Resource options and flags of the engine do with our resources what they do with every other one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from engines.pulumi.workspace import PulumiWorkspace
from support.api_client import ApiClient

from wlinfra_datarobot.emulator import DataRobotEmulator, Durations

PROGRAM = """
import pulumi
import pulumi_wlinfra as wlinfra


def artifact(name, description="", tag="1", **options):
    container = wlinfra.Container(image=f"ghcr.io/acme/{name}:{tag}", port=8080)
    opts = pulumi.ResourceOptions(**options)
    return wlinfra.Artifact(name, opts, containers=[container], description=description)


"""


@pytest.fixture
def stage(pulumi_workspace: PulumiWorkspace) -> Iterator[PulumiWorkspace]:
    with DataRobotEmulator(durations=Durations.instant()) as emulator:
        pulumi_workspace.environ |= {"DATAROBOT_ENDPOINT": emulator.url, "DATAROBOT_API_TOKEN": "none"}
        pulumi_workspace.python("")
        pulumi_workspace.init()
        yield pulumi_workspace


def up(stage: PulumiWorkspace, body: str, *flags: str, code: int = 0) -> str:
    stage.write("__main__.py", PROGRAM + body)
    ended = stage.run("up", "--yes", "--skip-preview", *flags, code=code)
    return ended.out + ended.err


def preview(stage: PulumiWorkspace, body: str, *flags: str) -> dict[str, str]:
    """Return what would be done, by the names of the resources."""
    stage.write("__main__.py", PROGRAM + body)
    steps = stage.run("preview", "--json", *flags).json["steps"]
    found = {step["urn"].rpartition("::")[2]: step["op"] for step in steps if "::wlinfra:index:" in step["urn"]}
    return {name: op for name, op in found.items() if op != "same"}


def states(stage: PulumiWorkspace) -> dict[str, Any]:
    return {one["urn"].rpartition("::")[2]: one for one in stage.resources() if one["type"].startswith("wlinfra:index")}


def live(stage: PulumiWorkspace) -> set[str]:
    answer = ApiClient(stage.environ["DATAROBOT_ENDPOINT"]).call("GET", "/artifacts").body
    return {item["name"] for item in answer["data"]}


def test_options_that_decide_what_is_changed(stage: PulumiWorkspace) -> None:
    up(
        stage,
        'artifact("a", ignore_changes=["description"])\nartifact("b", retain_on_delete=True)\nartifact("c", protect=True)',
    )
    assert preview(stage, 'artifact("a", "other", ignore_changes=["description"])\nartifact("b")\nartifact("c")') == {}
    renamed = 'artifact("a")\nartifact("b2", aliases=[pulumi.Alias(name="b")])\nartifact("c", protect=True)'
    assert set(preview(stage, renamed)) <= {"b2"}  # its name on the platform follows
    assert "protect" in up(stage, 'artifact("a")', code=1)
    up(stage, 'artifact("a")\nartifact("c")')
    assert set(states(stage)) == {"a", "c"}
    assert live(stage) == {"a", "b", "c"}


def test_options_that_run_code_or_hide(stage: PulumiWorkspace) -> None:
    body = """
def described(args):
    if args.type_ == "wlinfra:index:Artifact":
        return pulumi.ResourceTransformResult({**args.props, "description": "by a transform"}, args.opts)


def told(args):
    pulumi.log.info(f"the hook saw {args.new_outputs['artifactId']}")


pulumi.runtime.register_resource_transform(described)
hook = pulumi.ResourceHook("told", told)
artifact("a", additional_secret_outputs=["repository_id"], hooks=pulumi.ResourceHookBinding(after_create=[hook]))
"""
    printed = up(stage, body)
    outputs = states(stage)["a"]["outputs"]
    assert outputs["description"] == "by a transform"
    assert f"the hook saw {outputs['artifactId']}" in printed
    assert "ciphertext" in outputs["repositoryId"]
    assert "ciphertext" in outputs["record"]


def test_flags_that_select_and_plans_that_are_kept(stage: PulumiWorkspace) -> None:
    both = 'artifact("a", "x")\nartifact("b", "x")'
    up(stage, 'artifact("a")\nartifact("b")')
    urn = states(stage)["a"]["urn"]
    assert preview(stage, both, "--target", urn) == {"a": "update"}
    assert preview(stage, both, "--target-replace", urn)["a"] in ("replace", "create-replacement", "delete-replaced")
    plan = str(stage.folder / "plan.json")
    assert preview(stage, both, "--save-plan", plan) == {"a": "update", "b": "update"}
    up(stage, both, "--plan", plan)
    assert {one["outputs"]["description"] for one in states(stage).values()} == {"x"}
    stage.write("__main__.py", PROGRAM + both.replace('"x"', '"y"'))
    assert stage.run("up", "--yes", "--skip-preview", "--plan", plan, code=None).code != 0
    assert {one["outputs"]["description"] for one in states(stage).values()} == {"x"}
