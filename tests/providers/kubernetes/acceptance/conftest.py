from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.cluster_stage import ClusterStage

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle


@pytest.fixture
def stage(cluster: ClusterHandle, namespace: str, tmp_path: Path) -> ClusterStage:
    return ClusterStage(cluster=cluster, namespace=namespace, folder=tmp_path / "project")
