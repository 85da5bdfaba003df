from __future__ import annotations

import pytest
from support import changes

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, PlatformObject
from wlinfra.diff.schema import OPAQUE
from wlinfra.plan.select import with_users_left_out
from wlinfra.state.model import ObjectState
from wlinfra.values import Address

A, B, C = (Address(f"thing.{name}") for name in "abc")


def item(address: Address, *needs: Address) -> PlatformObject:
    return PlatformObject(address=address, kind="thing", name=address.name, values={}, schema=OPAQUE, depends_on=needs)


def record(address: Address, *needs: Address) -> ObjectState:
    return ObjectState(address=address, provider="default", kind="thing", id="1", name=address.name, depends_on=needs)


def change(action: Action) -> Change:
    return changes.change(A, action)


@pytest.mark.parametrize(("action", "gone"), [(Action.REPLACE, "replaced"), (Action.DELETE, "deleted")])
def test_who_goes_on_using_what_is_gone_is_told(action: Action, gone: str) -> None:
    (found,) = with_users_left_out([change(action)], {A: item(A), B: item(B, A)}, {C: record(C, A)}, {A})
    (note,) = found.notes
    assert f"still using what is {gone}: thing.b, thing.c;" in note


@pytest.mark.parametrize("action", [Action.UPDATE, Action.ROLL, Action.CREATE, Action.NO_OP])
def test_what_keeps_its_identity_needs_no_word(action: Action) -> None:
    assert with_users_left_out([change(action)], {B: item(B, A)}, {}, {A}) == [change(action)]


def test_what_the_plan_is_about_is_not_left_out() -> None:
    changes = [change(Action.REPLACE)]
    assert with_users_left_out(changes, {A: item(A), B: item(B, A), C: item(C)}, {}, {A, B}) == changes


def test_a_dependency_that_is_not_declared_any_more_does_not_count() -> None:
    changes = [change(Action.REPLACE)]
    assert with_users_left_out(changes, {B: item(B)}, {B: record(B, A)}, {A}) == changes


def test_many_are_counted() -> None:
    users = {Address(f"thing.u{number}"): item(Address(f"thing.u{number}"), A) for number in range(5)}
    (found,) = with_users_left_out([change(Action.REPLACE)], users, {}, {A})
    assert "thing.u0, thing.u1, thing.u2 and 2 more;" in found.notes[0]
