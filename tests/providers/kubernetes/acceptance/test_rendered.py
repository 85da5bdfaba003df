"""What `wlinfra render` writes is valid to the API server, to the last field."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from support.cluster_stage import ClusterStage

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

EXAMPLE = Path(__file__).parents[4] / "examples" / "quickstart" / "infra.py"
GPU = {"count": 1, "products": ["NVIDIA-H100-80GB-HBM3"], "type": "H100"}
BUNDLES = {"cpu.small": {"cpu": 0.5, "memory": "512MB"}, "gpu.h100": {"cpu": 1, "memory": "1GB", "gpu": GPU}}


def test_the_files_of_the_example_pass_strict_validation(keda_definitions: ClusterHandle, stage: ClusterStage) -> None:
    text = EXAMPLE.read_text().replace(', "gpu.a100"', "")
    stage.program(text, bundles=BUNDLES, target={"ngc_secret": "ngc"})
    stage.run("render", "--out", "manifests")
    files = sorted((stage.folder / "manifests").glob("*.yaml"))
    assert {file.name.partition("-")[0] for file in files} >= {"deployment", "nimservice", "scaledobject", "service"}
    for file in files:
        said = stage.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", str(file))
        assert "created (server dry run)" in said
    assert all("s3cret-token" not in file.read_text() for file in files)
