"""The order of things that depend on each other.

Called for declarations, by the planner (order of objects and changes) and by the applier. Pure and generic.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Generic, TypeVar

from wlinfra.errors import DeclarationError

__all__ = ["DependencyGraph", "reached"]

Node = TypeVar("Node", bound=Hashable)


def reached(start: Iterable[Node], links: Mapping[Node, Iterable[Node]]) -> set[Node]:
    """Return the start and everything that the links lead to from there."""
    found: set[Node] = set()
    pending = list(start)
    while pending:
        node = pending.pop()
        if node not in found:
            found.add(node)
            pending += links.get(node, ())
    return found


class DependencyGraph(Generic[Node]):
    """Nodes and what each depends on; orders are stable and keep the order of insertion where they are free."""

    def __init__(self, dependencies: Mapping[Node, Iterable[Node]] | None = None) -> None:
        """Take each node with what it depends on; what is never added itself is taken as fulfilled."""
        self._dependencies: dict[Node, dict[Node, None]] = {}
        for node, needed in (dependencies or {}).items():
            self.add(node, needed)

    def __len__(self) -> int:
        return len(self._dependencies)

    def __iter__(self) -> Iterator[Node]:
        return iter(self._dependencies)

    def __contains__(self, node: Node) -> bool:
        return node in self._dependencies

    def add(self, node: Node, dependencies: Iterable[Node] = ()) -> None:
        """Add a node, or dependencies to one."""
        self._dependencies.setdefault(node, {}).update(dict.fromkeys(dependencies))

    def dependencies(self, node: Node) -> tuple[Node, ...]:
        """Return what the node depends on directly, without what is not in the graph."""
        return tuple(item for item in self._dependencies[node] if item in self._dependencies)

    def order(self) -> tuple[Node, ...]:
        """Return all nodes, every one after its dependencies; raises DeclarationError that prints a cycle."""
        try:
            return tuple(self._sorter().static_order())
        except CycleError:
            cycle = self.find_cycle()
            raise DeclarationError.of(
                "Dependency cycle",
                f"{' -> '.join(str(node) for node in (*cycle, cycle[0]))}: each of these needs the next one first, so none can start.",
                "Remove one of these references, or pass a value of its own instead of the reference.",
            ) from None

    def all_dependencies(self, nodes: Iterable[Node]) -> set[Node]:
        """Return everything the nodes depend on, directly or not, without the nodes themselves."""
        given = set(nodes)
        return reached(given, {node: self.dependencies(node) for node in self._dependencies}) - given

    def find_cycle(self) -> tuple[Node, ...]:
        """Return the nodes of one cycle, each depending on the next; empty when there is none."""
        try:
            self._sorter().prepare()
        except CycleError as error:
            found: list[Node] = error.args[1]  # closed, and each needed by the next
            return tuple(reversed(found[1:]))
        return ()

    def _sorter(self) -> TopologicalSorter[Node]:
        sorter: TopologicalSorter[Node] = TopologicalSorter(dict.fromkeys(self._dependencies, ()))
        for node in self._dependencies:
            sorter.add(node, *self.dependencies(node))
        return sorter
