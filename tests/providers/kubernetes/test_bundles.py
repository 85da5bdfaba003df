from __future__ import annotations

import itertools
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from engines.kubernetes.waiting import eventually
from support.cluster_stage import ClusterStage

import wlinfra as wl
from wlinfra.changes.change import Change
from wlinfra.errors import ProviderError
from wlinfra.provider import Action, GpuCount
from wlinfra.testing import Driver
from wlinfra_kubernetes.provider import KubernetesConnection

if TYPE_CHECKING:
    from pathlib import Path

    from engines.kubernetes.handle import ClusterHandle

Connect = Callable[..., Driver]
H100 = {"cpu": 1, "memory": "1GB", "gpu": {"count": 1, "products": ["NVIDIA-H100-80GB-HBM3"], "type": "H100"}}
NONE = {"cpu": 1, "memory": "1GB", "gpu": {"count": 64, "type": "B300"}}
SMALL = {"cpu": 0.1, "memory": "64MB"}
MIG = {"cpu": 0.1, "gpu": {"count": 1, "resource": "nvidia.com/mig-3g.40gb", "type": "H100 3g.40gb"}}
HBM = "device.attributes['gpu.nvidia.com'].productName.contains('H100')"
DRA = {"cpu": 0.1, "gpu": {"count": 2, "type": "H100", "dra": {"cel": HBM}}}
B200 = {"cpu": 0.1, "gpu": {"dra": {"cel": HBM.replace("H100", "B200")}}}
CATALOGUE = {"h100": H100, "none": NONE, "small": SMALL, "mig": MIG, "dra": DRA, "b200": B200}


def server(*names: str) -> wl.Artifact:
    groups = [
        wl.ContainerGroup(name=name, containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
        for name in names or ("default",)
    ]
    return wl.Artifact("server", container_groups=groups)


def stack(*bundles: str, replicas: int = 1, name: str = "chat") -> list[Any]:
    made = server()
    return [made, wl.Workload(name, artifact=made, bundles=list(bundles), replicas=replicas)]


def deployment_of(changes: list[Change]) -> Change:
    return next(change for change in changes if change.kind == "apps/v1/Deployment")


def bundle_of(change: Change) -> str:
    return str(change.values["metadata"]["annotations"]["wlinfra.dev/resolved-bundle"])


def chosen(changes: list[Change]) -> dict[str, str]:
    return {str(change.address): bundle_of(change) for change in changes if change.kind == "apps/v1/Deployment"}


def notes_of(changes: list[Change]) -> str:
    return "; ".join(note for change in changes for note in change.notes if note.startswith("bundle"))


@pytest.fixture
def own_node(cluster: ClusterHandle, namespace: str) -> Iterator[dict[str, Any]]:
    """Return a bundle of one GPU each on a node of two that no other test's pods go to."""
    name = f"own-{namespace}"
    taint = {"key": "own", "value": namespace, "effect": "NoSchedule"}
    labels = {"own": namespace, "nvidia.com/gpu.product": "NVIDIA-L4"}
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": [taint]},
    }
    sizes = {"cpu": "8", "memory": "32Gi", "pods": "20", "nvidia.com/gpu": "2"}
    ready = {"type": "Ready", "status": "True", "reason": "Ready", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    cluster.api.create("/api/v1/nodes", node)
    cluster.api.merge(
        f"/api/v1/nodes/{name}/status",
        {"status": {"capacity": sizes, "allocatable": sizes, "conditions": [ready]}},
    )
    eventually(lambda: cluster.api.get(f"/api/v1/nodes/{name}")["spec"]["taints"] == [taint])  # not-ready is taken off
    tolerations = [{"key": "own", "operator": "Exists"}]
    yield {"cpu": 0.1, "gpu": {"type": "L4"}, "node_selector": {"own": namespace}, "tolerations": tolerations}
    cluster.api.delete(f"/api/v1/nodes/{name}")


# ---------------------------------------------------------------- one workload


def test_the_first_bundle_that_fits_a_node_is_taken(drive: Connect) -> None:
    change = deployment_of(drive(bundles=CATALOGUE).plan(*stack("none", "small")))
    container = change.values["spec"]["template"]["spec"]["containers"][0]
    assert bundle_of(change) == "small"
    assert container["resources"]["requests"] == {"cpu": "100m", "memory": "64M"}


def test_what_no_node_could_ever_hold_is_refused(drive: Connect) -> None:
    with pytest.raises(ProviderError, match="could ever hold"):
        drive(bundles=CATALOGUE).plan(*stack("none"))


def test_a_cluster_that_adds_nodes_is_asked_for_the_first(drive: Connect) -> None:
    change = deployment_of(drive(bundles=CATALOGUE, adds_nodes=True).plan(*stack("none")))
    assert bundle_of(change) == "none"
    assert any("add a node" in note for note in change.notes)


def test_a_chosen_bundle_stays_while_it_is_in_the_list(drive: Connect) -> None:
    driver = drive(bundles=CATALOGUE)
    driver.apply(*stack("small"))
    again = drive(bundles=CATALOGUE)
    again.records.update(driver.records)
    assert bundle_of(deployment_of(again.plan(*stack("h100", "small")))) == "small"
    assert {change.action for change in again.plan(*stack("h100", "small"))} == {Action.NO_OP}


def test_the_record_tells_the_bundle_where_nothing_is_read(
    cluster: ClusterHandle, namespace: str, tmp_path: Path, own_node: dict[str, Any]
) -> None:
    stage = ClusterStage(cluster=cluster, namespace=namespace, folder=tmp_path / "project")
    stage.program(PROGRAM, bundles={"l4": own_node, "small": SMALL})
    stage.apply()
    assert stage.actions("--refresh=false") == {}


def test_what_runs_is_not_weighed_again(drive: Connect, caplog: pytest.LogCaptureFixture) -> None:
    driver = drive(bundles=CATALOGUE)
    driver.apply(*stack("small"))
    caplog.clear()  # of what this process sent; the audit log has the requests of other tests too
    with caplog.at_level(logging.DEBUG, "wlinfra.http"):
        driver.plan(*stack("small"))
        assert "/deployments" in caplog.text
        assert not re.search(r"/(nodes|pods)\b", caplog.text)


def test_what_the_pod_really_asks_for_counts(drive: Connect) -> None:
    made = server()
    huge = wl.Workload("chat", artifact=made, bundles=["small"], cpu=1000)
    with pytest.raises(ProviderError, match="could ever hold"):
        drive(bundles=CATALOGUE).plan(made, huge)


@pytest.mark.parametrize(
    ("replicas", "note"), [(2, ""), (3, "bundle l4: 2 of 3 replicas fit now, so the others may wait")]
)
def test_the_plan_says_how_many_replicas_fit(
    drive: Connect, own_node: dict[str, Any], replicas: int, note: str
) -> None:
    assert notes_of(drive(bundles={"l4": own_node}).plan(*stack("l4", replicas=replicas))) == note


def test_more_replicas_than_there_is_room_for_are_told(drive: Connect, own_node: dict[str, Any]) -> None:
    driver = drive(bundles={"l4": own_node})
    driver.apply(*stack("l4"))
    plan = driver.plan(*stack("l4", replicas=3))
    assert notes_of(plan) == "bundle l4: 1 of 2 more replicas fit now, so the others may wait"


def test_a_cordoned_node_is_no_reason_to_refuse(
    drive: Connect, own_node: dict[str, Any], cluster: ClusterHandle, namespace: str
) -> None:
    cluster.api.merge(f"/api/v1/nodes/own-{namespace}", {"spec": {"unschedulable": True}})
    plan = drive(bundles={"l4": own_node}).plan(*stack("l4"))
    assert notes_of(plan) == "bundle l4: the nodes that could hold it take no pods now, so its pods may wait"


# ---------------------------------------------------------------- several at once


def several(count: int, *bundles: str) -> list[Any]:
    made = server()
    return [made, *(wl.Workload(f"w{number}", artifact=made, bundles=list(bundles)) for number in range(count))]


def test_workloads_of_one_plan_are_not_promised_the_same_gpu(drive: Connect, own_node: dict[str, Any]) -> None:
    plan = drive(bundles={"l4": own_node, "small": SMALL}).plan(*several(4, "l4", "small"))
    assert list(chosen(plan).values()) == ["l4", "l4", "small", "small"]


def test_the_order_in_which_objects_are_planned_does_not_matter(drive: Connect, own_node: dict[str, Any]) -> None:
    """The declared order decides, whichever thread comes first."""
    answers = []
    for turn in itertools.islice(itertools.permutations(range(3)), 6):
        driver = drive(bundles={"l4": {**own_node, "gpu": {"count": 2, "type": "L4"}}, "small": SMALL})
        resources = several(3, "l4", "small")
        objects = [item for item in driver.objects(*resources).values() if item.kind == "apps/v1/Deployment"]
        driver.together(driver.objects(*resources))
        planned = [driver.plan_one(objects[place], {}) for place in turn]
        answers.append(sorted((str(change.address), bundle_of(change)) for change in planned))
    assert all(answer == answers[0] for answer in answers)
    assert [bundle for _, bundle in answers[0]] == ["l4", "small", "small"]


def test_each_group_takes_a_bundle_of_its_own(drive: Connect) -> None:
    made = server("web", "model")
    groups = [
        wl.GroupRuntime(name="web", bundles=["small", "h100"], replicas=2),
        wl.GroupRuntime(name="model", bundles=["none", "h100", "small"], replicas=1),
    ]
    plan = drive(bundles=CATALOGUE).plan(
        made, wl.Workload("chat", artifact=made, runtime=wl.Runtime(container_groups=groups))
    )
    assert chosen(plan) == {"workload.chat/web/Deployment": "small", "workload.chat/model/Deployment": "h100"}


# ---------------------------------------------------------------- devices


def test_devices_are_counted_where_a_driver_publishes_them(drive: Connect) -> None:
    assert chosen(drive(bundles=CATALOGUE).plan(*stack("b200", "dra"))) == {"workload.chat/Deployment": "dra"}
    with pytest.raises(ProviderError, match="could ever hold"):
        drive(bundles=CATALOGUE).plan(*stack("b200"))


def test_each_bundle_of_devices_brings_its_template(drive: Connect) -> None:
    plan = drive(bundles=CATALOGUE).plan(*stack("b200", "dra", "small"))
    templates = {change.values["metadata"]["name"] for change in plan if change.kind.endswith("ResourceClaimTemplate")}
    (claim,) = deployment_of(plan).values["spec"]["template"]["spec"]["resourceClaims"]
    assert len(templates) == 2
    assert claim["resourceClaimTemplateName"] in templates


def test_devices_that_run_elsewhere_are_not_promised_again(drive: Connect) -> None:
    driver = drive(bundles=CATALOGUE)
    driver.apply(*stack("dra", replicas=2))  # four devices: all there are
    other = drive("other", bundles=CATALOGUE)
    assert list(chosen(other.plan(*stack("dra", "small", name="other"))).values()) == ["small"]
    assert {change.action for change in driver.plan(*stack("dra", replicas=2))} == {Action.NO_OP}
    driver.apply()


@pytest.mark.parametrize(("bundle", "needed"), [("dra", True), ("h100", False)])
def test_rights_to_devices_are_asked_for_where_a_bundle_claims_them(drive: Connect, bundle: str, needed: bool) -> None:
    driver = drive(bundles=CATALOGUE)
    assert isinstance(driver.connection, KubernetesConnection)
    roles = driver.connection.rights(list(driver.objects(*stack("small", bundle)).values()))
    (role,) = (item.manifest for item in roles if item.kind == "ClusterRole")
    listed = {resource for rule in role["rules"] for resource in rule["resources"]}
    assert ({"resourceslices", "resourceclaims", "deviceclasses"} <= listed) is needed
    assert {"nodes", "pods"} <= listed


# ---------------------------------------------------------------- impact


def gpus(change: Change) -> list[list[tuple[str, int, int | None]]]:
    counts = (change.impact.gpus_now, change.impact.gpus_after, change.impact.gpus_peak)
    return [[(count.type, count.low, count.high) for count in several] for several in counts]


def test_the_plan_tells_the_gpus_before_and_after(drive: Connect) -> None:
    driver = drive(bundles=CATALOGUE)
    driver.apply(*stack("h100", replicas=1))
    impact = deployment_of(driver.plan(*stack("h100", replicas=2))).impact
    assert impact.gpus_now == (GpuCount(type="H100", low=1, high=1),)
    assert impact.gpus_after == impact.gpus_peak == (GpuCount(type="H100", low=2, high=2),)


@pytest.mark.parametrize(
    ("bundle", "replicas", "name", "count"),
    [("mig", 2, "H100 3g.40gb", 2), ("dra", 2, "H100", 4), ("dra", 1, "H100", 2), ("b200", 1, "gpu.nvidia.com", 1)],
)
def test_slices_and_claimed_devices_are_gpus(drive: Connect, bundle: str, replicas: int, name: str, count: int) -> None:
    plan = drive(bundles=CATALOGUE, adds_nodes=True).plan(*stack(bundle, replicas=replicas))
    assert gpus(deployment_of(plan)) == [[], [(name, count, count)], [(name, count, count)]]


@pytest.mark.parametrize(
    ("policy", "after"),
    [(wl.cpu(target=70, min=1, max=3), (1, 3)), (wl.concurrency(target=4, min=0, max=3), (0, 3))],
)
def test_an_autoscaled_workload_takes_a_range_of_gpus(
    drive: Connect, policy: wl.ScalingPolicy, after: tuple[int, int]
) -> None:
    made = server()
    driver = drive(bundles=CATALOGUE)
    objects = driver.objects(made, wl.Workload("chat", artifact=made, bundles=["h100"], autoscaling=[policy]))
    change = driver.plan_one(next(item for item in objects.values() if item.kind == "apps/v1/Deployment"), {})
    assert gpus(change) == [[], [("H100", *after)], [("H100", *after)]]
    assert change.impact.scales_to_zero is (after[0] == 0)


@pytest.mark.parametrize(("surge", "peak"), [(False, 4), (True, 5)])
def test_only_a_roll_with_surge_takes_more_than_before_and_after(drive: Connect, surge: bool, peak: int) -> None:
    driver = drive(bundles=CATALOGUE, target={"gpu_surge": surge})
    driver.apply(*stack("h100", replicas=4))
    rolled = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:2", port=8080)])
    change = deployment_of(driver.plan(rolled, wl.Workload("chat", artifact=rolled, bundles=["h100"], replicas=4)))
    assert (change.action, gpus(change)[2]) == (Action.ROLL, [("H100", 4, peak)])
    more = deployment_of(driver.plan(*stack("h100", replicas=5)))
    assert (more.action, gpus(more)[2]) == (Action.UPDATE, [("H100", 5, 5)])


def test_another_type_counts_beside_the_old_one_until_it_is_gone(drive: Connect) -> None:
    driver = drive(bundles=CATALOGUE)
    driver.apply(*stack("h100"))
    change = deployment_of(driver.plan(*stack("mig")))
    both = [("H100", 1, 1), ("H100 3g.40gb", 1, 1)]
    assert gpus(change) == [both[:1], both[1:], both]


def test_what_ends_sets_its_gpus_free(drive: Connect) -> None:
    driver = drive(bundles=CATALOGUE)
    driver.apply(*stack("h100", replicas=2))
    assert gpus(deployment_of(driver.plan())) == [[("H100", 2, 2)], [("H100", 0, 0)], [("H100", 2, 2)]]


# ---------------------------------------------------------------- through the command line

PROGRAM = """\
import wlinfra as wl

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
    yield server
    for name in ("zeta", "alpha", "mid", "beta"):
        yield wl.Workload(name, artifact=server, bundles=["l4", "small"])

"""


def test_plans_are_the_same_to_the_byte_whatever_the_hashes(
    cluster: ClusterHandle, namespace: str, tmp_path: Path, own_node: dict[str, Any]
) -> None:
    stage = ClusterStage(cluster=cluster, namespace=namespace, folder=tmp_path / "project")
    stage.program(PROGRAM, bundles={"l4": own_node, "small": SMALL})
    plans = []
    for seed in ("0", "1", "2"):
        stage.project.environ["PYTHONHASHSEED"] = seed
        plans.append(stage.project.start("plan", "-e", "cluster", "--format", "json").communicate()[0])
    assert len(set(plans)) == 1
    notes = {
        item["address"]: item["notes"] for item in json.loads(plans[0])["changes"] if "Deployment" in item["address"]
    }
    taken = {
        address: [note.split()[1] for note in told if note.startswith("bundle")] for address, told in notes.items()
    }
    expected = {"zeta": "l4:", "alpha": "l4:", "mid": "small:", "beta": "small:"}
    assert taken == {f"workload.{name}/Deployment": [bundle] for name, bundle in expected.items()}
