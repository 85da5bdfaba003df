"""Every typical mistake is refused with where, what and how to mend it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import wlinfra as wl
from wlinfra.errors import Diagnostic
from wlinfra.resources.declaring import declaring
from wlinfra.resources.model import Model

TWO = [
    wl.Container(name="web", image="a", port=8080, primary=True),
    wl.Container(name="log", image="b"),
]


WORKLOAD: Callable[..., wl.Workload] = wl.Workload
"""As seen without types."""


def server() -> wl.Artifact:
    return wl.Artifact("server", containers=[wl.Container(image="a", port=8080)])


def container(**attributes: Any) -> wl.Container:
    return wl.Container(**attributes)


def artifact(**attributes: Any) -> wl.Artifact:
    return wl.Artifact("a", **attributes)


def workload(**attributes: Any) -> wl.Workload:
    return wl.Workload("chat", **{"artifact": server(), **attributes})


def mistakes(make: Callable[[], object]) -> list[Diagnostic]:
    with pytest.raises(wl.DeclarationError) as caught:
        make()
    return list(caught.value.diagnostics)


CONTAINER_MISTAKES = {
    "unknown attribute": (lambda: container(imge="a"), "Container.imge", "Did you mean image?"),
    "port too low": (lambda: wl.Container(image="a", port=80), "Container.port", ""),
    "port too high": (lambda: wl.Container(image="a", port=70000), "Container.port", ""),
    "port as text": (lambda: wl.Container(image="a", port="8080"), "Container.port", ""),
    "image and build": (lambda: wl.Container(image="a", build=wl.ImageBuild()), "Container.image", "not both"),
    "neither": (lambda: wl.Container(port=8080), "Container.image", "Give image="),
    "blank image": (lambda: wl.Container(image=" a"), "Container.image", ""),
    "name in capitals": (lambda: wl.Container(image="a", name="Web"), "Container.name", "Write it as main"),
    "name too long": (lambda: wl.Container(image="a", name="x" * 64), "Container.name", "Write it as main"),
    "port of a sidecar": (lambda: wl.Container(image="a", port=8080, primary=False), "Container.port", "primary one"),
    "number as variable": (lambda: wl.Container(image="a", env={"N": 1}), "Container.env.N", 'quotes: "1"'),
    "variable twice": (
        lambda: wl.Container(image="a", env=[{"name": "N", "value": "1"}, {"name": "N", "value": "2"}]),
        "Container.env.N",
        "once",
    ),
    "entrypoint as text": (lambda: wl.Container(image="a", entrypoint="run me"), "Container.entrypoint", ""),
    "probe without path": (wl.Probe, "Probe.path", "Add path=..."),
    "probe port": (lambda: wl.Probe(path="/", port=0), "Probe.port", ""),
    "nested": (lambda: wl.Container(image="a", readiness={"pth": "/"}), "Container.readiness.path", "Add path"),
    "localhost profile": (
        lambda: wl.SeccompProfile(type="RuntimeDefault", localhost_profile="p.json"),
        "SeccompProfile.localhost_profile",
        'type="Localhost"',
    ),
    "localhost without profile": (
        lambda: wl.SeccompProfile(type="Localhost"),
        "SeccompProfile.localhost_profile",
        "Add",
    ),
    "shared storage with size": (
        lambda: wl.Storage(mode="nim_cache", pvc_size="1Gi"),
        "Storage.pvc_size",
        "dedicated_pvc",
    ),
    "storage in thousands": (lambda: wl.Storage(pvc_size="1GB"), "Storage.pvc_size", '"200Gi"'),
    "dockerfile": (lambda: wl.ImageBuild(dockerfile=3), "ImageBuild.dockerfile", "./Dockerfile"),
    "secret as image": (lambda: wl.Container(image=wl.secret_env("X")), "Container.image", "environment variable"),
}

ARTIFACT_MISTAKES = {
    "no containers": (lambda: wl.Artifact("a"), "Artifact.containers", "Give containers"),
    "bad name": (lambda: wl.Artifact("my server", containers=TWO), "Artifact.name", "platform_name"),
    "container alone": (lambda: artifact(containers=TWO[0]), "Artifact.containers", ""),
    "no port": (
        lambda: wl.Artifact("a", containers=[wl.Container(image="a")]),
        "Artifact.containers[0].port",
        "Add port=8080",
    ),
    "two primaries": (lambda: wl.Artifact("a", containers=[TWO[0], TWO[0]]), "Artifact.containers", "primary=True"),
    "no primary": (lambda: wl.Artifact("a", containers=[TWO[1], TWO[1]]), "Artifact.containers", "primary=True"),
    "same name": (lambda: wl.Artifact("a", containers=[*TWO, TWO[1]]), "Artifact.containers", "name of its own"),
    "unnamed": (
        lambda: wl.Artifact("a", containers=[TWO[0], wl.Container(image="b")]),
        "Artifact.containers[1].name",
        "Add name",
    ),
    "storage of a service": (
        lambda: wl.Artifact("a", containers=TWO, storage=wl.Storage()),
        "Artifact.storage",
        'type="nim"',
    ),
    "wrong status": (
        lambda: artifact(containers=TWO, status="lokced"),
        "Artifact.status",
        "Did you mean 'locked'?",
    ),
}

WORKLOAD_MISTAKES = {
    "no artifact": (lambda: WORKLOAD("w"), "Workload.artifact", "Add artifact=..."),
    "artifact of a wrong kind": (lambda: workload(artifact=3), "Workload.artifact", "wl.Artifact"),
    "replicas and autoscaling": (
        lambda: workload(replicas=1, autoscaling=[wl.cpu(target=70, max=2)]),
        "Workload.replicas",
        "Leave replicas out",
    ),
    "reference as number": (lambda: workload(replicas=workload().endpoint), "Workload.replicas", "by a setting"),
    "zero replicas": (lambda: workload(replicas=0), "Workload.replicas", ""),
    "no policy": (lambda: workload(autoscaling=[]), "Autoscaling.policies", ""),
    "no target": (lambda: wl.cpu(target=0, max=2), "ScalingPolicy.target", ""),
    "reversed bounds": (lambda: wl.concurrency(target=1, min=3, max=2), "ScalingPolicy.min", "Swap"),
    "cpu from zero": (lambda: wl.cpu(target=70, min=0, max=2), "ScalingPolicy.min", "wl.concurrency"),
    "policy without bounds": (
        lambda: wl.Autoscaling(policies=[wl.ScalingPolicy(metric="m", target=1)]),
        "Autoscaling.policies[0].min",
        "Add min",
    ),
    "same metric twice": (
        lambda: wl.Autoscaling(policies=[wl.cpu(target=7, max=2), wl.cpu(target=8, max=2)]),
        "Autoscaling.policies",
        "one policy",
    ),
    "importance": (lambda: workload(importance="hihg"), "Workload.importance", "'high'"),
    "binary memory": (lambda: workload(memory="8GiB"), "Workload.memory", "8589934592"),
    "little cpu": (lambda: workload(cpu=0.05), "Workload.cpu", ""),
    "hardware of an unknown container": (lambda: workload(artifact="65f0", cpu=1), "Workload.cpu", "allocations="),
    "hardware of two containers": (
        lambda: workload(artifact=wl.Artifact("a", containers=TWO), cpu=1),
        "Workload.cpu",
        "allocations=",
    ),
    "allocation of nobody": (
        lambda: workload(allocations={"wbe": wl.Allocation(cpu=1)}),
        "Workload.allocations.wbe",
        "Use the name",
    ),
    "one allocation for two": (
        lambda: workload(artifact=wl.Artifact("a", containers=TWO), allocations={"web": wl.Allocation(cpu=1)}),
        "Workload.allocations",
        "every container",
    ),
    "empty allocation": (wl.Allocation, "Allocation.cpu", "wl.Allocation("),
    "unknown group": (
        lambda: workload(runtime=wl.Runtime(container_groups=[wl.GroupRuntime(name="web")])),
        "Workload.runtime.container_groups[0].name",
        "Use the name",
    ),
    "long and short": (
        lambda: workload(replicas=2, runtime=wl.Runtime(container_groups=[wl.GroupRuntime()])),
        "Workload.runtime",
        "leave it out",
    ),
    "recipient twice": (lambda: wl.SharedRole(role="OWNER", id="u", username="u"), "SharedRole.id", "either"),
    "same recipient": (
        lambda: workload(shared_roles=[wl.SharedRole(role=role, id="u") for role in ("OWNER", "USER")]),
        "Workload.shared_roles",
        "one role",
    ),
    "unknown phase": (lambda: workload(timeouts={"start": 1}), "Workload.timeouts.start", "create"),
    "negative timeout": (lambda: workload(timeouts={"create": -1}), "Workload.timeouts.create", ""),
}

ALL = CONTAINER_MISTAKES | ARTIFACT_MISTAKES | WORKLOAD_MISTAKES


@pytest.mark.parametrize(("make", "path", "fix"), ALL.values(), ids=ALL)
def test_a_mistake_is_refused_with_its_path_and_a_fix(make: Callable[[], object], path: str, fix: str) -> None:
    first = mistakes(make)[0]
    assert first.path == path
    assert fix in first.fix
    assert len(first.summary.split()) <= 6
    assert first.detail.endswith(".")
    assert first.location is not None


def test_a_mistake_names_the_line_that_made_it() -> None:
    [mistake] = mistakes(lambda: wl.Probe(path="/", port=0))
    line = inspect.getsourcelines(test_a_mistake_names_the_line_that_made_it)[1] + 1
    assert mistake.location is not None
    assert (mistake.location.file.endswith("test_mistakes.py"), mistake.location.line) == (True, line)


def test_all_mistakes_of_one_value_come_together() -> None:
    found = mistakes(lambda: wl.Container(port=80, name="Web", entrypoint="x", readiness={"port": 0}))
    assert [mistake.path for mistake in found] == [
        "Container.port",
        "Container.name",
        "Container.entrypoint",
        "Container.readiness.path",
        "Container.readiness.port",
        "Container.image",
    ]


def test_a_broken_part_does_not_make_its_owner_complain() -> None:
    with declaring() as session:
        artifact = wl.Artifact("server", containers=[wl.Container(image="a", port=80)])
        chat = wl.Workload("chat", artifact=artifact, cpu=1, memory="1Gi")
    assert [diagnostic.path for diagnostic in session.diagnostics] == ["Container.port", "Workload.memory"]
    assert (artifact.is_broken, chat.is_broken) == (True, True)


def test_a_broken_resource_goes_on_with_what_was_right() -> None:
    with declaring() as session:
        chat = workload(importance="huge", replicas=2)
        url = f"{chat.endpoint}/v1"
    assert len(session.diagnostics) == 1
    assert (chat.replicas, chat.importance, url) == (2, None, "${wlinfra:workload.chat#endpoint}/v1")


def test_no_mistake_repeats_a_value_that_may_be_secret() -> None:
    canary = "hunter2-canary"
    attempts: list[Callable[[], object]] = [
        lambda: wl.Container(image="a", env={"A": [canary]}),
        lambda: wl.Container(image="a", env=canary),
        lambda: wl.Container(image="a", port=canary),
        lambda: wl.Probe(path="/", headers={"Authorization": [canary]}),
        lambda: wl.Storage(pvc_size=canary),
        lambda: workload(memory=canary),
    ]
    assert canary not in "".join(str(mistake) for attempt in attempts for mistake in mistakes(attempt))


def test_values_are_frozen() -> None:
    container = wl.Container(image="a", port=8080)
    with pytest.raises(ValueError, match="frozen"):
        setattr(container, "port", 9090)  # noqa: B010 - as code without types would


def test_every_public_attribute_is_described() -> None:
    models = [value for name in wl.__all__ if isinstance(value := getattr(wl, name), type) and issubclass(value, Model)]
    bare = [
        f"{model.__name__}.{name}"
        for model in models
        for name, field in model.model_fields.items()
        if not field.description
    ]
    assert (len(models) > 20, bare) == (True, [])


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (lambda: artifact(containers=server().containers, description="a\0b"), "Artifact.description"),
        (lambda: workload(description="a\0b"), "Workload.description"),
        (lambda: container(image="a", port=8080, env={"A": "a\0b"}), "Container.env.A"),
        (lambda: container(image="a\0b", port=8080), "Container.image"),
    ],
)
def test_a_text_with_a_nul_character_is_refused(make: Callable[[], object], path: str) -> None:
    (mistake,) = mistakes(make)
    assert (mistake.path, mistake.summary) == (path, "String has a NUL character")
