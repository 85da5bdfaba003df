"""The examples run on the real engine as they are, on the embedded emulator."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from engines.kubernetes.waiting import eventually
from engines.pulumi.schema import check_schema
from engines.pulumi.workspace import PulumiWorkspace

from wlinfra.pulumi.schema import package_schema

of_a_developer = shutil.ignore_patterns("Pulumi.*.yaml", "__pycache__")
EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture(params=["pulumi", "pulumi-yaml"])
def example(request: pytest.FixtureRequest, pulumi_workspace: PulumiWorkspace) -> PulumiWorkspace:
    shutil.copytree(EXAMPLES / request.param, pulumi_workspace.project, dirs_exist_ok=True, ignore=of_a_developer)
    pulumi_workspace.init()
    return pulumi_workspace


def test_an_example_comes_up_stays_as_it_is_and_goes(example: PulumiWorkspace) -> None:
    steps = example.run("preview", "--json").json["steps"]
    assert {step["op"] for step in steps} == {"create"}
    example.run("up", "--yes", "--skip-preview")
    assert example.outputs()["endpoint"].startswith("http://127.0.0.1:")
    assert example.outputs()["version"] == 1
    example.run("preview", "--expect-no-changes")
    example.run("destroy", "--yes", "--skip-preview")
    assert example.resources() == []
    eventually(lambda: example.running() == {})


def test_the_schema_is_accepted(pulumi_workspace: PulumiWorkspace, tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text(json.dumps(package_schema("0.1.0")))
    assert check_schema(pulumi_workspace, file).out == ""


@pytest.mark.nightly
def test_sdks_are_generated_from_the_schema(sdks_of: Callable[[Path], Path], tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    schema = package_schema("0.1.0")
    go = {"importBasePath": "example.test/wlinfra/go/wlinfra"}
    file.write_text(json.dumps({**schema, "language": {"python": {"pyproject": {"enabled": True}}, "go": go}}))
    sdks = sdks_of(file)
    assert "class Workload extends pulumi.CustomResource" in (sdks / "nodejs" / "workload.ts").read_text()
    assert "type Workload struct" in (sdks / "go" / "wlinfra" / "workload.go").read_text()
    installed = sdks / "python" / "pulumi_wlinfra-0.1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: pulumi_wlinfra\nVersion: 0.1.0\n")
    shown = "import pulumi_wlinfra as w; print(w.Workload.__name__, w.ContainerArgs.__name__, w.kubernetes.Manifest.__name__)"
    environ = {**os.environ, "PYTHONPATH": str(sdks / "python")}
    done = subprocess.run([sys.executable, "-c", shown], env=environ, capture_output=True, text=True, check=False)
    assert done.stdout == "Workload ContainerArgs Manifest\n", done.stderr
