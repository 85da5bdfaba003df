"""Every row has one path in the declaration and one on the platform, and each is found from the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.datarobot_stage import Stage, chat

import wlinfra as wl
from wlinfra.diff.patterns import covers, parse_pattern
from wlinfra.provider import DeclaredPaths
from wlinfra.resources.base import Resource
from wlinfra.values import Path
from wlinfra_datarobot.attributes.artifact import ARTIFACT_ROWS
from wlinfra_datarobot.attributes.paths import artifact_paths, workload_paths
from wlinfra_datarobot.attributes.rows import Shape
from wlinfra_datarobot.attributes.workload import WORKLOAD_ROWS

CONTAINER = wl.Container(image="a/b:1", port=8080)
SHORT = wl.Artifact("server", containers=[CONTAINER])
LONG = wl.Artifact("server", container_groups=[wl.ContainerGroup(name="g", containers=[CONTAINER])])
GROUP = wl.GroupRuntime(name="default", replicas=1)
TABLES: tuple[tuple[DeclaredPaths, Shape, type[Resource]], ...] = (
    (artifact_paths(SHORT), ARTIFACT_ROWS, wl.Artifact),
    (artifact_paths(LONG), ARTIFACT_ROWS, wl.Artifact),
    (workload_paths(wl.Workload("a", artifact=SHORT, cpu=1)), WORKLOAD_ROWS, wl.Workload),
    (
        workload_paths(wl.Workload("a", artifact=SHORT, allocations={"main": wl.Allocation(cpu=1)})),
        WORKLOAD_ROWS,
        wl.Workload,
    ),
    (
        workload_paths(wl.Workload("a", artifact=SHORT, runtime=wl.Runtime(container_groups=[GROUP]))),
        WORKLOAD_ROWS,
        wl.Workload,
    ),
)


def places(rows: Shape, keys: Callable[[], str]) -> Iterator[Path]:
    """Yield the path on the platform of every declared row, with a key for each element."""
    for wire, _ in rows.names():
        yield tuple(keys() if part == "[]" else part for part in re.findall(r"\[\]|[^.\[\]]+", wire))


@pytest.mark.parametrize(("table", "rows", "model"), TABLES)
@settings(max_examples=20, deadline=None)
@given(key=st.text(min_size=1, max_size=6))
def test_a_declared_path_leads_back_to_its_place(
    table: DeclaredPaths, rows: Shape, model: type[Resource], key: str
) -> None:
    for path in places(rows, lambda: key):
        name = table.name(path)
        assert covers([parse_pattern(found) for found in table.on_platform(name)], path), (name, path)
        assert parse_pattern(name)[0] in {*model.model_fields, "type"}


@pytest.mark.parametrize(
    ("declaring", "names"),
    [
        (chat(replicas=2, bundles=["cpu.small"]), {"replicas"}),
        (
            chat(autoscaling=[wl.cpu(target=70, max=3)], bundles=["cpu.small"]),
            {"replicas", "autoscaling.min_replicas", "autoscaling.max_replicas", "autoscaling.policies"},
        ),
        (chat(replicas=1, bundles=["cpu.large"], artifact={"image": "acme/chat:2"}), {"artifact", "bundles[0]"}),
        (
            chat(
                runtime=wl.Runtime(
                    container_groups=[wl.GroupRuntime(name="default", replicas=2, bundles=["cpu.small"])]
                )
            ),
            {"runtime.container_groups[default].replicas"},
        ),
    ],
)
def test_a_plan_names_what_differs_as_the_program_does(
    stage: Stage, declaring: Callable[[], list[Resource]], names: set[str]
) -> None:
    stage.apply(chat(replicas=1, bundles=["cpu.small"]))
    assert {item.name for item in stage.change(declaring, "workload.chat").attributes} == names


def test_a_change_of_the_bounds_is_named_in_autoscaling(stage: Stage) -> None:
    def scaled(most: int) -> Callable[[], list[Resource]]:
        return chat(autoscaling=[wl.cpu(target=70, max=most)], bundles=["cpu.small"])  # type: ignore[return-value]

    stage.apply(scaled(3))
    change = stage.change(scaled(4), "workload.chat")
    assert [item.name for item in change.attributes] == ["autoscaling.max_replicas"]
