"""Objects that another provider or another endpoint has are not left behind in silence."""

from __future__ import annotations

from pathlib import Path

from support.memory_stage import MemoryStage, Thing

import wlinfra as wl
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Plan
from wlinfra.plan.planner import build_plan
from wlinfra.provider.base import ProviderContext
from wlinfra.stack.program import declare
from wlinfra.state.key import Digest
from wlinfra.testing import MemoryProvider


def plan_at(stage: MemoryStage, provider: str) -> Plan:
    """Plan the thing at one of two providers, of which ``default`` made it."""
    stack = wl.Stack("demo")
    stack.resources(lambda env: [Thing("a", provider=provider)])
    stack.environment("test", providers={"default": {"provider": "memory"}, "other": {"provider": "memory"}})
    declared = declare(stack, "test", overrides={}, environ={})
    context = ProviderContext(
        name="other", options={}, environ={}, data_dir=stage.folder, stack="demo", environment="test"
    )
    other = MemoryProvider(schemas=stage.provider.schemas, outputs=stage.provider.outputs)
    connections = {"default": stage.provider.connect(context), "other": other.connect(context)}
    return build_plan(Inputs(declared=declared, state=stage.state, connections=connections, digest=Digest(b"k" * 32)))


def test_a_recorded_object_is_not_made_again_elsewhere(tmp_path: Path) -> None:
    stage = MemoryStage(folder=tmp_path)
    stage.apply([Thing("a")])
    assert plan_at(stage, "default").is_empty
    (error,) = plan_at(stage, "other").errors
    assert (error.summary, error.address) == ("Provider changed", "thing.a")
    assert 'workspace.forget("thing.a")' in error.fix


def test_a_platform_without_any_recorded_object_is_suspected_to_be_another_one(tmp_path: Path) -> None:
    stage = MemoryStage(folder=tmp_path)
    things = [Thing("a"), Thing("b")]
    stage.apply(things)
    for identity in stage.world.objects:
        stage.world.delete(identity)
    (warning,) = stage.plan(things).warnings
    assert warning.summary == "Nothing recorded exists"


def test_one_deleted_object_of_several_is_no_reason_for_suspicion(tmp_path: Path) -> None:
    stage = MemoryStage(folder=tmp_path)
    things = [Thing("a"), Thing("b")]
    stage.apply(things)
    stage.world.delete(next(iter(stage.world.objects)))
    assert stage.plan(things).warnings == ()
