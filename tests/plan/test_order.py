"""Which work comes before which."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from support import changes

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action
from wlinfra.errors import DeclarationError
from wlinfra.plan.model import Node
from wlinfra.plan.order import edges_between, in_order, spread_create_first
from wlinfra.resources.lifecycle import Lifecycle, ReplaceOrder
from wlinfra.state.model import Deposed, ObjectState, State
from wlinfra.values import Address

SERVER, CHAT = Address("artifact.server"), Address("workload.chat")
FIRST, LAST = ReplaceOrder.CREATE_THEN_DELETE, ReplaceOrder.DELETE_THEN_CREATE


def change(
    address: Address,
    action: Action,
    *needs: Address,
    order: ReplaceOrder | None = None,
    lifecycle: Lifecycle | None = None,
    deposed: str | None = None,
) -> Change:
    return changes.change(
        address,
        action,
        depends_on=needs,
        replace_order=order,
        lifecycle=lifecycle or Lifecycle(),
        deposed_id=deposed,
    )


def recorded(**needs: Iterable[Address]) -> State:
    places = {"server": SERVER, "chat": CHAT}
    objects = {
        places[name]: ObjectState(
            address=places[name], provider="default", kind="thing", id=f"{name}-1", depends_on=tuple(wanted)
        )
        for name, wanted in needs.items()
    }
    return State(stack="s", environment="e", objects=objects)


EMPTY = recorded()


def test_an_object_is_made_after_what_it_depends_on() -> None:
    edges = edges_between([change(CHAT, Action.CREATE, SERVER), change(SERVER, Action.CREATE)], EMPTY)
    assert edges == {Node(SERVER, "apply"): (), Node(CHAT, "apply"): (Node(SERVER, "apply"),)}


def test_an_object_is_deleted_after_those_that_were_recorded_to_need_it() -> None:
    state = recorded(server=[], chat=[SERVER])
    edges = edges_between([change(CHAT, Action.DELETE), change(SERVER, Action.DELETE)], state)
    assert edges == {Node(SERVER, "delete"): (Node(CHAT, "delete"),), Node(CHAT, "delete"): ()}


def test_an_object_is_deleted_after_its_dependents_have_moved_away() -> None:
    state = recorded(server=[], chat=[SERVER])
    edges = edges_between([change(CHAT, Action.ROLL), change(SERVER, Action.DELETE)], state)
    assert edges[Node(SERVER, "delete")] == (Node(CHAT, "apply"),)


def test_create_first_deletes_the_old_object_after_dependents_moved_to_the_new_one() -> None:
    state = recorded(server=[], chat=[SERVER])
    edges = edges_between([change(SERVER, Action.REPLACE, order=FIRST), change(CHAT, Action.ROLL, SERVER)], state)
    assert edges[Node(SERVER, "delete")] == (Node(SERVER, "apply"), Node(CHAT, "apply"))
    assert edges[Node(CHAT, "apply")] == (Node(SERVER, "apply"),)


def test_delete_first_makes_the_new_object_after_the_old_one_is_gone() -> None:
    state = recorded(server=[], chat=[SERVER])
    edges = edges_between([change(SERVER, Action.REPLACE, order=LAST), change(CHAT, Action.ROLL, SERVER)], state)
    assert edges[Node(SERVER, "delete")] == ()
    assert edges[Node(SERVER, "apply")] == (Node(SERVER, "delete"),)


def test_delete_first_deletes_only_when_what_the_new_object_needs_is_there() -> None:
    state = recorded(chat=[SERVER])
    changes = [change(SERVER, Action.UPDATE), change(CHAT, Action.REPLACE, SERVER, order=LAST)]
    edges = edges_between(changes, state)
    assert edges[Node(CHAT, "delete")] == (Node(SERVER, "apply"),)
    assert [item.address for item in in_order(changes, edges)] == [SERVER, CHAT]


def test_a_dependency_that_is_deleted_first_itself_is_deleted_after_its_dependent() -> None:
    changes = [change(SERVER, Action.REPLACE, order=LAST), change(CHAT, Action.REPLACE, SERVER, order=LAST)]
    edges = edges_between(changes, recorded(chat=[SERVER], server=[]))
    assert edges[Node(CHAT, "delete")] == ()
    assert edges[Node(SERVER, "delete")] == (Node(CHAT, "delete"),)


def test_what_ends_outlives_a_replaced_object_when_one_that_stays_holds_both() -> None:
    old = Address("workload.old")
    needs = {SERVER: [], old: [SERVER], CHAT: [old, SERVER]}
    records = {
        at: ObjectState(address=at, provider="default", kind="thing", id=str(at), depends_on=tuple(wanted))
        for at, wanted in needs.items()
    }
    changes = [
        change(SERVER, Action.REPLACE, order=LAST),
        change(old, Action.DELETE),
        change(CHAT, Action.UPDATE, SERVER),
    ]
    edges = edges_between(changes, State(stack="s", environment="e", objects=records))
    assert edges[Node(SERVER, "delete")] == ()
    assert edges[Node(old, "delete")] == (Node(CHAT, "apply"),)
    assert [item.address for item in in_order(changes, edges)] == [SERVER, CHAT, old]


def test_create_first_spreads_to_replaced_dependencies() -> None:
    changes = [change(SERVER, Action.REPLACE, order=LAST), change(CHAT, Action.REPLACE, SERVER, order=FIRST)]
    spread = spread_create_first(changes, recorded(server=[], chat=[SERVER]))
    assert [item.replace_order for item in spread] == [FIRST, FIRST]
    assert in_order(spread, edges_between(spread, recorded(server=[], chat=[SERVER])))[0].address == SERVER


def test_create_first_cannot_spread_to_what_is_declared_to_be_deleted_first() -> None:
    stubborn = change(SERVER, Action.REPLACE, order=LAST, lifecycle=Lifecycle(replace_order=LAST))
    with pytest.raises(DeclarationError, match="Replacement orders conflict"):
        spread_create_first([stubborn, change(CHAT, Action.REPLACE, SERVER, order=FIRST)], EMPTY)


def test_a_deposed_object_is_deleted_after_deposed_objects_that_needed_it() -> None:
    old = ObjectState(
        address=CHAT, provider="default", kind="thing", id="new", deposed=(Deposed(id="old", depends_on=(SERVER,)),)
    )
    state = State(stack="s", environment="e", objects={CHAT: old})
    edges = edges_between([change(CHAT, Action.DELETE, deposed="old"), change(SERVER, Action.DELETE)], state)
    assert edges[Node(SERVER, "delete")] == (Node(CHAT, "delete", "old"),)


OTHER = Address("workload.other")


@pytest.mark.parametrize(
    ("holder", "released"),
    [
        (change(OTHER, Action.ROLL), Node(OTHER, "apply")),
        (change(OTHER, Action.DELETE), Node(OTHER, "delete")),
        (change(OTHER, Action.REPLACE, order=FIRST), Node(OTHER, "delete")),
        (change(OTHER, Action.DELETE, deposed="old"), Node(OTHER, "delete", "old")),
    ],
)
def test_an_object_is_changed_once_another_has_let_go_of_what_it_needs(holder: Change, released: Node) -> None:
    edges = edges_between([changes.altered(change(CHAT, Action.CREATE), after=(OTHER,)), holder], EMPTY)
    assert edges[Node(CHAT, "apply")] == (released,)


def test_what_has_to_let_go_ends_although_its_user_moves_to_what_comes_after_it() -> None:
    state = recorded(server=[CHAT], chat=[])
    new = changes.altered(change(OTHER, Action.CREATE), after=(CHAT,))
    edges = edges_between([change(CHAT, Action.DELETE), new, change(SERVER, Action.UPDATE, OTHER)], state)
    assert edges[Node(CHAT, "delete")] == ()
    assert edges[Node(OTHER, "apply")] == (Node(CHAT, "delete"),)
    assert edges[Node(SERVER, "apply")] == (Node(OTHER, "apply"),)


def test_create_first_cannot_spread_to_what_the_provider_has_to_delete_first() -> None:
    fixed = changes.altered(change(SERVER, Action.REPLACE, order=LAST), order_because="a draft serves one only")
    with pytest.raises(DeclarationError, match="a draft serves one only"):
        spread_create_first([fixed, change(CHAT, Action.REPLACE, SERVER, order=FIRST)], EMPTY)


def test_the_order_is_the_same_whatever_the_order_of_the_input() -> None:
    changes = [change(Address(f"artifact.a{number}"), Action.CREATE) for number in range(20)] + [
        change(CHAT, Action.CREATE, Address("artifact.a7"))
    ]
    forward = in_order(changes, edges_between(changes, EMPTY))
    backward = in_order(changes[::-1], edges_between(changes[::-1], EMPTY))
    assert [item.address for item in forward] == [item.address for item in backward]
    assert forward[-1].address == CHAT
