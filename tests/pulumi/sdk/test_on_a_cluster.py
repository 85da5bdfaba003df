"""A program with a provider of its own runs on a Kubernetes cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engines.pulumi.workspace import PulumiWorkspace

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

PROGRAM = """
import pulumi
import pulumi_wlinfra as wlinfra
from pulumi_wlinfra.kubernetes import Manifest

config = pulumi.Config()
lab = wlinfra.Provider(
    "lab",
    platform="kubernetes",
    kubeconfig=config.require("kubeconfig"),
    namespace=config.require("namespace"),
    conflicts={"spec.replicas": "force"},
    parallelism=4,
)
opts = pulumi.ResourceOptions(provider=lab)
document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"mode": "fast"}}
settings = Manifest("settings", opts, manifest=document, outputs={"mode": "data.mode"})
server = wlinfra.Artifact(
    "server", opts, containers=[{"image": "nginx:1", "port": 8080, "env": {"MODE": settings.values["mode"]}}]
)
chat = wlinfra.Workload("chat", opts, artifact=server, cpu=0.1, memory="256MB", replicas=config.get_int("replicas") or 1)
pulumi.export("id", chat.id)
pulumi.export("mode", settings.values["mode"])
"""


def test_a_program_lives_its_life_on_a_cluster(
    pulumi_workspace: PulumiWorkspace, cluster: ClusterHandle, namespace: str
) -> None:
    pulumi_workspace.python(PROGRAM)
    pulumi_workspace.init()
    pulumi_workspace.run("config", "set", "kubeconfig", str(cluster.kubeconfig_of("admin")))
    pulumi_workspace.run("config", "set", "namespace", namespace)
    pulumi_workspace.run("up", "--yes", "--skip-preview")
    assert pulumi_workspace.outputs() == {"id": f"{namespace}/chat", "mode": "fast"}
    pulumi_workspace.run("preview", "--expect-no-changes")
    pulumi_workspace.run("config", "set", "replicas", "2")
    shown = pulumi_workspace.run("preview", "--json").json
    assert {step["urn"].rpartition("::")[2]: step["op"] for step in shown["steps"]}["chat"] == "update"
    pulumi_workspace.run("up", "--yes", "--skip-preview")
    deployment = cluster.api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/chat")
    assert deployment["spec"]["replicas"] == 2
    pulumi_workspace.run("destroy", "--yes", "--skip-preview")
    assert pulumi_workspace.resources() == []
