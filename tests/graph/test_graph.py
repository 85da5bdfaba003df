from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wlinfra.errors import DeclarationError
from wlinfra.graph import DependencyGraph


def graph_of(**dependencies: str) -> DependencyGraph[str]:
    graph: DependencyGraph[str] = DependencyGraph()
    for node, needed in dependencies.items():
        graph.add(node, needed)
    return graph


edges = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)).filter(lambda edge: edge[0] > edge[1]), max_size=40)


def test_free_nodes_keep_the_order_they_were_added_in() -> None:
    assert graph_of(c="", a="b", b="", d="").order() == ("c", "b", "d", "a")


def test_dependencies_that_are_not_in_the_graph_are_fulfilled() -> None:
    assert graph_of(a="xyz").order() == ("a",)


@given(edges)
def test_every_node_comes_after_its_dependencies(pairs: list[tuple[int, int]]) -> None:
    graph: DependencyGraph[int] = DependencyGraph()
    for node, needed in pairs:
        graph.add(needed)
        graph.add(node, [needed])
    place = {node: index for index, node in enumerate(graph.order())}
    assert len(place) == len(graph)
    assert all(place[needed] < place[node] for node, needed in pairs)


def test_a_cycle_is_printed() -> None:
    with pytest.raises(DeclarationError, match=re.escape("a -> b -> c -> a: each of these needs the next one first")):
        graph_of(z="a", a="b", b="c", c="a").order()


def test_a_node_that_needs_itself_is_a_cycle() -> None:
    assert graph_of(a="", b="b").find_cycle() == ("b",)


def test_a_graph_without_a_cycle_has_none_to_find() -> None:
    assert graph_of(a="bc", b="d", c="d", d="").find_cycle() == ()


def test_everything_upstream_is_found() -> None:
    graph = graph_of(a="", b="a", c="b", d="")
    assert graph.all_dependencies(["c", "d"]) == {"a", "b"}
    assert graph.dependencies("c") == ("b",)


def test_long_chains_need_no_recursion() -> None:
    graph: DependencyGraph[int] = DependencyGraph()
    for node in range(10_000):
        graph.add(node, [node + 1])
    graph.add(10_000)
    assert graph.order() == tuple(range(10_000, -1, -1))
    graph.add(10_000, [0])
    assert len(graph.find_cycle()) == 10_001
    assert 5 in graph
