"""What is rendered, declared again, is what was declared; what a declaration cannot say is reported by path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from support.generated_workloads import Declaration, declarations
from support.rendering import TARGET, nim, rendered, server, target

import wlinfra as wl
from wlinfra.provider import merge_shared
from wlinfra.stack.form import to_form
from wlinfra.values import Secret
from wlinfra_manifests.inverse.workload import Inverted, declared
from wlinfra_manifests.model import Rendered, Target

Documents = list[dict[str, Any]]


def documents_of(done: Rendered) -> Documents:
    """Return the objects as they would lie on a cluster, where a shared one is there once."""
    return [dict(item.manifest) for item in merge_shared(done.objects)]


def inverted(documents: Sequence[dict[str, Any]], on: Target = TARGET) -> Inverted:
    """Return what the objects would be declared as."""
    return declared(documents, on, name="chat", secret=wl.secret_env)


def form(found: Inverted) -> Any:
    """Return the declaration as JSON."""
    return [None if one is None else to_form(one) for one in (found.artifact, found.workload)]


def live(artifact: wl.Artifact | None = None, on: Target = TARGET, **workload: Any) -> Documents:
    """Return copies of the objects of a workload, to be altered."""
    return [_copied(document) for document in documents_of(rendered(artifact, on, **workload))]


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(item) for name, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def check(part: int, examples: int) -> Counter[str]:
    """Return how many objects of each kind came back as they were declared."""
    counts: Counter[str] = Counter()

    @seed(part)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(declarations())
    def law(declaration: Declaration) -> None:
        documents = documents_of(declaration.rendered())
        again = inverted(documents, declaration.target)
        assert [one.path for one in again.left] == []
        assert again.missing == ()
        for made, meant in ((again.artifact, declaration.artifact), (again.workload, declaration.workload)):
            assert made is not None
            assert to_form(made) == to_form(meant)
        counts.update(str(document["kind"]) for document in documents)

    law()
    return counts


def test_declared_to_rendered_to_declared_is_the_identity() -> None:
    counts = check(0, 120)
    assert counts["Deployment"] + counts["NIMService"] >= 120


@pytest.mark.nightly
def test_so_it_is_for_500_workloads(capsys: pytest.CaptureFixture[str]) -> None:
    counts = check(1, 500)
    with capsys.disabled():
        print(f"\ndeclared again: {dict(counts)}")
    assert counts["Deployment"] + counts["NIMService"] >= 500
    assert len(counts) == 14


@settings(max_examples=150, deadline=None)
@given(declarations(), st.data())
def test_no_field_is_left_out_in_silence(declaration: Declaration, data: st.DataObject) -> None:
    documents = documents_of(declaration.rendered())
    before = inverted(documents, declaration.target)
    index = data.draw(st.sampled_from(range(len(documents))))
    path = data.draw(st.sampled_from(sorted(leaves(documents[index]), key=str)))
    altered = [_copied(document) for document in documents]
    alter(altered[index], path)
    after = inverted(altered, declaration.target)
    assert after.left != before.left or form(after) != form(before)


def leaves(document: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value below the spec; what a Secret holds is never looked at."""

    def below(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for name, item in parts:
            yield from below(item, (*path, name))
        if not parts and not isinstance(value, Secret):
            yield path

    yield from below({name: document[name] for name in ("spec", "type") if name in document}, ())
    yield from (("metadata", "labels", name) for name in document["metadata"]["labels"] if name.startswith("app."))


def alter(document: dict[str, Any], path: tuple[Any, ...]) -> None:
    """Put another value of the same type at the path."""
    *above, last = path
    for name in above:
        document = document[name]
    value = document[last]
    match value:
        case bool():
            document[last] = not value
        case int():
            document[last] = value + 7
        case str():
            document[last] = f"{value}7"
        case _:
            document[last] = "7"


FOREIGN = [
    (("spec", "template", "spec", "containers", 0, "args"), ["--fast"], "spec.template.spec.containers.main.args"),
    (
        ("spec", "template", "spec", "containers", 0, "workingDir"),
        "/a",
        "spec.template.spec.containers.main.workingDir",
    ),
    (
        ("spec", "template", "spec", "initContainers"),
        [{"name": "a", "image": "b"}],
        "spec.template.spec.initContainers",
    ),
    (("spec", "template", "spec", "hostNetwork"), True, "spec.template.spec.hostNetwork"),
    (("spec", "template", "spec", "serviceAccountName"), "a", "spec.template.spec.serviceAccountName"),
    (("spec", "revisionHistoryLimit"), 3, "spec.revisionHistoryLimit"),
    (("spec", "minReadySeconds"), 90, "spec.minReadySeconds"),
    (("spec", "selector", "matchLabels"), {"app": "chat"}, "spec.selector.matchLabels.app"),
    (("spec", "template", "spec", "nodeSelector"), {"disk": "ssd"}, "spec.template.spec.nodeSelector"),
    (("metadata", "labels", "app.kubernetes.io/version"), "1", "metadata.labels.app.kubernetes.io/version"),
    (("metadata", "annotations", "team"), "red", "metadata.annotations.team"),
    (
        ("spec", "template", "spec", "containers", 0, "env"),
        [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}}],
        "spec.template.spec.containers.main.env",
    ),
    (
        ("spec", "template", "spec", "containers", 0, "env"),
        [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "foreign", "key": "b"}}}],
        "spec.template.spec.containers.main.env",
    ),
    (
        ("spec", "template", "spec", "containers", 0, "readinessProbe"),
        {"exec": {"command": ["true"]}},
        "spec.template.spec.containers.main.readinessProbe",
    ),
    (
        ("spec", "template", "spec", "containers", 0, "imagePullPolicy"),
        "Always",
        "spec.template.spec.containers.main.imagePullPolicy",
    ),
]


@pytest.mark.parametrize(
    ("path", "value", "left"), FOREIGN, ids=[f"{path[-1]}-{i}" for i, (path, _, _) in enumerate(FOREIGN)]
)
def test_what_no_attribute_says_is_reported_by_its_path(path: tuple[Any, ...], value: Any, left: str) -> None:
    documents = live(replicas=1)
    *above, last = path
    place: Any = next(document for document in documents if document["kind"] == "Deployment")
    for name in above:
        place = place[name]
    place[last] = value
    found = inverted(documents)
    assert left in [one.path for one in found.left]
    assert all(one.kind == "Deployment" and one.why for one in found.left)


ODD: list[tuple[str, tuple[Any, ...], Any]] = [
    ("ScaledObject", ("spec", "triggers", 0, "metadata", "threshold"), "many"),
    ("ScaledObject", ("spec", "triggers", 0, "metadata", "query"), "sum(jobs) by (pod)"),
    ("ScaledObject", ("spec", "triggers", 0, "type"), "kafka"),
    ("ScaledObject", ("spec", "advanced"), {"restoreToOriginalReplicaCount": True}),
    ("ResourceClaimTemplate", ("spec", "spec", "devices", "requests"), [{"name": "gpu", "firstAvailable": []}]),
    ("Deployment", ("spec", "template", "spec", "resourceClaims"), [{"name": "gpu", "resourceClaimName": "one"}]),
]


@pytest.mark.parametrize(("kind", "path", "value"), ODD, ids=[str(path[-1]) for _, path, _ in ODD])
def test_what_is_odd_is_reported_and_not_guessed(kind: str, path: tuple[Any, ...], value: Any) -> None:
    on = target(autoscaler="keda")
    documents = live(on=on, bundles=["gpu.dra"], autoscaling=[wl.custom_metric("jobs", target=2, max=3)])
    *above, last = path
    place: Any = next(document for document in documents if document["kind"] == kind)
    for name in above:
        place = place[name]
    place[last] = value
    assert inverted(documents, on).left


def test_what_the_server_fills_in_is_no_difference() -> None:
    documents = live(server(readiness=wl.Probe(path="/")), replicas=1)
    deployment, service = (next(one for one in documents if one["kind"] == kind) for kind in ("Deployment", "Service"))
    deployment["spec"] |= {"revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}
    pod = deployment["spec"]["template"]["spec"]
    pod |= {"dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "securityContext": {}}
    pod["containers"][0] |= {"imagePullPolicy": "IfNotPresent", "resources": {}}
    pod["containers"][0]["readinessProbe"]["successThreshold"] = 1
    service["spec"] |= {"clusterIP": "10.0.0.7", "sessionAffinity": "None"}
    deployment["status"] = {"replicas": 1}
    found = inverted(documents)
    assert found.left == ()
    assert form(found) == form(inverted(live(server(readiness=wl.Probe(path="/")), replicas=1)))


def test_objects_of_other_kinds_are_reported_whole() -> None:
    meta = {"name": "db", "namespace": "ai"}
    stateful = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta, "spec": {"serviceName": "db"}}
    assert [(one.kind, one.name, one.path) for one in inverted([stateful]).left] == [("StatefulSet", "db", "")]
    assert inverted([stateful]).workload is None
    both = inverted([*live(replicas=1), stateful])
    assert [(one.kind, one.path) for one in both.left] == [("StatefulSet", "")]
    assert both.workload is not None


def test_what_a_controller_made_is_not_declared() -> None:
    owner = {"kind": "ScaledObject", "name": "chat", "controller": True}
    made = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "keda-hpa-chat", "ownerReferences": [owner]},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "chat"}, "maxReplicas": 9},
    }
    assert form(inverted([*live(replicas=1), made])) == form(inverted(live(replicas=1)))


def test_what_is_not_there_is_named() -> None:
    documents = [document for document in live(replicas=2) if document["kind"] == "Deployment"]
    assert inverted(documents).missing == ("Service/chat", "PodDisruptionBudget/chat")


def test_what_a_program_may_not_declare_is_refused_in_its_words() -> None:
    documents = live(replicas=1)
    pod = next(one for one in documents if one["kind"] == "Deployment")["spec"]["template"]["spec"]
    pod["containers"][0]["ports"][0]["containerPort"] = 80
    found = inverted(documents)
    assert (found.workload, found.artifact) == (None, None)
    assert [one.path for one in found.left] == ["Container.port"]


def test_secrets_come_back_as_references() -> None:
    secret = Secret(lambda: pytest.fail("looked at"), describe="a value")
    documents = live(server(env={"TOKEN": secret}), replicas=1)
    found = inverted(documents)
    assert found.artifact is not None
    (container,) = found.artifact.groups[0].containers
    assert to_form(container.variables["TOKEN"].value) == {"$secret": {"env": "TOKEN"}}


def test_secrets_of_one_name_stay_apart() -> None:
    pair = [wl.Container(name=name, image="a/b:1.0.0", env={"KEY": wl.secret_env(name)}) for name in ("one", "two")]
    first = pair[0].model_copy(update={"primary": True, "port": 8080})
    found = inverted(live(wl.Artifact("server", containers=[first, pair[1]]), bundles=["cpu.small"], replicas=1))
    assert found.artifact is not None
    values = [to_form(container.variables["KEY"].value) for container in found.artifact.groups[0].containers]
    assert values == [{"$secret": {"env": "CHAT_ONE_KEY"}}, {"$secret": {"env": "CHAT_TWO_KEY"}}]


def test_a_bundle_is_found_by_where_its_pods_may_run() -> None:
    documents = live(bundles=["gpu.h100"], replicas=1)
    deployment = next(one for one in documents if one["kind"] == "Deployment")
    del deployment["metadata"]["annotations"]["wlinfra.dev/resolved-bundle"]
    found = inverted(documents)
    assert found.workload is not None
    assert found.workload.bundles == ("gpu.h100",)
    assert found.left == ()


def test_the_bounds_of_what_is_stopped_are_asked_for() -> None:
    found = inverted(live(autoscaling=[wl.concurrency(target=3, min=0, max=4)], power="stopped"))
    assert found.workload is not None
    assert (found.workload.power, found.workload.groups[0].policies[0].target) == ("stopped", 3)
    assert [(one.kind, one.why) for one in found.left] == [
        ("InterceptorRoute", "The bounds of what is stopped are on no cluster: set min and max.")
    ]


SPELLINGS: list[tuple[dict[str, Any], dict[str, Any], Target]] = [
    ({"readiness": wl.Probe(path="/", initial_delay_seconds=30, success_threshold=None)}, {"replicas": None}, TARGET),
    ({"name": "main", "env": [{"name": "A", "value": "b"}]}, {"bundles": ["cpu.small", "gpu.h100"]}, TARGET),
    ({}, {"runtime": wl.Runtime(container_groups=(wl.GroupRuntime(replicas=2),))}, TARGET),
    ({}, {"autoscaling": wl.Autoscaling(policies=(wl.cpu(target=5, max=2),), enabled=False)}, TARGET),
    ({}, {"autoscaling": [wl.requests_in_flight(target=5, max=2)]}, TARGET),
    ({}, {"replacement": wl.ReplacementPolicy(keep_old_minutes=5)}, TARGET),
    (
        {},
        {"autoscaling": wl.Autoscaling(policies=(wl.custom_metric("vllm:num_requests_waiting", target=2, max=3),))},
        TARGET,
    ),
]


@pytest.mark.parametrize("make", [server, nim])
@pytest.mark.parametrize(("container", "workload", "on"), SPELLINGS)
def test_other_spellings_come_back_as_one_that_is_rendered_alike(
    make: Any, container: dict[str, Any], workload: dict[str, Any], on: Target
) -> None:
    before = documents_of(rendered(make(**container), on, **workload))
    found = inverted(before, on)
    assert found.left == ()
    assert found.artifact is not None
    assert found.workload is not None
    again = declared(
        documents_of(Declaration(workload=found.workload, artifact=found.artifact, target=on).rendered()),
        on,
        name="chat",
        secret=wl.secret_env,
    )
    assert form(again) == form(found)
