"""Fields that nobody may change: each is planned as a replacement with its cause, applied, and the plan is empty then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from engines.kubernetes.waiting import eventually
from engines.sample_objects import autoscaler, scaled_object
from support.cluster_stage import ClusterStage, container

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

LABELS = {"app": "web"}


def made(api: str, kind: str, spec: dict[str, Any], name: str = "web") -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": spec}


def pods(image: str = "nginx:1", app: str = "web", **more: Any) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container(image)], **more}}


def deployment(app: str, name: str = "web") -> dict[str, Any]:
    return made("apps/v1", "Deployment", {"selector": {"matchLabels": {"app": app}}, "template": pods(app=app)}, name)


def stateful(service: str) -> dict[str, Any]:
    spec = {"serviceName": service, "replicas": 1, "selector": {"matchLabels": LABELS}, "template": pods()}
    return made("apps/v1", "StatefulSet", spec)


def job(image: str) -> dict[str, Any]:
    return made("batch/v1", "Job", {"template": pods(image, restartPolicy="Never")})


def service(address: str | None = None, **more: Any) -> dict[str, Any]:
    given = {} if address is None else {"clusterIP": address}
    return made("v1", "Service", {"selector": LABELS, "ports": [{"port": 80}], **given, **more})


def sealed(kind: str, part: str, value: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "web"}, "immutable": True, part: {"a": value}}


def causes(change: dict[str, Any]) -> list[str]:
    return [item["attribute"] for item in change["attributes"] if item["effect"] == "replaces"]


@pytest.mark.parametrize(
    ("before", "after", "cause"),
    [
        (deployment("web"), deployment("other"), "spec.selector.matchLabels.app"),
        (stateful("one"), stateful("two"), "spec.serviceName"),
        (job("nginx:1"), job("nginx:2"), "spec.template.spec.containers[0].image"),
        (service(None), service("None"), "spec.clusterIP"),
        (sealed("ConfigMap", "data", "1"), sealed("ConfigMap", "data", "2"), "data.a"),
        (sealed("Secret", "stringData", "1"), sealed("Secret", "stringData", "2"), "data.a"),
    ],
    ids=["deployment-selector", "stateful-set-spec", "job-template", "service-address", "config-map", "secret"],
)
def test_what_cannot_be_changed_is_replaced_under_its_name(
    stage: ClusterStage, before: dict[str, Any], after: dict[str, Any], cause: str
) -> None:
    stage.manifests(before)
    stage.apply()
    first = stage.get(before["kind"], "web")["metadata"]["uid"]
    stage.manifests(after)
    change = stage.project.changes("-e", "cluster")["manifest.web"]
    assert (change["action"], change["reason"], change["blast_radius"]) == ("replace", "cannot_update", "downtime")
    assert causes(change) == [cause]
    assert [step["verb"] for step in change["steps"]] == ["DELETE", "PATCH"]
    stage.apply()
    assert stage.get(before["kind"], "web")["metadata"]["uid"] != first
    assert stage.actions() == {}


def test_the_plan_tells_the_cause_in_the_words_of_the_cluster_and_what_it_interrupts(stage: ClusterStage) -> None:
    stage.manifests(deployment("web"))
    stage.apply()
    stage.manifests(deployment("other"))
    said = " ".join(stage.run("plan").out.split())
    assert "manifest.web" in said
    assert "manifest.web must be replaced" in said
    assert "field is immutable" in said
    assert "(after: the old object is gone)" in said
    assert "effect: downtime" in said


def test_what_was_declared_before_and_is_no_more_is_shown_and_is_no_drift(stage: ClusterStage) -> None:
    before = deployment("web")
    before["spec"]["minReadySeconds"] = 1
    stage.manifests(before)
    stage.apply()
    stage.manifests(deployment("other"))
    change = stage.project.changes("-e", "cluster")["manifest.web"]
    (gone,) = (item for item in change["attributes"] if item["attribute"] == "spec.minReadySeconds")
    assert (gone["live"]["value"], gone["planned"]["value"]) == (1, None)
    assert change["drift"] == []


def test_a_finished_job_runs_again_and_the_plan_says_so(stage: ClusterStage) -> None:
    stage.manifests(job("nginx:1"))
    stage.apply()
    stage.kubectl("wait", "--for=condition=complete", "job/web", "--timeout=90s")
    stage.manifests(job("nginx:2"))
    (note,) = stage.project.changes("-e", "cluster")["manifest.web"]["notes"]
    assert "runs again" in note
    stage.apply()
    images = stage.kubectl("get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].spec.containers[0].image}")
    assert images == "nginx:2"


def test_what_a_service_may_change_is_changed_in_place(stage: ClusterStage) -> None:
    stage.manifests(service())
    stage.apply()
    first = stage.get("service", "web")
    for more in ({"type": "NodePort"}, {"type": "ClusterIP"}, {"sessionAffinity": "ClientIP"}):
        stage.manifests(service(**more))
        assert stage.actions() == {"manifest.web": "update"}
        stage.apply()
    last = stage.get("service", "web")
    assert last["metadata"]["uid"] == first["metadata"]["uid"]
    assert last["spec"]["clusterIP"] == first["spec"]["clusterIP"]
    assert stage.actions() == {}


def test_a_family_of_addresses_that_the_cluster_does_not_have_is_refused(stage: ClusterStage) -> None:
    stage.manifests(service())
    stage.apply()
    stage.manifests(service(ipFamilies=["IPv6"], ipFamilyPolicy="SingleStack"))
    refused = stage.run("plan", code=1)
    assert "ipFamil" in refused.out + refused.err
    assert stage.get("service", "web")["spec"]["ipFamilies"] == ["IPv4"]


def test_the_target_of_an_autoscaler_is_changed_in_place(stage: ClusterStage, fakes: ClusterHandle) -> None:
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
    }
    one, two, scaler = deployment("one", "one"), deployment("two", "two"), autoscaler("one", metric)
    scaler["metadata"]["name"] = "scaler"
    stage.manifests(one, two, scaler)
    stage.apply()
    first = stage.get("hpa", "scaler")["metadata"]["uid"]
    scaler["spec"]["scaleTargetRef"]["name"] = "two"
    stage.manifests(one, two, scaler)
    assert stage.actions() == {"manifest.scaler": "update"}
    stage.apply()
    found = stage.get("hpa", "scaler")
    assert (found["metadata"]["uid"], found["spec"]["scaleTargetRef"]["name"]) == (first, "two")
    assert stage.actions() == {}


def test_the_target_of_a_scaled_object_is_changed_in_place(
    stage: ClusterStage, keda: ClusterHandle, fakes: ClusterHandle
) -> None:
    one, two = deployment("one", "one"), deployment("two", "two")
    scaler = scaled_object("one", fakes.prometheus, f'num_requests_waiting{{namespace="{stage.namespace}"}}')
    scaler["metadata"]["name"] = "scaler"
    stage.manifests(one, two, scaler)
    stage.apply()
    first = stage.get("scaledobject", "scaler")["metadata"]["uid"]
    scaler["spec"]["scaleTargetRef"]["name"] = "two"
    stage.manifests(one, two, scaler)
    assert stage.actions()["manifest.scaler"] == "update"
    stage.apply()
    assert stage.get("scaledobject", "scaler")["metadata"]["uid"] == first
    assert stage.get("hpa", "keda-hpa-scaler")["spec"]["scaleTargetRef"]["name"] == "two"


@pytest.mark.parametrize(("kind", "loss"), [("ConfigMap", "downtime"), ("Namespace", "data loss")])
def test_another_name_is_another_object_and_the_old_one_goes(stage: ClusterStage, kind: str, loss: str) -> None:
    old, new = f"{stage.namespace[:40]}-old", f"{stage.namespace[:40]}-new"
    stage.program(renaming(old, kind))
    stage.apply()
    stage.program(renaming(new, kind))
    change = stage.project.changes("-e", "cluster")["manifest.settings"]
    assert (change["action"], change["replace_order"], change["blast_radius"]) == (
        "replace",
        "create-then-delete",
        loss,
    )
    assert causes(change) == ["metadata.name"]
    stage.apply()
    assert eventually(lambda: stage.names(kind).intersection((old, new)) == {new})
    assert stage.actions() == {}


def renaming(name: str, kind: str) -> str:
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}
    return (
        "import wlinfra as wl\nfrom wlinfra_kubernetes import Manifest\n\nstack = wl.Stack('shop')\n\n\n"
        f"@stack.resources\ndef resources(env):\n    yield Manifest('settings', {body!r})\n\n"
    )
