"""A stack that declares the very namespace it lives in: its inventory comes after it and goes before it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.cluster_stage import ClusterStage

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

SETTINGS: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings"},
    "data": {"level": "1"},
}


@pytest.fixture
def home(cluster: ClusterHandle, namespace: str, tmp_path: Path) -> ClusterStage:
    """A stack in a namespace that is not there yet."""
    return ClusterStage(cluster=cluster, namespace=f"{namespace}-own", folder=tmp_path / "project")


def declare(stage: ClusterStage, *documents: dict[str, Any]) -> None:
    own = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": stage.namespace}}
    stage.manifests(SETTINGS, own, *documents)


def test_the_own_namespace_is_planned_made_and_ended_with_the_stack(home: ClusterStage) -> None:
    declare(home)
    planned = home.run("plan").out
    assert "unverified: its namespace is created in this plan" in planned
    assert len(home.actions()) == 3
    home.apply()
    assert home.actions() == {}
    assert {"settings", f"wlinfra-{home.stack}-cluster"} <= home.names("configmaps")
    home.run("destroy", "--auto-approve")
    assert not home.cluster.api.exists(f"/api/v1/namespaces/{home.namespace}")


def test_a_run_that_ended_after_the_namespace_goes_on_from_it(home: ClusterStage) -> None:
    declare(home)
    home.apply("--target", f"manifest.{home.namespace}")
    assert home.names("configmaps") <= {"kube-root-ca.crt"}
    shutil.rmtree(home.folder / ".wlinfra")
    actions = home.actions()
    assert actions[f"manifest.{home.namespace}"] == "import"
    assert actions["inventory.default"] == "create"
    home.apply("--adopt")
    assert home.actions() == {}
    home.run("destroy", "--auto-approve")
