"""A refusal is a replacement only where it is immutability: a matrix of both, on a real API server."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from engines.kubernetes.waiting import eventually
from support.cluster_stage import ClusterStage
from support.refusal_pairs import DATABASES, IMMUTABLE, Pair, deployment, refused, surroundings


def said(stage: ClusterStage, *arguments: str, code: int) -> Any:
    return stage.run("plan", "--format", "json", *arguments, code=code).json


def uids(stage: ClusterStage, pairs: Iterable[Pair]) -> dict[str, str]:
    return {pair.name: stage.get(pair.before["kind"], pair.name)["metadata"]["uid"] for pair in pairs}


def test_every_field_that_never_changes_is_replaced(stage: ClusterStage) -> None:
    stage.manifests(*(pair.before for pair in IMMUTABLE))
    stage.apply("--no-wait")
    before = uids(stage, IMMUTABLE)
    stage.manifests(*(pair.after for pair in IMMUTABLE))
    changes = stage.project.changes("-e", "cluster")
    for pair in IMMUTABLE:
        change = changes[f"manifest.{pair.name}"]
        assert (change["action"], change["blast_radius"]) == ("replace", "downtime"), pair.name
        assert pair.said in json.dumps(change["attributes"]), pair.name
    stage.apply("--no-wait")
    after = uids(stage, IMMUTABLE)
    assert [name for name in before if before[name] == after[name]] == []
    assert stage.actions() == {}
    print(f"{len(IMMUTABLE)} of {len(IMMUTABLE)} refusals that are immutability: replaced, then an empty plan")


@pytest.fixture
def refusing(stage: ClusterStage) -> tuple[ClusterStage, tuple[Pair, ...]]:
    """A stage with the first form of every pair, and with all that makes the API server refuse the second."""
    cluster = stage.cluster
    cluster.kubectl("apply", "--server-side", "-f", "-", input=json.dumps(DATABASES))
    cluster.kubectl("wait", "--for=condition=established", "crd/databases.demo.example.com", "--timeout=90s")
    stage.kubectl("create", "service", "nodeport", "holder", "--tcp=80")
    pairs = refused(stage.get("service", "holder")["spec"]["ports"][0]["nodePort"])
    stage.manifests(*(pair.before for pair in pairs))
    stage.apply("--no-wait")
    for body in surroundings(stage.namespace):
        cluster.kubectl("-n", stage.namespace, "apply", "-f", "-", input=json.dumps(body))
    surge = '{"spec": {"strategy": {"rollingUpdate": {"maxSurge": 2}}}}'
    stage.kubectl("patch", "deployment", "owned", "--type=merge", "-p", surge, "--field-manager=other")
    stage.kubectl(
        "patch", "deployment", "edited", "--type=merge", "-p", '{"spec": {"replicas": 1}}', "--field-manager=editor"
    )
    return stage, pairs


def test_no_other_refusal_is_a_replacement(refusing: tuple[ClusterStage, tuple[Pair, ...]]) -> None:
    stage, pairs = refusing
    before = uids(stage, pairs)
    stage.manifests(*(pair.after for pair in pairs))

    def planned() -> dict[str, str]:
        document = said(stage, code=1)
        assert [change for change in document["changes"] if change["action"] in ("replace", "delete")] == []
        return {item["address"]: f"{item['detail']} {item['fix']}" for item in document["errors"]}

    eventually(lambda: len(planned()) >= len(pairs) - 1)  # policies count a moment after they are made
    errors = planned()
    assert errors.keys() == {f"manifest.{pair.name}" for pair in pairs}
    for pair in pairs:
        told = errors[f"manifest.{pair.name}"]
        assert pair.said in told, f"{pair.name}: {told}"
        assert "is managed by" in told or f"--replace manifest.{pair.name}" in told, told
    stage.apply("--no-wait", code=1)
    assert uids(stage, pairs) == before
    ways = Counter("would not help" in errors[f"manifest.{pair.name}"] for pair in pairs)
    print(
        f"{len(pairs)} of {len(pairs)} other refusals: no replacement; {ways[False]} name --replace, {ways[True]} say that it would not help"
    )


def test_the_way_around_that_is_named_works_as_typed(refusing: tuple[ClusterStage, tuple[Pair, ...]]) -> None:
    stage, pairs = refusing
    pair = next(pair for pair in pairs if pair.name == "database")
    before = uids(stage, [pair])
    stage.manifests(*(item.after if item is pair else item.before for item in pairs if item.name != "edited"))
    (error,) = said(stage, code=1)["errors"]
    command = next(line.strip() for line in error["fix"].splitlines() if line.startswith("    wlinfra"))
    program, *words = command.split()
    assert program == "wlinfra"
    plan = stage.project.run("plan", "--format", "json", *words[1:]).json
    (change,) = (change for change in plan["changes"] if change["action"] == "replace")
    assert (change["blast_radius"], change["reversible"]) == ("data loss unknown", False)
    stage.project.run(*words, "--auto-approve", "--no-wait")
    assert uids(stage, [pair]) != before


@pytest.mark.parametrize("options", [{}, {"read_only": True}], ids=["asked", "predicted"])
def test_what_this_stack_did_not_make_is_not_replaced_unasked(stage: ClusterStage, options: dict[str, Any]) -> None:
    stage.kubectl("create", "deployment", "web", "--image=nginx:1", "--replicas=0")
    first = stage.get("deployment", "web")["metadata"]["uid"]
    stage.manifests(deployment("web", app="other"), **options)
    document = said(stage, code=1)
    assert [change["action"] for change in document["changes"] if change["address"] == "manifest.web"] == []
    (error,) = document["errors"]
    assert "this stack did not make it" in f"{error['detail']} {error['fix']}"
    assert "--replace manifest.web" in error["fix"]
    stage.manifests(deployment("web", app="other"))
    stage.apply("--replace", "manifest.web", "--no-wait")
    assert stage.get("deployment", "web")["metadata"]["uid"] != first
    assert stage.actions() == {}
