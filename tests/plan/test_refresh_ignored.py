"""Recording what is live: what the program ignores stays recorded exactly as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.memory_stage import MemoryStage, Thing

from wlinfra.changes.model import PlatformObject
from wlinfra.diff.patterns import parse_pattern
from wlinfra.diff.schema import Attribute, fields
from wlinfra.diff.single import value_at
from wlinfra.plan.refresh import refreshed
from wlinfra.provider.base import Live
from wlinfra.resources.lifecycle import Lifecycle
from wlinfra.state.key import Digest
from wlinfra.state.model import ObjectState
from wlinfra.values import Address, Secret

LISTS = fields(
    size=Attribute(),
    typed=Attribute(items=Attribute()),
    whole=Attribute(),
    unordered=Attribute(items=Attribute(), unordered=True),
    env=Attribute(keyed_by="name", items=Attribute(fields=fields(name=Attribute(), value=Attribute()))),
    labels=Attribute(values=Attribute()),
)
SCHEMA = Attribute(fields={**LISTS, "inside": Attribute(fields=LISTS)})

LIVE_SECRET = Secret(lambda: "z", describe="its live value")

scalars = st.integers(0, 2) | st.sampled_from(["", "a", "b"])
names = st.sampled_from("abc")
elements = st.lists(scalars, max_size=4)
variables = st.lists(
    st.fixed_dictionaries({"name": names, "value": scalars}), max_size=3, unique_by=lambda variable: variable["name"]
)
lists: dict[str, st.SearchStrategy[Any]] = {
    "size": scalars,
    "typed": elements,
    "whole": elements | st.dictionaries(names, elements, max_size=3),
    "unordered": elements,
    "env": variables,
    "labels": st.dictionaries(names, scalars, max_size=3),
}
values = st.fixed_dictionaries({}, optional={**lists, "inside": st.fixed_dictionaries({}, optional=lists)})
within = (*lists, "labels.a", "env[a]", "env[name=a]")
ignored = st.sampled_from([*within, "inside", *(f"inside.{path}" for path in within)])


def recorded_after(prior: dict[str, Any], live: dict[str, Any], *ignore: str) -> dict[str, Any]:
    address = Address("thing.a")
    item = PlatformObject(
        address=address,
        kind="thing",
        name="a",
        values=prior,
        schema=SCHEMA,
        provider="default",
        lifecycle=Lifecycle(ignore_changes=ignore),
    )
    record = ObjectState(address=address, provider="default", kind="thing", id="1", name="a", values=prior)
    change = refreshed(item, record, Live(id="1", values=live, outputs={}), Digest(b"0123456789abcdef"))
    return dict(change.values)


def at(path: str, tree: dict[str, Any]) -> str:
    parts = tuple(part.rpartition("=")[2] for part in parse_pattern(path))
    return json.dumps(value_at(tree, parts), sort_keys=True)


@pytest.mark.parametrize(
    "edited", [lambda ids: [*ids, "z"], lambda ids: ids[:1], lambda ids: ids[::-1], lambda ids: ["q"], lambda ids: []]
)
def test_a_list_that_is_ignored_stays_recorded_whatever_is_live(
    tmp_path: Path, edited: Callable[[list[str]], list[str]]
) -> None:
    stage = MemoryStage(folder=tmp_path)
    others = [Thing("b"), Thing("c")]
    things = [*others, Thing("a", peers=[other.ref("id") for other in others], ignore_changes=["peers"])]
    assert stage.apply(things).ok
    record = stage.state.objects[Address("thing.a")]
    peers = list(record.values["peers"])
    assert stage.world.update(str(record.id), {"size": 2, "peers": edited(peers)})
    assert stage.apply(things, refresh_only=True).ok
    recorded = stage.state.objects[Address("thing.a")].values
    assert (recorded["size"], list(recorded["peers"])) == (2, peers)


@settings(deadline=None)
@given(values, values, ignored)
@example({"typed": ["x", "y", "z"], "size": 1}, {"typed": ["q"], "size": 2}, "typed")
@example({"inside": {"typed": [1]}, "size": 1}, {"size": 2}, "inside.typed")
@example({"env": [{"name": "a", "value": {"x": [1], "y": 2}}]}, {"env": [{"name": "a"}]}, "env[a].value.x")
@example(
    {"env": [{"name": "a", "value": "x"}, {"name": "b", "value": "y"}]},
    {"env": [{"name": "b", "value": LIVE_SECRET}, {"name": "a", "value": LIVE_SECRET}]},
    "env[a]",
)
@example({"whole": {"a": []}, "size": 1}, {"whole": [0]}, "size")
def test_what_is_ignored_is_recorded_as_it_was(prior: dict[str, Any], live: dict[str, Any], path: str) -> None:
    assert at(path, recorded_after(prior, live, path)) == at(path, prior)
