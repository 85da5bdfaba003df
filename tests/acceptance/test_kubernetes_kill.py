"""Kill an apply on a real cluster after some of its objects, run it again: each object once, nothing left to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from engines.kubernetes.waiting import eventually
from support.command_line import CommandLine

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

OBJECTS = 6
PROGRAM = """
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack("shop")

@stack.resources
def resources(env):
    before = None
    for number in range({objects}):
        body = {{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": f"part-{{number}}"}}, "data": {{"a": "1"}}}}
        before = Manifest(f"part-{{number}}", body, depends_on=[before] if before else [])
        yield before

stack.environment("test", provider="kubernetes", kubeconfig={kubeconfig!r}, namespace={namespace!r},
                  connect_timeout=1, read_timeout=5)
"""


def parts(cluster: ClusterHandle, namespace: str) -> list[str]:
    names = cluster.kubectl("get", "configmaps", "-n", namespace, "-o", "name").split()
    return sorted(name for name in names if "part-" in name)


@pytest.mark.parametrize("count", [1, 3, 5])
def test_a_killed_apply_is_finished_by_the_next(
    cluster: ClusterHandle, namespace: str, tmp_path: Path, count: int
) -> None:
    line = CommandLine(folder=tmp_path)
    line.write(PROGRAM.format(objects=OBJECTS, kubeconfig=str(cluster.kubeconfig), namespace=namespace))
    environ = {**os.environ, "HOME": str(tmp_path / "home"), "USER": "alice"}
    command = [sys.executable, "-c", "from wlinfra.cli.app import entry; entry()", "apply", "--auto-approve"]
    child = subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    eventually(lambda: len(parts(cluster, namespace)) >= count)
    child.kill()
    child.wait()
    again = line.run("apply", "--auto-approve")
    assert again.code == 0, again.out + again.err
    assert parts(cluster, namespace) == [f"configmap/part-{number}" for number in range(OBJECTS)]
    assert "No changes" in line.run("plan").out


def test_a_lost_state_is_found_again_and_what_nobody_declares_goes(
    cluster: ClusterHandle, namespace: str, tmp_path: Path
) -> None:
    settings = {"kubeconfig": str(cluster.kubeconfig), "namespace": namespace}
    line = CommandLine(folder=tmp_path)
    line.write(PROGRAM.format(objects=OBJECTS, **settings))
    assert line.run("apply", "--auto-approve").code == 0
    shutil.rmtree(tmp_path / ".wlinfra")
    line.write(PROGRAM.format(objects=OBJECTS - 1, **settings))
    again = line.run("apply", "--auto-approve", "--adopt")
    assert again.code == 0, again.out + again.err
    assert len(parts(cluster, namespace)) == OBJECTS
    assert line.run("apply", "--auto-approve").code == 0
    assert parts(cluster, namespace) == [f"configmap/part-{number}" for number in range(OBJECTS - 1)]
    assert "No changes" in line.run("plan").out
