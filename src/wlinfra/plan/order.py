"""The order of work: which node must be done before which, by the dependencies wanted now and those recorded.

Old objects go after all their dependents have moved. A replacement that creates first spreads to what it depends on,
because the old object still needs its old dependencies while both exist.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action
from wlinfra.errors import DeclarationError, Diagnostic
from wlinfra.graph import DependencyGraph, reached
from wlinfra.plan.model import Node
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.state.model import State
from wlinfra.values import Address

__all__ = ["edges_between", "in_order", "nodes_of", "spread_create_first"]

_ALONE = (Action.DELETE, Action.FORGET)


def nodes_of(change: Change) -> tuple[Node, ...]:
    """Return the pieces of work a change consists of."""
    if change.deposed_id is not None:
        return (Node(change.address, "delete", change.deposed_id),)
    match change.action:
        case Action.DELETE | Action.FORGET:
            return (Node(change.address, "delete"),)
        case Action.REPLACE:
            return (Node(change.address, "apply"), Node(change.address, "delete"))
        case _:
            return (Node(change.address, "apply"),)


def spread_create_first(changes: Sequence[Change], state: State) -> list[Change]:
    """Return the changes with create-then-delete passed on to every replaced dependency; raises where that is forbidden."""
    by_address = {change.address: change for change in changes if change.deposed_id is None}
    pending = [change for change in by_address.values() if change.replace_order is ReplaceOrder.CREATE_THEN_DELETE]
    while pending:
        dependent = pending.pop()
        recorded = state.objects[dependent.address].depends_on if dependent.address in state.objects else ()
        for address in {*dependent.depends_on, *recorded}:
            dependency = by_address.get(address)
            if dependency is None or dependency.replace_order is not ReplaceOrder.DELETE_THEN_CREATE:
                continue
            if _why_in_this_order(dependency):
                raise DeclarationError(_order_conflict(dependency, dependent))
            by_address[address] = replace(dependency, ordered=ReplaceOrder.CREATE_THEN_DELETE)
            pending.append(by_address[address])
    return [by_address[change.address] if change.deposed_id is None else change for change in changes]


def _why_in_this_order(change: Change) -> str:
    """Return why the old object has to be deleted first; empty where that is only the default."""
    if change.wanted is not None and change.wanted.name_is_unique:
        return "its name must be unique on the platform"
    if change.decision.order_because:
        return change.decision.order_because
    return "it is declared so" if change.lifecycle.replace_order is ReplaceOrder.DELETE_THEN_CREATE else ""


def _order_conflict(dependency: Change, dependent: Change) -> Diagnostic:
    why = _why_in_this_order(dependency)
    return Diagnostic(
        summary="Replacement orders conflict",
        detail=f"{dependent.address} is created before its old object is deleted, and that one still needs {dependency.address}, which has to be deleted first because {why}.",
        fix=f"Declare replace_order='delete-then-create' on {dependent.address}, or rename {dependency.address} so that old and new can exist side by side.",
        address=dependency.address,
        location=dependency.location,
    )


def edges_between(changes: Iterable[Change], state: State) -> dict[Node, tuple[Node, ...]]:
    """Return each node with the nodes that must be done before it."""
    listed = list(changes)
    graph = _graph(listed, state)
    needed = {address for change in listed for address in change.decision.after}
    if needed and graph.find_cycle():
        graph = _graph(listed, state, early=needed)
    replaced = {Node(change.address, "delete") for change in listed if _deletes_first(change)}
    ending = {nodes_of(change)[0] for change in listed if change.action in _ALONE}
    if replaced and graph.find_cycle():
        graph = _with_early_deletions(graph, replaced, ending)
    return {node: tuple(sorted(graph.dependencies(node))) for node in graph}


def _graph(listed: Sequence[Change], state: State, *, early: Container[Address] = ()) -> DependencyGraph[Node]:
    """Return what each node waits for; what is ``early`` ends although its users still have to move."""
    current = {change.address: change for change in listed if change.deposed_id is None}
    before: dict[Node, set[Node]] = {node: set() for change in listed for node in nodes_of(change)}
    dependents = _dependents(state, current.values())
    deposed: dict[Address, set[Node]] = defaultdict(set)
    for change in listed:
        if change.deposed_id is not None:
            deposed[change.address].update(nodes_of(change))
    for change in listed:
        let_go = set(_let_go(change, current, deposed))
        for node in nodes_of(change):
            before[node] |= let_go
            if node.phase == "apply":
                before[node] |= _before_apply(change, current)
            else:
                before[node] |= _before_delete(change, current, dependents, deposed, early)
    return DependencyGraph({node: sorted(earlier - {node}) for node, earlier in sorted(before.items())})


def _let_go(change: Change, current: Mapping[Address, Change], deposed: Mapping[Address, set[Node]]) -> Iterator[Node]:
    """Yield the nodes by which others let go of what the change needs."""
    for address in change.decision.after:
        yield from deposed.get(address, ())
        if address in current and address != change.address:
            yield nodes_of(current[address])[-1]


def _with_early_deletions(
    graph: DependencyGraph[Node], replaced: Container[Node], ending: Container[Node]
) -> DependencyGraph[Node]:
    """Return the graph without those waits of a replaced object for the end of a dependent that close a cycle.

    A dependent that stays may have to let go of one that ends, and may need the new object for that. As the old object
    is taken from the one that stays anyway, it is taken from the one that ends too.
    """
    spared = [
        (node, earlier)
        for node in graph
        if node in replaced
        for earlier in graph.dependencies(node)
        if earlier in ending
    ]
    found = DependencyGraph(
        {node: [earlier for earlier in graph.dependencies(node) if (node, earlier) not in spared] for node in graph}
    )
    for node, earlier in spared:
        if node not in found.all_dependencies([earlier]):
            found.add(node, [earlier])
    return found


def _before_apply(change: Change, current: Mapping[Address, Change]) -> set[Node]:
    earlier = _applied(change.depends_on, current) | {
        Node(address, "delete")
        for address in change.ends_first
        if address in current and current[address].action in _ALONE
    }
    if _deletes_first(change):
        earlier.add(Node(change.address, "delete"))
    return earlier


def _applied(addresses: Iterable[Address], current: Mapping[Address, Change]) -> set[Node]:
    """Return the nodes by which those of the objects that stay get what they are to be."""
    return {
        Node(address, "apply") for address in addresses if address in current and current[address].action not in _ALONE
    }


def _before_delete(
    change: Change,
    current: Mapping[Address, Change],
    dependents: Mapping[Address, set[Address]],
    deposed: Mapping[Address, set[Node]],
    early: Container[Address],
) -> set[Node]:
    deletes_first = _deletes_first(change)
    earlier: set[Node] = _before_downtime(change, current) if deletes_first else set()
    if change.action is Action.REPLACE and not deletes_first:
        earlier.add(Node(change.address, "apply"))
    for address in dependents.get(change.address, ()):
        earlier |= deposed.get(address, set())
        user = current.get(address)
        if user is None:
            continue
        if user.action in (*_ALONE, Action.REPLACE):
            earlier.add(Node(address, "delete"))
        if user.action not in _ALONE and not deletes_first and change.address not in early:
            earlier.add(Node(address, "apply"))
    return earlier


def _deletes_first(change: Change) -> bool:
    return change.action is Action.REPLACE and change.replace_order is ReplaceOrder.DELETE_THEN_CREATE


def _before_downtime(change: Change, current: Mapping[Address, Change]) -> set[Node]:
    """Return what the new object needs, so that the old one is not deleted for one that cannot be created.

    Where a dependency has to be deleted first itself, its old object needs this one gone, and nothing is added.
    """
    needed = reached(change.depends_on, {address: other.depends_on for address, other in current.items()})
    if any(_deletes_first(current[address]) or current[address].ends_first for address in needed & current.keys()):
        return set()
    return _applied(change.depends_on, current)


def _dependents(state: State, changes: Iterable[Change]) -> dict[Address, set[Address]]:
    """Return the dependents of each object: by the record, including deposed objects, and by the plan."""
    found: dict[Address, set[Address]] = defaultdict(set)
    for address, item in state.objects.items():
        for dependency in (*item.depends_on, *(name for deposed in item.deposed for name in deposed.depends_on)):
            found[dependency].add(address)
    for change in changes:
        for dependency in change.depends_on:
            found[dependency].add(change.address)
    return found


def in_order(changes: Sequence[Change], edges: Mapping[Node, tuple[Node, ...]]) -> tuple[Change, ...]:
    """Return the changes so that each stands where its first node may run; raises DeclarationError for a cycle."""
    place = {node: index for index, node in enumerate(DependencyGraph(edges).order())}
    return tuple(
        sorted(
            changes,
            key=lambda change: (min(place[node] for node in nodes_of(change)), change.address, change.deposed_id or ""),
        )
    )
