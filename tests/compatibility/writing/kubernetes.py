"""Writes what stacks on a cluster leave: directories of states, and the objects as etcd has them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from engines.keda.operator import KedaOperator, keda_definitions
from engines.kubernetes.cluster import Cluster, ClusterOptions
from engines.kubernetes.handle import ClusterHandle, write_kubeconfig
from engines.kubernetes.waiting import eventually
from support.api_proxy import ApiProxy, Harm, Moment, api_proxy
from support.project import Project

from compatibility.projects import EARLIER, project_on, rewrite
from compatibility.stored import allow, save

__all__ = ["planned", "write"]

NAMESPACES = ("operator", "plain", "objects", "objects-other", "interrupted")
LOST = {
    "create-lost": (1, Moment.AFTER),
    "create-unsent": (1, Moment.BEFORE),
    "update-lost": (1, Moment.AFTER),
    "delete-lost": (1, Moment.AFTER),
    "replace-half": (2, Moment.BEFORE),
    "deposed": (2, Moment.BEFORE),
    "workload-lost": (3, Moment.AFTER),
}
"""At which of the requests that change something, and when, an apply is killed."""
ENVIRONMENTS = (*LOST, "unready")


def write(folder: Path, projects: Path) -> None:
    """Apply the stacks with all that a cluster has, and leave others in the middle of an apply."""
    with Cluster(ClusterOptions(definitions=tuple(keda_definitions()))) as cluster, KedaOperator(cluster):
        handle = cluster.handle
        allow(handle)
        for environment in ("operator", "plain"):
            _everything(handle, folder, projects / environment, environment)
        _objects(handle, folder, projects / "objects")
        _interrupted(handle, folder, projects / "interrupted")
        save(cluster.stored("/registry/"), folder / "objects", NAMESPACES)


def planned(handle: ClusterHandle, kept: Path, place: Path) -> dict[str, dict[str, str]]:
    """Return what this version plans for each interrupted environment."""
    project = _project(handle, kept, place, "interrupted_objects")
    return {name: project.actions("-e", name) for name in ENVIRONMENTS}


def _project(handle: ClusterHandle, folder: Path, place: Path, program: str) -> Project:
    return project_on(folder / "states", place, program, KUBECONFIG=str(handle.kubeconfig_of("stack-user")))


def _namespace(handle: ClusterHandle, name: str) -> None:
    handle.kubectl("create", "namespace", name)
    eventually(lambda: handle.api.exists(f"/api/v1/namespaces/{name}/serviceaccounts/default"))


def _everything(handle: ClusterHandle, folder: Path, place: Path, environment: str) -> None:
    _namespace(handle, environment)
    project = _project(handle, folder, place, "kubernetes")
    for secret, key in (("ngc", "NGC_API_KEY"), ("stored", "username"), ("platform", "token"), ("tls", "tls.key")):
        handle.kubectl("-n", environment, "create", "secret", "generic", secret, f"--from-literal={key}=s3cret")
    handle.kubectl("-n", environment, "create", "configmap", "somebodys", "--from-literal=a=1")
    for phase in ("1", "2", "3"):
        project.apply("-e", environment, "--set", f"phase={phase}")
        if phase == "2":
            rewrite(project, "-e", environment)
    assert project.actions("-e", environment) == {}


def _objects(handle: ClusterHandle, folder: Path, place: Path) -> None:
    _namespace(handle, "objects")
    handle.kubectl("-n", "objects", "create", "configmap", "taken", "--from-literal=made=by hand")
    project = _project(handle, folder, place, "objects")
    project.apply("--set", "phase=1")
    handle.kubectl("-n", "objects", "patch", "configmap", "left-alone", "-p", '{"data": {"theirs": "changed"}}')
    project.apply("--set", "phase=2")
    handle.kubectl("-n", "objects", "rollout", "restart", "deployment/web")
    project.apply("--set", "phase=3")
    assert project.actions() == {}


def _interrupted(handle: ClusterHandle, folder: Path, place: Path) -> None:
    _namespace(handle, "interrupted")
    project = _project(handle, folder, place, "interrupted_objects")
    for environment in ENVIRONMENTS:
        project.apply("-e", environment, "--set", "phase=1")
    with api_proxy(handle.server, handle.authority) as proxy:
        config = place / "kubeconfig"
        write_kubeconfig(config, server=proxy.url, authority=None, token="stack-user-token")
        project.environ |= {"KUBECONFIG": str(config), "PYTHONPATH": str(EARLIER)}
        for environment, (number, moment) in LOST.items():
            _kill(project, proxy, environment, number, moment)
    project.environ["KUBECONFIG"] = str(handle.kubeconfig_of("stack-user"))
    project.apply("-e", "unready", "--no-wait")


def _kill(project: Project, proxy: ApiProxy, environment: str, number: int, moment: Moment) -> None:
    """Apply in a process that is killed at one request."""
    victims: list[int] = []
    proxy.reset(Harm(at=number, moment=moment, run=lambda: os.kill(victims[0], signal.SIGKILL)))
    child = project.start("apply", "--auto-approve", "-e", environment, "--parallelism", "1")
    victims.append(child.pid)
    out, err = child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL, out + err
    print(environment, *proxy.calls, sep="\n  ")
    proxy.reset()
