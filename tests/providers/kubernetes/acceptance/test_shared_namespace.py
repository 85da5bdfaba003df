"""Law: of two projects with the same names in one namespace, none deletes what the other records, in any order of runs."""

from __future__ import annotations

import random
from collections import Counter
from typing import Final

import pytest
from support.cluster_stage import ClusterStage

from wlinfra.state.store import LocalStateStore

RUNS: Final = ("apply", "apply", "destroy")
PARTS: Final = (("one", "shared"), ("two", "shared"))
STEPS: Final = 8


def config(stage: ClusterStage, *names: str) -> None:
    stage.manifests(
        *({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "1"}} for name in names)
    )


def recorded(stage: ClusterStage) -> set[str]:
    """Return the uids that a project records."""
    state = LocalStateStore(stage.folder / ".wlinfra", stage.stack, "cluster").load()
    return {str(item.id) for item in state.objects.values() if item.id is not None}


def uids(stage: ClusterStage) -> set[str]:
    return set(stage.kubectl("get", "configmap", "-o", "jsonpath={.items[*].metadata.uid}").split())


@pytest.mark.parametrize("seed", [1, 2, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(3, 11))])
def test_neither_project_deletes_what_the_other_records(
    stage: ClusterStage, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    second = ClusterStage(cluster=stage.cluster, namespace=stage.namespace, folder=stage.folder.parent / "two")
    projects, chance, counts = (stage, second), random.Random(seed), Counter[str]()
    for _ in range(STEPS):
        number = chance.randrange(2)
        own, other = projects[number], projects[1 - number]
        config(own, *chance.sample(PARTS[number], chance.randint(1, 2)))
        others, existing = recorded(other), uids(stage)
        ended = own.run(chance.choice(RUNS), "--auto-approve", code=None)
        counts["runs"] += 1
        counts["refused"] += ended.code != 0
        assert others & existing <= uids(stage), (ended.out, ended.err)
        assert recorded(own).isdisjoint(others), (ended.out, ended.err)
        counts["kept"] += len(others & existing)
    with capsys.disabled():
        told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
        print(f"\nshared namespace: history {seed}: {told}")
