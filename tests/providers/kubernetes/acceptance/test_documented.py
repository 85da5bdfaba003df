"""What the page on Kubernetes tells a newcomer to type does what it shows."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.cluster_stage import reserved_namespace
from support.pages import ROOT, Reader, read_sections

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

SECTION = "Try it"


@pytest.fixture
def reader(keda: ClusterHandle, fakes: ClusterHandle, tmp_path: Path) -> Reader:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    path = f"{keda.kubectl_program.parent}{os.pathsep}{os.environ['PATH']}"
    environ = {"KUBECONFIG": str(keda.kubeconfig), "HOME": str(tmp_path), "PATH": path, "NO_COLOR": "1"}
    return Reader(folder=tmp_path, url="http://127.0.0.1:9", environ=environ)


def test_the_first_steps_on_a_cluster_go_as_shown(keda: ClusterHandle, reader: Reader) -> None:
    (section,) = [item for item in read_sections("docs/kubernetes.md") if item.title == SECTION]
    with reserved_namespace(keda, "assistant"):
        reader.follow(section)
