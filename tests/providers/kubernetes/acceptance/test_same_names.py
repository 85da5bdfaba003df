"""Two projects with the same stack and environment name in one namespace: neither deletes what the other made."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from support.cluster_stage import ClusterStage

from wlinfra_kubernetes.ownership.identity import LINEAGE, Identity


def config(stage: ClusterStage, *names: str) -> None:
    stage.manifests(
        *({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "1"}} for name in names)
    )


def said(stage: ClusterStage, *command: str) -> str:
    ended = stage.run(*command, code=None)
    return re.sub(r"[\s│]+", " ", ended.out + ended.err)


def lineage(stage: ClusterStage) -> str:
    identity = Identity(stack=stage.stack, environment="cluster", namespace=stage.namespace)
    return str(stage.get("configmap", identity.inventory.name)["metadata"]["annotations"].get(LINEAGE) or "")


@pytest.fixture
def two(stage: ClusterStage) -> ClusterStage:
    """A second project beside the first one, which made the ConfigMap ``one``."""
    config(stage, "one")
    stage.apply()
    second = ClusterStage(cluster=stage.cluster, namespace=stage.namespace, folder=stage.folder.parent / "two")
    config(second, "two")
    return second


def test_the_second_project_destroys_nothing_and_has_to_confirm(stage: ClusterStage, two: ClusterStage) -> None:
    assert two.actions() == {"inventory.default": "import", "manifest.two": "create"}
    refused = two.apply(code=1)
    assert "wlinfra import inventory.default" in refused.err
    assert "another project with the same names" in said(two, "plan")
    two.run("destroy", "--auto-approve")
    assert {"one"} == stage.names("configmap") & {"one", "two"}
    assert stage.actions() == {}


@pytest.mark.parametrize("how", ["adopt", "import"])
def test_who_takes_the_inventory_over_is_the_only_one_who_plans(
    stage: ClusterStage, two: ClusterStage, how: str
) -> None:
    mine = lineage(stage)
    if how == "adopt":
        two.apply("--adopt")
    else:
        command = next(line for line in two.apply(code=1).err.splitlines() if "wlinfra import inventory" in line)
        two.run("import", *command.replace("│", "").split()[2:])
        two.apply()
    assert lineage(two) not in ("", mine)
    assert {"one", "two"} <= two.names("configmap")
    for command in ("plan", "apply", "destroy"):
        told = said(stage, command, *(["--auto-approve"] if command != "plan" else []))
        assert "Inventory belongs to another state" in told
    assert {"one", "two"} <= stage.names("configmap")


def test_the_command_that_takes_it_back_works_as_typed(stage: ClusterStage, two: ClusterStage) -> None:
    mine = lineage(stage)
    two.apply("--adopt")
    assert "wlinfra state rm inventory.default -e cluster" in said(stage, "plan")
    stage.project.run("state", "rm", "inventory.default", "-e", "cluster")
    assert stage.actions()["inventory.default"] == "import"
    stage.apply("--adopt")
    assert lineage(stage) == mine
    assert "Inventory belongs to another state" in said(two, "plan")


def test_a_lost_state_imports_what_it_confirms_and_deletes_only_afterwards(stage: ClusterStage) -> None:
    config(stage, "one", "old")
    stage.apply()
    shutil.rmtree(stage.folder / ".wlinfra")
    config(stage, "one")
    assert stage.actions() == {"inventory.default": "import", "manifest.one": "import"}
    assert stage.apply(code=1)
    stage.apply("--adopt")
    assert {"one", "old"} <= stage.names("configmap")
    assert stage.actions() == {"manifest.old": "delete"}
    stage.apply()
    assert stage.actions() == {}
    assert "old" not in stage.names("configmap")


def test_an_inventory_of_an_earlier_version_is_claimed_by_the_state_that_records_it(stage: ClusterStage) -> None:
    config(stage, "one")
    stage.apply()
    mine = lineage(stage)
    identity = Identity(stack=stage.stack, environment="cluster", namespace=stage.namespace)
    stage.kubectl("annotate", "configmap", identity.inventory.name, f"{LINEAGE}-")
    assert lineage(stage) == ""
    assert stage.actions() == {}

    second = ClusterStage(cluster=stage.cluster, namespace=stage.namespace, folder=stage.folder.parent / "two")
    config(second, "two")
    assert second.actions() == {"inventory.default": "import", "manifest.two": "create"}

    config(stage, "one", "more")
    stage.apply()
    assert lineage(stage) == mine
    assert stage.actions() == {}


def test_a_pushed_copy_of_the_state_is_the_same_state(stage: ClusterStage, two: ClusterStage) -> None:
    pulled = stage.project.run("state", "pull", "-e", "cluster").out
    assert json.loads(pulled)["lineage"] == lineage(stage)
    (two.folder / "state.json").write_text(pulled)
    two.project.run("state", "push", "state.json", "-e", "cluster")
    assert two.actions() == {"manifest.one": "delete", "manifest.two": "create"}
