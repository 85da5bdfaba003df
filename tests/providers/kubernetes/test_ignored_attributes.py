"""What an artifact or a workload ignores hides its own attributes on a cluster, and no other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import wlinfra as wl
from wlinfra.changes.change import Change
from wlinfra.changes.default import default_decision
from wlinfra.plan.expand import expand
from wlinfra.plan.inputs import Inputs
from wlinfra.provider import (
    Action,
    ActionReason,
    Decision,
    Live,
    Others,
    PlanRequest,
    PlatformObject,
    ProviderContext,
)
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.state.key import Digest
from wlinfra.state.model import ObjectState, State
from wlinfra_kubernetes import PROVIDER
from wlinfra_kubernetes.planning.recorded import unchanged

Given = Mapping[str, Any]
PLAIN: Given = {"containers": [{"name": "main", "image": "x:1", "port": 8080}]}
NIM: Given = {"type": "nim", "containers": [{"name": "main", "image": "nvcr.io/nim/x:1", "port": 8000}]}


def objects(folder: Path, artifact: Given, workload: Given, **options: Any) -> dict[str, PlatformObject]:
    """Return the objects of a workload and its artifact by their kinds."""
    stack = wl.Stack("shop")

    @stack.resources
    def resources(_: wl.Environment[Any]) -> Any:
        server = wl.Artifact("server", **artifact)
        return [server, wl.Workload("chat", artifact=server, **{"replicas": 1, "memory": "1GB", **workload})]

    stack.environment("test", provider="kubernetes", namespace="n", **options)
    context = ProviderContext(
        name="default", options=options, environ={}, data_dir=folder, stack="shop", environment="test"
    )
    inputs = Inputs(
        declared=wl.declare(stack, "test"),
        state=State(stack="shop", environment="test"),
        connections={"default": PROVIDER.connect(context)},
    )
    return {item.kind.rpartition("/")[2]: item for item in expand(inputs).objects.values()}


def recorded(item: PlatformObject, wanted: PlatformObject, **more: Any) -> PlanRequest:
    """Return the question about an object that is recorded, and live, as another declaration had it."""
    values = dict(item.values)
    record = ObjectState(
        address=item.address, provider="default", kind=item.kind, id="u1", name=item.name, values=values, outputs={}
    )
    return PlanRequest(
        desired=wanted,
        prior=record,
        reading=Live(id="u1", values=values, outputs={}, from_record=True),
        digest=Digest(b"k" * 32),
        others=Others(),
        **{"dependencies": {}, "known": {}, **more},
    )


def planned(folder: Path, before: Given, after: Given, artifact: Given) -> Decision:
    old, new = (objects(folder, {**PLAIN, **artifact}, side)["Deployment"] for side in (before, after))
    return default_decision(recorded(old, new))


@pytest.mark.parametrize(
    ("artifact", "workload"),
    [
        (["containers[main]"], []),
        (["containers"], []),
        ([], ["containers[main]"]),
        ([], ["artifact"]),
        ([], ["artifact.containers"]),
    ],
)
def test_an_ignored_container_hides_no_change_of_the_cpus_that_the_workload_gives_it(
    tmp_path: Path, artifact: list[str], workload: list[str]
) -> None:
    before, after = ({"cpu": cpu, "ignore_changes": workload} for cpu in (1, 4))
    change = planned(tmp_path, before, after, {"ignore_changes": artifact})
    assert {".".join(map(str, item.path[-3:])) for item in change.attributes} >= {"resources.requests.cpu"}


def test_an_ignored_container_hides_a_change_of_its_image(tmp_path: Path) -> None:
    def deployment(image: str) -> PlatformObject:
        containers = [{"name": "main", "image": image, "port": 8080}]
        given = {"containers": containers, "ignore_changes": ["containers[main]"]}
        return objects(tmp_path, given, {"cpu": 1})["Deployment"]

    change = default_decision(recorded(deployment("x:1"), deployment("x:2")))
    assert [item.path for item in change.attributes] == [("metadata", "annotations", "wlinfra.dev/artifact-version")]


def test_ignored_gpus_are_ignored_when_they_are_no_longer_declared(tmp_path: Path) -> None:
    before, after = ({"cpu": 1, "ignore_changes": ["gpu"], **gpu} for gpu in ({"gpu": 2}, {}))
    assert not any("nvidia.com/gpu" in item.path for item in planned(tmp_path, before, after, {}).attributes)


@pytest.mark.parametrize("path", ["template_id", "type", "storage.pvc_size", "containers[main].build", "description"])
def test_an_artifact_may_ignore_what_a_cluster_has_no_field_for(tmp_path: Path, path: str) -> None:
    assert "Deployment" in objects(tmp_path, {**PLAIN, "ignore_changes": [path]}, {"cpu": 1})


def test_what_workloads_share_has_no_paths_of_one_artifact(tmp_path: Path) -> None:
    given = {**NIM, "storage": {"mode": "nim_cache"}, "ignore_changes": ["containers[main].image"]}
    assert "NIMCache" in objects(tmp_path, given, {"gpu": 1}, target={"ngc_secret": "ngc"})


def test_replacing_an_artifact_replaces_nothing_that_runs_it(tmp_path: Path) -> None:
    found = objects(tmp_path, {**PLAIN, "replace_on": ["containers[main].image"]}, {"cpu": 1})
    assert found["Deployment"].lifecycle.replace_on == ()


def test_what_mounts_a_replaced_volume_is_not_as_recorded(tmp_path: Path) -> None:
    given = {**NIM, "storage": {"pvc_size": "10Gi"}}
    found = objects(tmp_path, given, {"gpu": 1, "cpu": 1}, target={"nim": "plain"})
    deployment, claim = found["Deployment"], found["PersistentVolumeClaim"]
    decision = Decision(
        action=Action.REPLACE,
        reason=ActionReason.REQUESTED,
        id="p1",
        replace_order=ReplaceOrder.DELETE_THEN_CREATE,
    )
    replaced = {claim.address: Change(subject=claim, decision=decision)}
    platform: Any = None  # the record answers, or nobody does here
    assert unchanged(platform, recorded(deployment, deployment)) is not None
    assert unchanged(platform, recorded(deployment, deployment, dependencies=replaced)) is None


def test_a_path_that_an_artifact_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(wl.DeclarationError, match="No such attribute path"):
        objects(tmp_path, {**PLAIN, "ignore_changes": ["containers[main].imagee"]}, {"cpu": 1})
