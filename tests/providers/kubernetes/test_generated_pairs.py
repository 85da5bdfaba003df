"""Whatever is live and wanted: the plan and ``kubectl diff --server-side`` see the same paths differ."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from deepdiff import DeepDiff
from support.changes import altered
from support.cluster_stage import ClusterStage
from support.generated_objects import SPELLINGS, Case, generated_case

from wlinfra.errors import ProviderError
from wlinfra.provider import Action, Change
from wlinfra.testing import Driver
from wlinfra.values import map_leaves
from wlinfra_kubernetes.provider import KubernetesConnection

if TYPE_CHECKING:
    from pathlib import Path

    from engines.kubernetes.handle import ClusterHandle
    from support.project import Project

Connect = Callable[..., Driver]
Body = Mapping[str, Any]
MANAGER = "wlinfra-shop-test"
BOOKKEEPING = {"metadata.generation", "metadata.resourceVersion", "metadata.annotations.wlinfra.dev/applied-hash"}
AWAITED = "v1/PersistentVolumeClaim"
"""A volume can be asked to grow only once it is bound; nothing else is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Where plans and diffs are made, and a folder for the answers of kubectl."""

    driver: Driver
    cluster: ClusterHandle
    namespace: str
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What one plan says of many objects, by name."""

    changes: Mapping[str, Change]
    conflicts: Mapping[str, str]

    def differing(self) -> dict[str, set[str]]:
        """Return the paths that would change by object, of what is not made anew; ownership alone is no value."""
        return {
            name: {
                ".".join(map(str, item.path)) for item in change.attributes if change.decision.label != "take ownership"
            }
            for name, change in self.changes.items()
            if change.action is not Action.REPLACE
        }

    def replaced(self) -> set[str]:
        """Return the names of what is made anew."""
        return {name for name, change in self.changes.items() if change.action is Action.REPLACE}

    def steps(self) -> list[tuple[str, str]]:
        """Return the calls in order, as method and object."""
        return [(step.verb, str(step.lookup["name"])) for change in self.changes.values() for step in change.steps]


def planned(driver: Driver, cases: Iterable[Case]) -> Planned:
    """Plan all objects; a conflict is kept apart."""
    objects = driver.objects(*(case.manifest(case.after) for case in cases))
    changes, conflicts = {}, {}
    for item in objects.values():
        name = item.name.partition("/")[2]
        try:
            changes[name] = driver.plan_one(item, {})
        except ProviderError as error:
            if error.diagnostics[0].summary != "Fields are owned by others":
                raise
            conflicts[name] = str(error)
    return Planned(changes=changes, conflicts=conflicts)


def execute(driver: Driver, changes: Iterable[Change]) -> None:
    """Make the changes; wait only for volumes."""
    for change in changes:
        driver.execute(change if change.kind == AWAITED else altered(change, goal=None))


def edited(cluster: ClusterHandle, namespace: str, cases: Sequence[Case]) -> None:
    """Let other field managers do what the cases say, each kind of edit in one go."""

    def kubectl(edit: str, *arguments: str, bodies: bool = False) -> None:
        chosen = [case for case in cases if edit in case.edits]
        items = [case.foreign for case in chosen]
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}) if bodies else None
        names = [] if bodies else [f"{case.kind}/{case.name}" for case in chosen]
        if chosen:
            cluster.kubectl(arguments[0], *names, "-n", namespace, *arguments[1:], input=text)

    kubectl("label", "label", "team=green", "--overwrite")
    kubectl("annotate", "annotate", "note=three", "seen=yes", "--overwrite")
    kubectl("scale", "scale", "--replicas=1")
    server_side = ("--server-side", "--force-conflicts", "--field-manager=other", "-f", "-")
    kubectl("server-side", "apply", *server_side, bodies=True)
    kubectl("client-side", "apply", "-f", "-", bodies=True)
    patch = '{"metadata": {"labels": {"edited": "yes", "team": "grey"}}}'
    kubectl("edit", "patch", "--type=merge", "-p", patch, "--field-manager=kubectl-edit")


def wanted(driver: Driver, cases: Iterable[Case]) -> list[Body]:
    """Return the objects as they were generated, quantities as the server spells them, with the marks of whose they are."""
    connection = driver.connection
    assert isinstance(connection, KubernetesConnection)
    mark = connection.platform.identity.marked
    return [mark(spelled(case.after), str(case.manifest(case.after).address)) for case in cases]


def spelled(body: Body) -> dict[str, Any]:
    """Return the object with its quantities as the server spells them."""
    found: dict[str, Any] = map_leaves(dict(body), lambda leaf: SPELLINGS.get(leaf, leaf))
    return found


def diffed(cluster: ClusterHandle, namespace: str, bodies: Iterable[Body], folder: Path) -> dict[str, set[str]]:
    """Return the paths that ``kubectl diff`` shows changed by the names of the objects, those it leaves as they are too."""
    done = run_diff(cluster, namespace, bodies, folder)
    assert done.returncode == 0, done.stderr
    found: dict[str, set[str]] = {}
    for path in (folder / "merged").iterdir():
        before = folder / "live" / path.name
        live = yaml.safe_load(before.read_text()) if before.exists() else {}
        found[path.name.rpartition(f".{namespace}.")[2]] = paths(live, yaml.safe_load(path.read_text()))
    return found


def run_diff(
    cluster: ClusterHandle, namespace: str, bodies: Iterable[Body], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run ``kubectl diff`` as our own field manager; it puts what is live and what would be into the folder."""
    folder.mkdir()
    keep = folder / "keep"
    keep.write_text(f'#!/bin/sh\ncp -r "$1" {folder}/live\ncp -r "$2" {folder}/merged\n')
    keep.chmod(0o700)
    command = [str(cluster.kubectl_program), "--kubeconfig", str(cluster.kubeconfig), "-n", namespace]
    command += ["diff", "--server-side", f"--field-manager={MANAGER}", "-f", "-"]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(bodies)})
    environ = {**os.environ, "KUBECTL_EXTERNAL_DIFF": str(keep)}
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, env=environ)


def paths(live: Any, merged: Any) -> set[str]:
    """Return the paths at which two objects differ, as another differ than ours finds them; bookkeeping aside."""
    delta = DeepDiff(named(live), named(merged), view="tree", threshold_to_diff_deeper=0)
    found = {".".join(map(str, item.path(output_format="list"))) for items in delta.values() for item in items}
    return found - BOOKKEEPING


def named(value: Any) -> Any:
    """Return the tree with the elements of lists by what tells them apart."""
    if isinstance(value, dict):
        return {key: named(item) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    for key in ("name", "type"):
        if value and all(isinstance(item, dict) and key in item for item in value):
            return {item[key]: named(item) for item in value}
    return str(value)


def executed(cluster: ClusterHandle, namespace: str, after: int) -> list[tuple[str, str]]:
    """Return what was changed for good since so many requests, as method and object."""
    ours = [
        request
        for request in cluster.requests("admin")[after:]
        if request.namespace == namespace
        and request.verb not in ("get", "list", "watch")
        and "dryRun" not in request.uri
    ]
    return [(request.verb.upper(), f"{namespace}/{request.name}") for request in ours]


def shown(change: Change) -> str:
    """Return what a change would do, for the message of a failed assertion."""
    differences = [f"{item.path}: {item.live!r} -> {item.planned!r}" for item in change.attributes]
    return f"{change.name} {change.action.value} {change.decision.label}: {', '.join(differences)}"


def check(stage: Compared, cases: Sequence[Case]) -> Planned:
    """Assert that plan and diff agree about every object, and that an apply does what was planned and settles it."""
    driver, cluster, namespace = stage.driver, stage.cluster, stage.namespace
    execute(driver, driver.plan(*(case.manifest(case.before) for case in cases)))
    edited(cluster, namespace, cases)
    found = planned(driver, cases)
    compared = [case for case in cases if case.name in found.differing()]
    assert diffed(cluster, namespace, wanted(driver, compared), stage.folder / "all") == found.differing()
    for name, word in {
        **dict.fromkeys(found.conflicts, "conflict"),
        **dict.fromkeys(found.replaced(), "immutable"),
    }.items():
        body = wanted(driver, [case for case in cases if case.name == name])
        refused = run_diff(cluster, namespace, body, stage.folder / name)
        assert refused.returncode > 1, refused.stdout
        assert word in refused.stderr
    before = len(cluster.requests("admin"))
    execute(driver, found.changes.values())
    assert executed(cluster, namespace, before) == found.steps()
    again = planned(driver, cases)
    assert again.conflicts.keys() == found.conflicts.keys()
    assert [shown(change) for change in again.changes.values() if change.steps] == []
    return found


@pytest.mark.parametrize(
    ("seed", "count"), [(1, 60), *(pytest.param(seed, 100, marks=pytest.mark.nightly) for seed in range(2, 7))]
)
def test_the_plan_differs_exactly_where_kubectl_diff_does(
    drive: Connect, fakes: ClusterHandle, namespace: str, tmp_path: Path, seed: int, count: int
) -> None:
    random = Random(seed)
    cases = [generated_case(random, number) for number in range(count)]
    found = check(Compared(driver=drive(), cluster=fakes, namespace=namespace, folder=tmp_path), cases)
    actions = {change.action for change in found.changes.values()}
    assert actions >= {Action.NO_OP, Action.UPDATE, Action.ROLL}
    assert Action.REPLACE in actions or seed != 1  # only Jobs are replaced, and not every seed changes one's template
    assert found.conflicts
    differing = [name for name, paths in found.differing().items() if paths]
    assert 0 < len(differing) < len(found.changes)


def planned_calls(project: Project) -> dict[str, list[tuple[str, str]]]:
    """Return the calls that the command line's plan announces, as method and object, by address."""
    changes = project.changes("-e", "cluster")
    return {
        address: [(step["verb"], step["path"].rpartition("/")[2]) for step in change["steps"]]
        for address, change in changes.items()
    }


def test_an_apply_makes_the_calls_that_its_plan_announced_and_no_other(
    cluster: ClusterHandle, namespace: str, tmp_path: Path
) -> None:
    random = Random(7)
    cases = [generated_case(random, number) for number in range(18)]
    stage = ClusterStage(cluster=cluster, namespace=namespace, folder=tmp_path / "project")
    stage.manifests(*(case.before for case in cases))
    stage.apply("--no-wait")
    stage.manifests(*(case.after for case in cases[:-2]))
    calls = planned_calls(stage.project)
    before = len(cluster.requests("admin"))
    stage.apply("--no-wait")
    made = [(verb, name.rpartition("/")[2]) for verb, name in executed(cluster, namespace, before)]
    assert Counter(made) == Counter(chain.from_iterable(calls.values()))
    assert {verb for verb, _ in made} == {"PATCH", "DELETE"}
    assert not any(planned_calls(stage.project).values())
