"""The option ``conflicts`` before any cluster is asked: what is refused, and what is warned of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.project import Project

from wlinfra_kubernetes.documents.policies import matches

PROGRAM = """\
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    labels = {"app": "web"}
    containers = [{"name": "main", "image": "nginx:1", "ports": [{"containerPort": 80}]}]
    pod = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod}
    meta = {"name": "web", "labels": {"app.kubernetes.io/name": "web"}}
    yield Manifest("web", {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec})


stack.environment("cluster", provider="kubernetes", conflicts=CONFLICTS)
"""
IMAGE = "spec.template.spec.containers[name=main].image"


def validated(folder: Path, conflicts: dict[str, str], *, code: int = 0) -> str:
    project = Project(folder=folder)
    project.write(PROGRAM.replace("CONFLICTS", repr(conflicts)))
    done = project.run("validate", "-e", "cluster", code=code)
    return re.sub(r"[\s│]+", " ", done.out + done.err)


@pytest.mark.parametrize(
    "pattern",
    [
        "spec.replicas",
        ".spec.replicas",
        IMAGE,
        'spec.template.spec.containers[name="main"].image',
        "spec.template.spec.containers[name=*].image",
        "spec.template.spec.containers[name=main].ports[containerPort=80,protocol=TCP]",
        "metadata.labels.app.kubernetes.io/name",
        'metadata.labels["app.kubernetes.io/name"]',
        "metadata",
        "*",
    ],
)
def test_a_pattern_of_a_declared_field_is_taken_without_a_word(tmp_path: Path, pattern: str) -> None:
    assert "matches nothing" not in validated(tmp_path, {pattern: "force"})


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("spec.replica", "Did you mean 'spec.replicas'?"),
        ("spec.template.spec.containers[name=mian].image", f"Did you mean '{IMAGE}'?"),
        ("data.colour", "Name a field that is declared"),
        ("data.*", "Name a field that is declared"),
    ],
)
def test_a_pattern_that_matches_no_declared_field_is_refused_with_a_hint(
    tmp_path: Path, pattern: str, hint: str
) -> None:
    text = validated(tmp_path, {pattern: "force", "spec.replicas": "yield"}, code=1)
    assert f"conflicts has an entry for {pattern!r}" in text
    assert hint in text
    assert text.count("matches nothing") == 1


@pytest.mark.parametrize("pattern", ["", "spec..replicas", "spec.containers[name", "spec.containers[]", "[name=x"])
def test_what_is_no_path_is_refused_with_an_example(tmp_path: Path, pattern: str) -> None:
    text = validated(tmp_path, {pattern: "force"}, code=1)
    assert f"{pattern!r} is no path" in text
    assert IMAGE in text


def test_a_policy_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    text = validated(tmp_path, {"spec.replicas": "ignore"}, code=1)
    assert "conflicts.spec.replicas: It must be one of 'error', 'force' or 'yield'" in text


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("metadata.labels", "metadata.labels.team", True),
        ("metadata.label", "metadata.labels.team", False),
        ("spec.template.spec.containers[name=*]", IMAGE, True),
        ("spec.template.spec.containers[name=m?in].*", IMAGE, False),
        ("spec.template.spec.containers[amin]*", IMAGE, False),
    ],
)
def test_a_pattern_covers_its_path_and_what_stands_below(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected
