"""A plan is a value: frozen all the way down, without anything that still looks, waits or remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import BuiltinFunctionType, FunctionType

import pytest
from support.memory_stage import MemoryStage, Thing

import wlinfra as wl
from wlinfra.plan.model import Plan
from wlinfra.provider import OncePerPlan, Others
from wlinfra.values import UNKNOWN

PLAIN = (str, int, float, bytes, Enum, type, BuiltinFunctionType, type(None), type(UNKNOWN))


def not_values(item: object, path: str, seen: set[int]) -> Iterator[str]:
    """Yield every part that is no value; a function is one unless it closes over something."""
    if id(item) in seen or isinstance(item, PLAIN) or (isinstance(item, FunctionType) and not item.__closure__):
        return
    seen.add(id(item))
    if is_dataclass(item) and vars(type(item))["__dataclass_params__"].frozen:
        for field in fields(item):
            yield from not_values(getattr(item, field.name), f"{path}.{field.name}", seen)
    elif isinstance(item, Mapping):
        for key, value in item.items():
            yield from not_values(key, f"{path} key", seen)
            yield from not_values(value, f"{path}[{key}]", seen)
    elif isinstance(item, tuple | list | frozenset):
        for index, value in enumerate(item):
            yield from not_values(value, f"{path}[{index}]", seen)
    else:
        yield f"{path}: {type(item).__name__}"


def in_memory(folder: Path) -> Plan:
    stage = MemoryStage(folder=folder)
    assert stage.apply([Thing("a"), Thing("b", size=2)]).ok
    return stage.plan([Thing("a", size=3), Thing("c", peers=[Thing("a").ref("endpoint")])])


def on_datarobot(folder: Path) -> Plan:
    stack = wl.Stack("hello")
    server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
    stack.resources(lambda env: [server, wl.Workload("chat", artifact=server, bundles=["cpu.small"], replicas=1)])
    stack.environment("local", provider="datarobot", endpoint="emulator")
    with wl.open_workspace(stack, "local", state_dir=folder) as workspace:
        return workspace.plan()


@pytest.mark.parametrize("make", [in_memory, on_datarobot])
def test_a_plan_has_only_values(tmp_path: Path, make: Callable[[Path], Plan]) -> None:
    plan = make(tmp_path)
    assert plan.effective
    assert list(not_values(plan, "plan", set())) == []


def test_work_for_all_of_a_plan_is_done_once() -> None:
    shared, one, other = OncePerPlan(), Others(), Others()
    answers = iter(range(9))
    found = [shared.of(others, name, lambda: next(answers)) for others in (one, one, other) for name in ("x", "y", "x")]
    assert found == [0, 1, 0, 0, 1, 0, 2, 3, 2]
