"""Whatever is live and whatever is wanted: the plan and ``kubectl diff --server-side`` see the same differences."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from support.generated_objects import Case, generated_case

from wlinfra.errors import ProviderError
from wlinfra.provider import Action, Change
from wlinfra.testing import Driver

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

Connect = Callable[..., Driver]
MANAGER = "wlinfra-shop-test"
BOOKKEEPING = re.compile(r"^[-+]\s+(generation: \d+|wlinfra\.dev/applied-hash: .*)$")
AWAITED = "v1/PersistentVolumeClaim"
"""A volume can be asked to grow only once it is bound; nothing else is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What one plan says of many objects, by name."""

    changes: Mapping[str, Change]
    conflicts: Mapping[str, str]

    def differing(self) -> set[str]:
        """Return the objects whose values would change; ownership alone is no value."""
        return {name for name, change in self.changes.items() if change.steps and change.label != "take ownership"}

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
        driver.execute(change if change.kind == AWAITED else replace(change, goal=None))


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


def diffed(cluster: ClusterHandle, namespace: str, changes: Iterable[Change]) -> set[str]:
    """Return the names of the objects in which ``kubectl diff`` sees a difference, generation and our hash aside."""
    done = run_diff(cluster, [change.values for change in changes])
    assert done.returncode in (0, 1), done.stderr
    found: set[str] = set()
    name = ""
    for line in done.stdout.splitlines():
        if line.startswith("diff "):
            name = line.rpartition(f".{namespace}.")[2]
        elif re.match(r"[-+](?![-+]{2} )", line) and not BOOKKEEPING.match(line):
            found.add(name)
    return found


def run_diff(cluster: ClusterHandle, bodies: Iterable[Mapping[str, Any]]) -> subprocess.CompletedProcess[str]:
    """Run ``kubectl diff`` as our own field manager."""
    command = [str(cluster.kubectl_program), "--kubeconfig", str(cluster.kubeconfig)]
    command += ["diff", "--server-side", f"--field-manager={MANAGER}", "-f", "-"]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [dict(body) for body in bodies]})
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def executed(cluster: ClusterHandle, namespace: str, after: int) -> list[tuple[str, str]]:
    """Return what our field manager changed for good since so many requests, as method and object."""
    ours = [
        request
        for request in cluster.requests("admin")[after:]
        if request.namespace == namespace
        and f"fieldManager={MANAGER}&" in f"{urlsplit(request.uri).query}&"
        and "dryRun" not in request.uri
    ]
    return [(request.verb.upper(), f"{namespace}/{request.name}") for request in ours]


def shown(change: Change) -> str:
    """Return what a change would do, for the message of a failed assertion."""
    differences = [f"{item.path}: {item.live!r} -> {item.planned!r}" for item in change.attributes]
    return f"{change.name} {change.action.value} {change.label}: {', '.join(differences)}"


def check(driver: Driver, cluster: ClusterHandle, namespace: str, cases: Sequence[Case]) -> Planned:
    """Assert that plan and diff agree about every object, and that an apply does what was planned and settles it."""
    execute(driver, driver.plan(*(case.manifest(case.before) for case in cases)))
    edited(cluster, namespace, cases)
    found = planned(driver, cases)
    assert diffed(cluster, namespace, found.changes.values()) == found.differing()
    for case in cases:
        if case.name in found.conflicts:
            refused = run_diff(cluster, [driver.objects(case.manifest(case.after)).popitem()[1].values])
            assert refused.returncode > 1, refused.stdout
            assert "conflict" in refused.stderr
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
    drive: Connect, fakes: ClusterHandle, namespace: str, seed: int, count: int
) -> None:
    random = Random(seed)
    cases = [generated_case(random, number) for number in range(count)]
    found = check(drive(), fakes, namespace, cases)
    actions = {change.action for change in found.changes.values()}
    assert actions >= {Action.NO_OP, Action.UPDATE, Action.ROLL}
    assert found.conflicts
    assert 0 < len(found.differing()) < len(found.changes)
