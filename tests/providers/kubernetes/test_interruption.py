"""What a change does to what runs is told as it is: by the number of pods and the strategy after the change."""

from __future__ import annotations

from typing import Any

import pytest

from wlinfra.changes.model import Action, BlastRadius, Decision, PlatformObject, Step
from wlinfra.diff.model import AttributeChange
from wlinfra.diff.schema import OPAQUE, Effect
from wlinfra.values import Address
from wlinfra_kubernetes.planning.interruption import with_idling, with_interruption

STEP = Step(operation="apply", verb="PATCH", path="/x", summary="apply it")
IMAGE = AttributeChange(path=("spec", "template", "spec"), live="a", planned="b", effect=Effect.ROLLS)
ROLLING = {"type": "RollingUpdate"}
SCARCE = {**ROLLING, "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}


def wanted(kind: str) -> PlatformObject:
    return PlatformObject(address=Address("manifest.web"), kind=kind, name="default/web", values={}, schema=OPAQUE)


def judged(spec: dict[str, Any], *attributes: AttributeChange, kind: str = "Deployment", **status: Any) -> Decision:
    action = Action.ROLL if IMAGE in attributes else Action.UPDATE
    decision = Decision(
        action=action,
        blast_radius=BlastRadius.ROLLING if action is Action.ROLL else BlastRadius.NONE,
        attributes=attributes,
        steps=(STEP,),
    )
    document = {"apiVersion": "apps/v1", "kind": kind, "spec": spec, "status": status}
    return with_interruption(wanted(f"apps/v1/{kind}"), decision, document)


def replicas(before: int | None, after: int) -> AttributeChange:
    return AttributeChange(path=("spec", "replicas"), live=before, planned=after)


@pytest.mark.parametrize(
    ("kind", "before", "after", "radius"),
    [
        ("Deployment", 2, 0, BlastRadius.DOWNTIME),
        ("StatefulSet", 2, 0, BlastRadius.DOWNTIME),
        ("Deployment", 3, 1, BlastRadius.NONE),
        ("Deployment", 0, 0, BlastRadius.NONE),
        ("Deployment", 0, 2, BlastRadius.NONE),
    ],
)
def test_only_the_end_of_all_pods_is_downtime(kind: str, before: int, after: int, radius: BlastRadius) -> None:
    change = judged({"replicas": before}, replicas(before, after), kind=kind)
    assert (change.blast_radius, change.reversible) == (radius, True)


@pytest.mark.parametrize(
    ("strategy", "pods", "radius"),
    [
        ({}, 1, BlastRadius.ROLLING),
        ({"type": "Recreate"}, 5, BlastRadius.DOWNTIME),
        (SCARCE, 1, BlastRadius.DOWNTIME),
        (SCARCE, 2, BlastRadius.ROLLING),
        ({"rollingUpdate": {"maxSurge": "1%", "maxUnavailable": "99%"}}, 1, BlastRadius.ROLLING),
        ({"rollingUpdate": {"maxSurge": "0%", "maxUnavailable": "99%"}}, 1, BlastRadius.DOWNTIME),
        ({"rollingUpdate": {"maxSurge": 1, "maxUnavailable": "100%"}}, 2, BlastRadius.DOWNTIME),
        ({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "50%"}}, 3, BlastRadius.ROLLING),
        (SCARCE, 0, BlastRadius.ROLLING),
    ],
)
def test_a_roll_of_a_deployment_goes_by_its_strategy(strategy: Any, pods: int, radius: BlastRadius) -> None:
    assert judged({"replicas": pods, "strategy": strategy}, IMAGE).blast_radius is radius


def test_the_strategy_and_number_that_the_change_sets_count() -> None:
    spec = {"replicas": 1, "strategy": {"type": "Recreate"}}
    strategy = AttributeChange(path=("spec", "strategy"), live=spec["strategy"], planned=ROLLING)
    assert judged(spec, IMAGE, strategy).blast_radius is BlastRadius.ROLLING
    surge = AttributeChange(path=("spec", "strategy", "rollingUpdate", "maxSurge"), live=0, planned=1)
    unavailable = AttributeChange(path=("spec", "strategy", "rollingUpdate", "maxUnavailable"), live=1, planned=0)
    assert judged({"replicas": 1, "strategy": SCARCE}, IMAGE, surge, unavailable).blast_radius is BlastRadius.ROLLING
    assert judged({"replicas": 1, "strategy": SCARCE}, IMAGE, replicas(1, 2)).blast_radius is BlastRadius.ROLLING


@pytest.mark.parametrize(
    ("update", "pods", "radius"),
    [
        ({}, 1, BlastRadius.DOWNTIME),
        ({}, 2, BlastRadius.ROLLING),
        ({"rollingUpdate": {"maxUnavailable": "100%"}}, 2, BlastRadius.DOWNTIME),
        ({"rollingUpdate": {"partition": 1}}, 2, BlastRadius.ROLLING),
    ],
)
def test_a_stateful_set_replaces_its_pods_in_place(update: Any, pods: int, radius: BlastRadius) -> None:
    change = judged({"replicas": pods, "updateStrategy": update}, IMAGE, kind="StatefulSet")
    assert change.blast_radius is radius


@pytest.mark.parametrize(
    ("kind", "held"),
    [
        ("StatefulSet", {"updateStrategy": {"type": "OnDelete"}}),
        ("DaemonSet", {"updateStrategy": {"type": "OnDelete"}}),
        ("StatefulSet", {"updateStrategy": {"rollingUpdate": {"partition": 2}}}),
        ("Deployment", {"paused": True}),
    ],
)
def test_what_restarts_nothing_is_no_roll_and_says_why(kind: str, held: dict[str, Any]) -> None:
    change = judged({"replicas": 2, **held}, IMAGE, kind=kind)
    assert (change.action, change.blast_radius) == (Action.UPDATE, BlastRadius.NONE)
    assert [item.effect for item in change.attributes] == [Effect.IN_PLACE]
    assert change.notes[0].startswith("its pods stay as they are: ")


@pytest.mark.parametrize(("nodes", "radius"), [(1, BlastRadius.DOWNTIME), (3, BlastRadius.ROLLING)])
def test_a_daemon_set_has_its_pods_on_so_many_nodes(nodes: int, radius: BlastRadius) -> None:
    change = judged({"updateStrategy": ROLLING}, IMAGE, kind="DaemonSet", desiredNumberScheduled=nodes)
    assert change.blast_radius is radius


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"minReplicaCount": 0, "cooldownPeriod": 90, "initialCooldownPeriod": 90}, "90 seconds after it is made"),
        ({}, "after 300 seconds without load, even right after it is made"),
        ({"minReplicaCount": 1}, ""),
        ({"minReplicaCount": 0, "triggers": [{"type": "cpu"}]}, ""),
    ],
)
def test_a_scaled_object_tells_when_it_may_go_to_zero(spec: dict[str, Any], told: str) -> None:
    values = {"spec": {"triggers": [{"type": "prometheus"}], **spec}}
    decision = Decision(action=Action.CREATE, values=values, steps=(STEP,))
    notes = with_idling(wanted("keda.sh/v1alpha1/ScaledObject"), decision).notes
    assert [told in note for note in notes] == ([True] if told else [])
