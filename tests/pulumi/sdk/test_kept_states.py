"""States that earlier versions wrote are read, and nothing changes for it: kept as `pulumi stack export` printed them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from engines.pulumi.workspace import PulumiWorkspace

KEPT = Path(__file__).parent / "kept"
VERSIONS = sorted(folder.name for folder in KEPT.iterdir() if folder.is_dir())
PROJECT = "name: chat\nruntime: python\nconfig:\n  wlinfra:endpoint: http://127.0.0.1:18181/api/v2\n"
"""No one listens there: a preview without a change asks nothing."""

LATER = f"""#!{sys.executable}
from pydantic.fields import FieldInfo

from wlinfra.resources.artifact import Artifact
from wlinfra.resources.container import Container
from wlinfra.resources.workload import Workload

for model in (Container, Artifact, Workload):
    field = FieldInfo.from_annotated_attribute(str | None, FieldInfo(default=None, description="An attribute more."))
    model.__pydantic_fields__["added_later"] = field
    model.model_rebuild(force=True)

from wlinfra.pulumi.main import entry
from wlinfra.pulumi.schema import package_schema

assert "addedLater" in package_schema("0.1.0")["resources"]["wlinfra:index:Workload"]["properties"]
entry()
"""
"""A plugin of a later version, whose models have an attribute more."""


@pytest.mark.parametrize("later", [False, True], ids=["this-version", "an-attribute-more"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_state_of_an_earlier_version_changes_nothing(
    version: str, later: bool, pulumi_workspace: PulumiWorkspace
) -> None:
    pulumi_workspace.write("Pulumi.yaml", PROJECT)
    pulumi_workspace.write("__main__.py", (KEPT / version / "program.txt").read_text())
    pulumi_workspace.environ["DATAROBOT_API_TOKEN"] = "none"
    pulumi_workspace.init()
    pulumi_workspace.run("stack", "import", "--file", str(KEPT / version / "state.json"))
    if later:
        plugin = pulumi_workspace.folder / "later" / "pulumi-resource-wlinfra"
        plugin.parent.mkdir()
        plugin.write_text(LATER)
        plugin.chmod(0o755)
        pulumi_workspace.environ["PATH"] = f"{plugin.parent}:{pulumi_workspace.environ['PATH']}"
    ended = pulumi_workspace.run("preview", "--expect-no-changes")
    assert ("/later/pulumi-resource-wlinfra" in ended.out) is later
