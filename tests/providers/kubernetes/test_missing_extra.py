"""Without the ``kubernetes`` package: the command line says what to install, and what needs no cluster still works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.project import Project

PROGRAM = """\
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    yield Manifest("settings", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}})


stack.environment("cluster", provider="kubernetes", kubeconfig="nowhere")
"""
ABSENT = """\
import sys


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "kubernetes":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Absent())
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = Project(folder=tmp_path / "project")
    found.write(PROGRAM)
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "sitecustomize.py").write_text(ABSENT)
    found.environ["PYTHONPATH"] = str(tmp_path / "without")
    return found


def test_a_plan_says_what_to_install(project: Project) -> None:
    process = project.start("plan", "-e", "cluster")
    out, err = process.communicate(timeout=60)
    text = re.sub(r"[\s│]+", " ", out + err)
    assert process.returncode == 1
    assert "needs the module 'kubernetes', which is not installed" in text
    assert "pip install 'wlinfra[kubernetes]'" in text
    assert "Traceback" not in text
    assert len((out + err).splitlines()) <= 24


@pytest.mark.parametrize("command", ["validate", "render"])
def test_what_asks_no_cluster_works_without_it(project: Project, command: str) -> None:
    process = project.start(command, "-e", "cluster")
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
