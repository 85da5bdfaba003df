"""What `wlinfra render` writes is valid to the API server, to the last field."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.cluster_stage import ClusterStage, reserved_namespace

from wlinfra.stack.program import load_stack

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

ROOT = Path(__file__).parents[4]
FOLDERS = sorted(path for path in (ROOT / "examples").iterdir() if path.is_dir())
WITHOUT = {
    "custom_provider": "a provider for files, without a stack",
    "pulumi": "a program for another engine",
    "pulumi-yaml": "a program for another engine",
}
ENTRIES = {
    "ingress": {"class_name": "nginx", "tls_secret": "tls", "annotations": {"example.com/size": "8m"}},
    "httproute": {"name": "edge", "namespace": "gateways", "section": "https"},
}
PROGRAM = """
import wlinfra as wl

stack = wl.Stack("entered")


@stack.resources
def resources(env):
    server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
    yield server
    yield wl.Workload("plain", artifact=server, bundles=["cpu.small"], replicas=2)
    yield wl.Workload("counted", artifact=server, bundles=["cpu.small"], autoscaling=[wl.concurrency(target=5, min=1, max=3)])

"""
SEALED = """
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack("sealed")


@stack.resources
def resources(env):
    for name, immutable in (("open", False), ("sealed", True)):
        head = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "immutable": immutable}
        yield Manifest(name, {**head, "stringData": {"token": "declared"}})

"""
BUNDLES = {"cpu.small": {"cpu": 0.5, "memory": "512MB"}}


def environments(program: Path) -> list[str]:
    """Return the environments of a program that are on a cluster."""
    found = load_stack(program, environ={}).environments
    return [name for name, one in found.items() if any(entry.type == "kubernetes" for entry in one.providers.values())]


EXAMPLES = [
    (program, name)
    for folder in FOLDERS
    for program in sorted(folder.glob("*.py"))
    if folder.name not in WITHOUT
    for name in environments(program)
]


def namespaces_in(files: list[Path]) -> set[str]:
    return {name for file in files for name in re.findall(r"^  namespace: (\S+)$", file.read_text(), re.MULTILINE)}


def validate(cluster: ClusterHandle, folder: Path) -> list[Path]:
    """Ask the API server about each file, strictly, and return the files."""
    files = sorted(folder.glob("*.yaml"))
    for file in files:
        said = cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", str(file))
        assert "(server dry run)" in said, file.name
    return files


def kinds(files: list[Path]) -> set[str]:
    return {file.name.partition("-")[0] for file in files}


def test_every_example_is_on_a_cluster_or_says_why_not() -> None:
    assert {program.parent.name for program, _ in EXAMPLES} | set(WITHOUT) == {folder.name for folder in FOLDERS}


@pytest.mark.parametrize(("program", "name"), EXAMPLES, ids=[f"{path.parent.name}-{name}" for path, name in EXAMPLES])
def test_the_files_of_an_example_pass_strict_validation(
    keda_definitions: ClusterHandle, stage: ClusterStage, program: Path, name: str
) -> None:
    stage.project.run("render", str(program), "-e", name, "--out", "manifests")
    files = sorted((stage.folder / "manifests").glob("*.yaml"))
    (namespace,) = namespaces_in(files)
    with reserved_namespace(keda_definitions, namespace):
        keda_definitions.kubectl("create", "namespace", namespace)
        assert {"deployment", "service"} <= kinds(validate(keda_definitions, stage.folder / "manifests"))
    assert all("s3cret-token" not in file.read_text() for file in files)


def test_a_field_that_does_not_exist_would_not_pass(keda_definitions: ClusterHandle, stage: ClusterStage) -> None:
    stage.program(PROGRAM, bundles=BUNDLES)
    stage.run("render", "--out", "manifests")
    (route,) = (stage.folder / "manifests").glob("interceptorroute-*.yaml")
    route.write_text(route.read_text().replace("spec:\n", "spec:\n  unheard: of\n"))
    with pytest.raises(subprocess.CalledProcessError) as refused:
        validate(keda_definitions, stage.folder / "manifests")
    assert "unheard" in refused.value.stderr


@pytest.mark.parametrize("kind", ENTRIES)
def test_what_lets_requests_in_is_valid_and_applied_when_asked_for(
    keda_definitions: ClusterHandle, stage: ClusterStage, kind: str
) -> None:
    target = {"domain": "example.com", "entry": ENTRIES[kind]}
    stage.program(PROGRAM, bundles=BUNDLES, target=target)
    stage.run("render", "--out", "manifests")
    assert {kind, "poddisruptionbudget"} <= kinds(validate(keda_definitions, stage.folder / "manifests"))
    stage.apply("--no-wait")
    assert stage.names(kind) == {"plain", "counted"}
    assert stage.names("poddisruptionbudget") == {"plain"}
    hosts = json.dumps(stage.get(kind, "plain")["spec"])
    assert "plain.example.com" in hosts


def test_secrets_made_as_the_readme_says_keep_their_values(stage: ClusterStage) -> None:
    stage.program(SEALED)
    stage.run("render", "--out", "manifests")
    lines = (stage.folder / "manifests" / "README.md").read_text().splitlines()
    commands = [shlex.split(line.replace("...", "filled")) for line in lines if line.startswith("    kubectl ")]
    assert len(commands) == 2
    for command in commands:
        stage.cluster.kubectl(*command[1:])
    for _ in range(2):
        stage.cluster.kubectl("apply", "-f", str(stage.folder / "manifests"))
    for name in ("open", "sealed"):
        live = stage.get("secret", name)
        assert (live["data"], live["immutable"]) == ({"token": "ZmlsbGVk"}, name == "sealed")


def test_nothing_lets_requests_in_unasked(keda_definitions: ClusterHandle, stage: ClusterStage) -> None:
    stage.program(PROGRAM, bundles=BUNDLES)
    stage.run("render", "--out", "manifests")
    files = validate(keda_definitions, stage.folder / "manifests")
    assert not kinds(files) & set(ENTRIES)


def test_the_environment_of_the_page_renders_the_example(keda_definitions: ClusterHandle, stage: ClusterStage) -> None:
    shown = (ROOT / "docs" / "kubernetes.md").read_text().partition("```python\n")[2].partition("```")[0]
    code = (ROOT / "examples" / "quickstart" / "infra.py").read_text().partition("stack.environment(")[0]
    stage.project.write(code + shown.replace('namespace="assistant"', f'namespace="{stage.namespace}"'))
    stage.run("render", "--out", "manifests")
    assert {"nimservice", "scaledobject"} <= kinds(validate(keda_definitions, stage.folder / "manifests"))
