"""What holds for every workload, drawn at random."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.rendering import nim, rendered, server, target

import wlinfra as wl
from wlinfra_manifests.model import Rendered

POLICIES = st.sampled_from(
    [
        wl.cpu(target=70, min=1, max=4),
        wl.concurrency(target=10, min=1, max=4),
        wl.gpu_cache(target=0.7, min=1, max=4),
        wl.queue_depth(target=3, min=1, max=4),
        wl.custom_metric("jobs", target=2, min=1, max=4),
    ]
)
SIZES = st.one_of(
    st.fixed_dictionaries({"replicas": st.integers(1, 5)}),
    st.fixed_dictionaries(
        {"autoscaling": st.lists(POLICIES, min_size=1, max_size=3, unique_by=lambda item: item.metric)}
    ),
)
HARDWARE = st.one_of(
    st.fixed_dictionaries({"bundles": st.sampled_from([["cpu.small"], ["gpu.h100"], ["gpu.mig"], ["gpu.dra"]])}),
    st.fixed_dictionaries({"cpu": st.floats(0.1, 64), "memory": st.integers(1, 2**40)}),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), max_size=5)  # what is refused
KEYS = TEXTS.filter(bool)
OTHERS = st.fixed_dictionaries(
    {},
    optional={
        "power": st.sampled_from(["running", "stopped"]),
        "importance": st.sampled_from(["high", "low"]),
        "description": TEXTS,
        "tags": st.dictionaries(KEYS, TEXTS, max_size=2),
        "shared_roles": st.just([wl.SharedRole(role="USER", username="bo")]),
    },
)
WORKLOADS = st.tuples(SIZES, HARDWARE, OTHERS).map(lambda parts: {**parts[0], **parts[1], **parts[2]})
TARGETS = st.builds(
    target,
    nim=st.sampled_from(["operator", "plain"]),
    autoscaler=st.sampled_from(["auto", "hpa", "keda"]),
    http_scaling=st.sampled_from(["interceptor-route", "http-scaled-object", "none"]),
)
MODELS = st.sampled_from([server, nim])
SCALERS = {"HorizontalPodAutoscaler", "ScaledObject", "HTTPScaledObject"}


def runner(done: Rendered) -> Any:
    (found,) = [item.manifest for item in done.objects if item.kind in ("Deployment", "NIMService")]
    return found


@settings(max_examples=80, deadline=None)
@given(MODELS, TARGETS, WORKLOADS)
def test_rendering_is_deterministic(make: Any, on: Any, workload: Any) -> None:
    artifact = make()
    assert rendered(artifact, on, **workload).objects == rendered(artifact, on, **workload).objects


@settings(max_examples=80, deadline=None)
@given(MODELS, TARGETS, WORKLOADS)
def test_replicas_and_an_autoscaler_never_meet(make: Any, on: Any, workload: Any) -> None:
    done = rendered(make(), on, **workload)
    scaled = SCALERS & {item.kind for item in done.objects} or "scale" in runner(done)["spec"]
    assert not (scaled and "replicas" in runner(done)["spec"])
    if not any(problem.is_error for problem in done.problems):
        assert scaled or "replicas" in runner(done)["spec"]


@settings(max_examples=80, deadline=None)
@given(TARGETS, WORKLOADS)
def test_the_selector_never_changes(on: Any, workload: Any) -> None:
    shown = runner(rendered(server(), on, **workload))["spec"]["selector"]
    assert shown == {"matchLabels": {"wlinfra.dev/workload": "chat", "wlinfra.dev/group": "default"}}


@settings(max_examples=80, deadline=None)
@given(MODELS, TARGETS, WORKLOADS)
def test_what_an_object_needs_comes_before_it(make: Any, on: Any, workload: Any) -> None:
    seen: set[str] = set()
    for item in rendered(make(), on, **workload).objects:
        assert set(item.depends_on) <= seen
        assert item.part not in seen
        seen.add(item.part)


@settings(max_examples=80, deadline=None)
@given(MODELS, TARGETS, WORKLOADS)
def test_every_problem_has_a_path_and_a_fix(make: Any, on: Any, workload: Any) -> None:
    for problem in rendered(make(), on, **workload).problems:
        assert problem.path
        assert problem.path.startswith(("Workload.", "Artifact."))
        assert problem.fix.endswith((".", "?", "}", '"'))
        assert len(problem.summary.split()) <= 6


@settings(max_examples=40, deadline=None)
@given(TEXTS, st.dictionaries(KEYS, TEXTS, max_size=2))
def test_words_for_people_never_restart_a_pod(description: str, tags: dict[str, str]) -> None:
    words = rendered(server(), description=description, tags=tags)
    assert runner(words)["spec"] == runner(rendered(server()))["spec"]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


@settings(max_examples=80, deadline=None)
@given(st.floats(0.1, 512), st.integers(1, 2**45))
def test_quantities_are_canonical(cpu: float, memory: int) -> None:
    resources = runner(rendered(server(), cpu=cpu, memory=memory))["spec"]["template"]["spec"]["containers"][0][
        "resources"
    ]
    for text in _texts(resources):
        number = text.rstrip("numkMGTPE")
        assert number.isdecimal()
        assert not (number.endswith("000") and text != number)
