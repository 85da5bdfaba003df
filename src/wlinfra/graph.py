"""The order of things that depend on each other.

Called by the planner (order of objects and changes) and by the applier (what may start now). Pure and generic.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

from wlinfra.errors import DeclarationError

__all__ = ["DependencyGraph", "ReadyQueue"]

Node = TypeVar("Node", bound=Hashable)


class DependencyGraph(Generic[Node]):
    """Nodes and what each depends on; orders are stable and keep the order of insertion where they are free."""

    def __init__(self) -> None:
        self._dependencies: dict[Node, dict[Node, None]] = {}

    def __len__(self) -> int:
        return len(self._dependencies)

    def __iter__(self) -> Iterator[Node]:
        return iter(self._dependencies)

    def __contains__(self, node: Node) -> bool:
        return node in self._dependencies

    def add(self, node: Node, dependencies: Iterable[Node] = ()) -> None:
        """Add a node, or dependencies to one; dependencies that are never added themselves are taken as fulfilled."""
        self._dependencies.setdefault(node, {}).update(dict.fromkeys(dependencies))

    def dependencies(self, node: Node) -> tuple[Node, ...]:
        """Return what the node depends on directly, without what is not in the graph."""
        return tuple(item for item in self._dependencies[node] if item in self._dependencies)

    def order(self) -> tuple[Node, ...]:
        """Return all nodes, every one after its dependencies; raises DeclarationError that prints a cycle."""
        queue = ReadyQueue(self)
        found: list[Node] = []
        ready = deque(queue.start())
        while ready:
            node = ready.popleft()
            found.append(node)
            ready.extend(queue.finish(node))
        return tuple(found)

    def all_dependencies(self, nodes: Iterable[Node]) -> set[Node]:
        """Return everything the nodes depend on, directly or not, without the nodes themselves."""
        given = set(nodes)
        return self._reach(given, {node: list(self.dependencies(node)) for node in self._dependencies}) - given

    def find_cycle(self) -> tuple[Node, ...]:
        """Return the nodes of one cycle, each depending on the next; empty when there is none."""
        done: set[Node] = set()
        for root in self._dependencies:
            trail: dict[Node, None] = {}
            stack = [(root, iter(self.dependencies(root)))] if root not in done else []
            trail.update(dict.fromkeys(node for node, _ in stack))
            while stack:
                node, rest = stack[-1]
                following = next((item for item in rest if item not in done), None)
                if following is None:
                    done.add(node)
                    trail.pop(node)
                    stack.pop()
                elif following in trail:
                    path = list(trail)
                    return tuple(path[path.index(following) :])
                else:
                    trail[following] = None
                    stack.append((following, iter(self.dependencies(following))))
        return ()

    def _dependents(self) -> dict[Node, list[Node]]:
        found: dict[Node, list[Node]] = {node: [] for node in self._dependencies}
        for node, dependencies in self._dependencies.items():
            for dependency in dependencies:
                if dependency in found:
                    found[dependency].append(node)
        return found

    @staticmethod
    def _reach(start: set[Node], edges: dict[Node, list[Node]]) -> set[Node]:
        found = set(start)
        left = list(start)
        while left:
            for node in edges.get(left.pop(), ()):
                if node not in found:
                    found.add(node)
                    left.append(node)
        return found


class ReadyQueue(Generic[Node]):
    """Tells which nodes may start as others finish: each by its own dependencies, without layers."""

    def __init__(self, graph: DependencyGraph[Node]) -> None:
        """Raise DeclarationError when the graph has a cycle."""
        self._dependents = graph._dependents()
        self._missing = {node: len(graph.dependencies(node)) for node in self._dependents}
        if self._has_cycle():
            _raise_cycle(graph)

    def start(self) -> tuple[Node, ...]:
        """Return the nodes that depend on nothing."""
        return tuple(node for node, missing in self._missing.items() if missing == 0)

    def finish(self, node: Node) -> tuple[Node, ...]:
        """Return the nodes that may start now that this one is done."""
        ready = []
        for dependent in self._dependents[node]:
            self._missing[dependent] -= 1
            if self._missing[dependent] == 0:
                ready.append(dependent)
        return tuple(ready)

    def _has_cycle(self) -> bool:
        missing = dict(self._missing)
        ready = [node for node, count in missing.items() if count == 0]
        seen = 0
        while ready:
            seen += 1
            for dependent in self._dependents[ready.pop()]:
                missing[dependent] -= 1
                if missing[dependent] == 0:
                    ready.append(dependent)
        return seen < len(missing)


def _raise_cycle(graph: DependencyGraph[Node]) -> None:
    cycle = graph.find_cycle()
    raise DeclarationError.of(
        "Dependency cycle",
        f"{' -> '.join(str(node) for node in (*cycle, cycle[0]))}: each of these needs the next one first, so none can start.",
        "Remove one of these references, or pass a value of its own instead of the reference.",
    )
