"""What a connection may do beyond the seven questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from support.changes import change

from wlinfra.changes.model import Action, PlatformObject
from wlinfra.diff.model import AttributeChange
from wlinfra.diff.schema import OPAQUE
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Node
from wlinfra.plan.order import edges_between
from wlinfra.plan.planner import batches
from wlinfra.plan.scope import find_strays
from wlinfra.provider.base import Live, ReadRequest
from wlinfra.provider.optional import Stray
from wlinfra.stack.program import Declared
from wlinfra.state.model import State
from wlinfra.values import Address

A, B, C = (Address(f"thing.{name}") for name in "abc")
STATE = State(stack="s", environment="e")


@dataclass
class Platform:
    """Asks to plan in parallel and knows of one stray."""

    plan_parallelism: int = 4
    stray: Stray | None = None
    asked: list[ReadRequest] = field(default_factory=list)

    def strays(self, known: Sequence[ReadRequest]) -> Sequence[Stray]:
        self.asked += known
        return () if self.stray is None else (self.stray,)

    def theirs(self, reading: Live, drift: Sequence[AttributeChange]) -> Sequence[AttributeChange]:
        return drift

    def explain(self, reading: Live, drift: Sequence[AttributeChange]) -> Sequence[AttributeChange]:
        return drift


def item(address: Address, *needs: Address) -> PlatformObject:
    return PlatformObject(address=address, kind="thing", name=address.name, values={}, schema=OPAQUE, depends_on=needs)


def inputs(connection: object) -> Inputs:
    declared = Declared(stack="s", environment="e", resources=(), outputs=(), providers={})
    return Inputs(declared=declared, state=STATE, connections={"default": connection})  # type: ignore[dict-item] # only the optional parts are asked


def test_objects_that_do_not_depend_on_each_other_are_planned_together() -> None:
    objects = {A: item(A), B: item(B), C: item(C, A)}
    found = [
        (sorted(one.address for one in batch), ask(lambda one: one.name, batch))
        for batch, ask in batches(inputs(Platform()), objects)
    ]
    assert found == [([A, B], ["a", "b"]), ([C], ["c"])]


def test_objects_are_planned_one_by_one_where_nobody_asks_for_more() -> None:
    objects = {A: item(A), B: item(B)}
    assert [[one.address for one in batch] for batch, _ in batches(inputs(object()), objects)] == [[A], [B]]


def test_a_stray_at_a_taken_address_gets_one_of_its_own() -> None:
    stray = Stray(address=A, kind="thing", id="1", name="old")
    (found,) = find_strays(inputs(Platform(stray=stray)), {A: item(A)}, STATE)
    assert (found.address, found.provider, found.id) == ("thing.a/old", "default", "1")


def test_an_object_changes_after_the_end_of_what_must_end_first() -> None:
    ends = change(B, Action.DELETE)
    grows = change(A, Action.UPDATE, ends_first=(B, C))
    edges = edges_between([ends, grows], STATE)
    assert edges[Node(A, "apply")] == (Node(B, "delete"),)
