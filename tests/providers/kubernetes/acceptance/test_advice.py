"""Whatever command is printed about a stack on a cluster works as typed, and names what is declared or recorded."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

import pytest
from support.advice import UNTYPED, advised_commands
from support.cluster_stage import ClusterStage
from support.project import Completed

from wlinfra.cli.arguments import parse_arguments


def config(name: str, value: str = "1") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": value}}


def claim(mode: str) -> dict[str, Any]:
    spec = {"accessModes": [mode], "storageClassName": "", "resources": {"requests": {"storage": "1Gi"}}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "models"}, "spec": spec}


def service(**more: Any) -> dict[str, Any]:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}], **more}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}


def first_plan(stage: ClusterStage) -> Completed:
    stage.manifests(config("one"))
    return stage.run("plan")


def unconfirmed_destroy(stage: ClusterStage) -> Completed:
    stage.manifests(config("one"))
    stage.apply()
    return stage.run("destroy", code=1)


def lost_state(stage: ClusterStage) -> Completed:
    stage.manifests(config("one"))
    stage.apply()
    (stage.folder / ".wlinfra").rename(stage.folder / "elsewhere")
    return stage.apply(code=1)


def drifted(stage: ClusterStage) -> Completed:
    stage.manifests(config("one"))
    stage.apply()
    stage.kubectl("patch", "configmap", "one", "-p", '{"data": {"a": "2"}}')
    return stage.run("drift")


def stale_plan(stage: ClusterStage) -> Completed:
    stage.manifests(config("one"))
    stage.apply()
    stage.manifests(config("one", "2"))
    stage.run("plan", "--out", "a plan.json")
    stage.kubectl("delete", "configmap", "one")
    return stage.project.run("apply", "a plan.json", code=10)


def claim_that_cannot_change(stage: ClusterStage) -> Completed:
    stage.manifests(claim("ReadWriteOnce"))
    stage.apply("--no-wait")
    stage.manifests(claim("ReadWriteMany"))
    ended = stage.run("plan", code=1)
    assert "--replace manifest.models" in ended.out
    return ended


def replacement(stage: ClusterStage) -> Completed:
    stage.manifests(service())
    stage.apply()
    stage.manifests(service(clusterIP="None"))
    return stage.run("plan")


def inventory_of_another_state(stage: ClusterStage) -> Completed:
    stage.manifests(config("one"))
    stage.apply()
    second = ClusterStage(cluster=stage.cluster, namespace=stage.namespace, folder=stage.folder.parent / "two")
    second.manifests(config("two"))
    second.apply("--adopt")
    return stage.run("plan", code=1)


def broken_program(stage: ClusterStage) -> Completed:
    stage.manifests(config("one"))
    stage.apply()
    path = stage.folder / "infra.py"
    path.write_text(f'{path.read_text()}stack.environment("other", provider="kubernetes")\n)')
    return stage.project.run("destroy", code=1)


HAPPENINGS = [
    first_plan,
    unconfirmed_destroy,
    lost_state,
    drifted,
    stale_plan,
    claim_that_cannot_change,
    replacement,
    inventory_of_another_state,
    broken_program,
]


@pytest.mark.parametrize("happening", HAPPENINGS)
def test_every_command_that_is_printed_works_as_typed(
    stage: ClusterStage, happening: Callable[[ClusterStage], Completed]
) -> None:
    ended = happening(stage)
    known = stage.project.run("state", "list", "--stack", "shop", code=None).out
    known += (stage.folder / "infra.py").read_text()
    commands = advised_commands(ended.out + ended.err)
    assert commands, ended
    for words in commands:
        for address in _addresses(words):
            assert address in known or address.rpartition(".")[2] in known, words
        done = stage.project.run(*words, code=None)
        said = done.out + done.err
        assert not [summary for summary in UNTYPED if summary in said], (shlex.join(words), said)
        assert "No such address" not in said, (shlex.join(words), said)
    print(happening.__name__, [shlex.join(words) for words in commands])


def _addresses(words: list[str]) -> list[str]:
    parsed = parse_arguments(words)
    named = [getattr(parsed, name, None) for name in ("address", "source")]
    return [*filter(None, named), *getattr(parsed, "replace", []), *getattr(parsed, "target", [])]
