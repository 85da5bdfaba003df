"""States and objects of a cluster that an earlier version wrote, with their uids and field managers: nothing is to be done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from engines.plugin import engines_or_skip
from support.project import Project

from compatibility.projects import expected_actions, missing, project_on, recorded, restored

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

PLANS = expected_actions("kubernetes")
SETTLED = [("kubernetes", "operator", 100), ("kubernetes", "plain", 110), ("objects", "cluster", 45)]


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterHandle]:
    """A cluster that has what was written; its controllers run, KEDA's operator does not."""
    from compatibility.stored import on_a_cluster

    with engines_or_skip(), on_a_cluster(tmp_path_factory.mktemp("earlier")) as cluster:
        yield cluster.handle


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return restored("kubernetes", tmp_path)


def project(kept: Path, program: str, cluster: ClusterHandle) -> Project:
    return project_on(kept / "states", kept.parent, program, KUBECONFIG=str(cluster.kubeconfig_of("stack-user")))


def calls(cluster: ClusterHandle) -> list[str]:
    """Return what the stacks' user has asked that changes something."""
    return [
        f"{asked.verb} {asked.uri}"
        for asked in cluster.requests("stack-user")
        if asked.verb in ("create", "update", "patch", "delete", "deletecollection") and "dryRun=" not in asked.uri
    ]


def uid_of(cluster: ClusterHandle) -> str:
    """Return what tells clusters apart: the uid of a namespace that each of them has."""
    return cluster.kubectl("get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}")


def pods(cluster: ClusterHandle, namespace: str) -> set[str]:
    return set(cluster.kubectl("-n", namespace, "get", "pods", "-o", "jsonpath={.items[*].metadata.uid}").split())


@pytest.mark.parametrize(("program", "environment", "objects"), SETTLED)
def test_nothing_is_to_be_done_and_an_apply_calls_nothing(
    earlier: ClusterHandle, kept: Path, program: str, environment: str, objects: int
) -> None:
    made = project(kept, program, earlier)
    options = ["-e", environment]
    asked, running = len(calls(earlier)), pods(earlier, "objects" if program == "objects" else environment)
    before = recorded(made, *options)
    assert len(before) >= objects
    assert made.actions(*options) == {}
    assert made.actions(*options, "--refresh=false") == {}
    made.apply(*options)
    assert calls(earlier)[asked:] == []
    assert missing(before, recorded(made, *options)) == []
    assert made.run("state", "pull", *options).json["places"]["default"]["cluster"] == uid_of(earlier)
    assert running <= pods(earlier, "objects" if program == "objects" else environment)


def test_what_lost_its_state_is_found_as_ours(earlier: ClusterHandle, tmp_path: Path) -> None:
    found = project(tmp_path / "nothing", "objects", earlier).actions()
    assert {address for address, action in found.items() if action != "import"} == {"artifact.server"}


@pytest.mark.parametrize("environment", PLANS)
def test_a_plan_after_an_interruption_is_the_one_of_the_version_that_was_interrupted(
    earlier: ClusterHandle, kept: Path, environment: str
) -> None:
    assert project(kept, "interrupted_objects", earlier).actions("-e", environment) == PLANS[environment]


@pytest.mark.parametrize(
    "environment",
    # What does not show is waited for as long as a request may take, here more than a minute.
    [
        pytest.param(name, marks=pytest.mark.nightly) if name in ("create-unsent", "replace-half", "deposed") else name
        for name in PLANS
        if name != "unready"  # which would be waited for in vain
    ],
)
def test_an_apply_after_an_interruption_ends_what_was_begun(
    earlier: ClusterHandle, kept: Path, environment: str
) -> None:
    made = project(kept, "interrupted_objects", earlier)
    for lock in kept.rglob("lock.json"):
        lock.unlink()  # else the apply waits until the lease of the other machine is over
    made.apply("-e", environment)
    assert made.actions("-e", environment) == {}
