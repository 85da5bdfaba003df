"""`wlinfra render --rbac`: the generated roles are enough for a stack's whole life, and no rule of them is idle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from support.project import Project

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle, Request

PROGRAM = """\
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack("least")


def raw(api, kind, name, **rest):
    return Manifest(f"{kind.lower()}-{name}", {"apiVersion": api, "kind": kind, "metadata": {"name": name}, **rest})


@stack.resources
def resources(env):
    server = wl.Artifact("server", containers=[wl.Container(image="IMAGE", port=8080)])
    yield server
    yield wl.Workload("chat", artifact=server, bundles=["cpu.small"], SCALE)
    yield raw("v1", "ConfigMap", "settings", data={"a": "VALUE"})
    yield raw("v1", "Secret", "key", stringData={"a": "VALUE"})
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    yield raw("v1", "PersistentVolumeClaim", "disk", spec=claim)
    container = {"name": "main", "image": "nginx:1", "args": ["VALUE"]}
    pod = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    yield raw("batch/v1", "Job", "once", spec={"template": pod})
    yield raw("scheduling.k8s.io/v1", "PriorityClass", "NAMESPACE", value=1)
    EXTRA


stack.environment(
    "cluster",
    provider="kubernetes",
    kubeconfig="KUBECONFIG",
    namespace="NAMESPACE",
    bundles={"cpu.small": {"cpu": 0.1, "memory": "64MB"}},
    delete_volumes=True,
    image_grace=0,
    target={"prometheus": "http://127.0.0.1:1"},
)
"""
SCALED = "autoscaling=[wl.cpu(target=80, min=1, max=3)]"
BY_KEDA = "autoscaling=[wl.queue_depth(target=10, min=0, max=3)]"
EXTRA = 'yield raw("v1", "ConfigMap", "extra", data={})'
Used = set[tuple[bool, str, str, str]]
"""Whether in a namespace, verb, group, resource."""


class Stage:
    """One stack in the test's namespace, run by one user."""

    def __init__(self, cluster: ClusterHandle, namespace: str, folder: Path) -> None:
        self.cluster, self.namespace, self.project = cluster, namespace, Project(folder=folder)

    def write(self, *, user: str = "roles-user", **changed: str) -> None:
        values = {"IMAGE": "nginx:1", "SCALE": SCALED, "VALUE": "one", "EXTRA": EXTRA, "NAMESPACE": self.namespace}
        text = PROGRAM.replace("KUBECONFIG", str(self.cluster.kubeconfig_of(user)))
        for word, value in {**values, **changed}.items():
            text = text.replace(word, value)
        self.project.write(text)

    def run(self, command: str, *arguments: str, code: int | None = 0) -> str:
        done = self.project.run(command, "-e", "cluster", *arguments, code=code)
        return done.out + done.err

    def roles(self) -> list[dict[str, Any]]:
        printed = self.project.run("render", "-e", "cluster", "--rbac").out
        return list(yaml.safe_load_all(printed.replace("ACCOUNT", "roles-user")))

    def grant(self) -> list[dict[str, Any]]:
        found = self.roles()
        self.cluster.kubectl("apply", "-f", "-", input=yaml.safe_dump_all(found))
        return found

    def actions(self) -> dict[str, str]:
        return self.project.actions("-e", "cluster")


@pytest.fixture
def stage(keda_definitions: ClusterHandle, namespace: str, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(keda_definitions, namespace, tmp_path / "project")
    yield made
    name = f"{namespace}-wlinfra-least-cluster"
    keda_definitions.kubectl("delete", "clusterrole,clusterrolebinding", name, "--ignore-not-found")


def granted(roles: list[dict[str, Any]]) -> Used:
    return {
        (role["kind"] == "Role", verb, group, resource)
        for role in roles
        for rule in role.get("rules", ())
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def used(requests: list[Request]) -> Used:
    """Return the rights the requests took: an apply that makes its object takes two."""
    asked = [one for one in requests if one.resource]
    made = {(bool(one.namespace), "create", one.group, one.resource) for one in asked if one.code == 201}
    return made | {(bool(one.namespace), one.verb, one.group, one.resource) for one in asked}


def test_the_generated_roles_are_enough_and_every_rule_is_used(stage: Stage) -> None:
    before = len(stage.cluster.requests("roles-user"))
    stage.write()
    rights = granted(stage.grant())
    live_through(stage)
    asked = stage.cluster.requests("roles-user")[before:]
    own = [one for one in asked if one.namespace in ("", stage.namespace)]
    assert [one for one in own if one.code == 403] == []
    assert sorted(used(own) ^ rights) == []


def live_through(stage: Stage) -> None:
    """Create, hand replicas over to KEDA and from it, roll, fail, replace, take the replicas back, prune and destroy."""
    stage.write(SCALE="replicas=1", IMAGE="slow:1")  # so that the wait asks for warnings
    stage.run("apply", "--auto-approve")
    stage.write(user="admin", SCALE=BY_KEDA)  # whose operator does not run
    stage.run("apply", "--auto-approve", "--no-wait")
    stage.write()
    stage.run("apply", "--auto-approve")
    assert stage.actions() == {}
    stage.write(IMAGE="acme/bad-image:1")
    assert "ImagePullBackOff" in stage.run("apply", "--auto-approve", code=1)
    stage.write(VALUE="two")
    assert stage.actions()["manifest.job-once"] == "replace"
    stage.run("apply", "--auto-approve")
    stage.cluster.set_usage(stage.namespace, cpu="1")
    wait = ("wait", "deployment/chat", "--for=jsonpath={.spec.replicas}=3", "--timeout=90s")
    stage.cluster.kubectl("-n", stage.namespace, *wait)
    stage.write(VALUE="two", SCALE="replicas=1")
    assert "taken over" in stage.run("plan")
    stage.write(VALUE="two", EXTRA="")
    assert stage.actions() == {"manifest.configmap-extra": "delete"}
    stage.run("apply", "--auto-approve")
    stage.run("destroy", "--auto-approve")


def test_an_account_that_may_only_read_gets_a_predicted_plan(stage: Stage) -> None:
    stage.write(user="admin")
    stage.run("apply", "--auto-approve")
    stage.write(user="readonly", VALUE="two")
    assert "predicted" in stage.run("plan")
    assert stage.actions()["manifest.configmap-settings"] == "update"
    stage.write(user="admin")
    stage.run("destroy", "--auto-approve")
