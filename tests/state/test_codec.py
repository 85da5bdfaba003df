"""What is recorded comes back as it was, and what must not be recorded is refused."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.state_samples import make_intent

from wlinfra.errors import StateError
from wlinfra.state.codec import (
    PackedValues,
    dump,
    history_document,
    intent_document,
    load,
    object_document,
    parse_history,
    parse_intent,
    parse_object,
)
from wlinfra.state.model import Deposed, Health, HistoryEntry, ObjectState, SecretDigest
from wlinfra.values import UNKNOWN, Address, Ref, Secret, Template

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | st.sampled_from(['"$wlinfra":', "$wlinfra"])
    | texts.map(SecretDigest)
)
keys = texts | st.sampled_from(["$wlinfra", "digest", "value"])
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=20
)
mappings = st.dictionaries(keys, values, max_size=4)
addresses = texts.map(Address)
objects = st.builds(
    ObjectState,
    address=addresses,
    provider=texts,
    kind=texts,
    id=st.none() | texts,
    name=texts,
    values=mappings,
    outputs=mappings,
    depends_on=st.lists(addresses, max_size=3).map(tuple),
    memory=mappings,
    deposed=st.lists(
        st.builds(Deposed, id=texts, depends_on=st.lists(addresses, max_size=2).map(tuple)), max_size=2
    ).map(tuple),
    health=st.sampled_from(Health),
    protect=st.booleans(),
    retain=st.booleans(),
    created=st.booleans(),
    virtual=st.booleans(),
)


@given(values)
def test_every_value_comes_back_as_it_was(value: Any) -> None:
    assert load(dump(value)) == value


@given(objects)
def test_every_object_comes_back_as_it_was(item: ObjectState) -> None:
    assert parse_object(load(dump(object_document(item)))) == item


def test_an_intent_and_a_history_entry_come_back_as_they_were() -> None:
    intent = replace(make_intent(), sequence=3, epoch=2, depends_on=(Address("artifact.a"),))
    entry = HistoryEntry(
        serial=4,
        at="2026-01-01T00:00:00Z",
        who="ada",
        host="h",
        command="apply",
        plan_digest="d",
        result="done",
        summary="1 added",
    )
    assert parse_intent(load(dump(intent_document(intent)))) == intent
    assert parse_history(load(dump(history_document(entry)))) == entry


def test_mappings_and_tuples_of_any_kind_are_recorded() -> None:
    assert load(dump(MappingProxyType({"a": (1, MappingProxyType({"b": 2}))}))) == {"a": [1, {"b": 2}]}


@pytest.mark.parametrize(
    "leaf",
    [
        Ref(Address("workload.canary"), "endpoint"),
        Template(("canary", Ref(Address("workload.canary"), "id"))),
        Secret(lambda: "canary", describe="canary"),
        UNKNOWN,
        b"canary",
        2**70,
        "canary\ud800",
    ],
    ids=["reference", "template", "secret", "unknown", "bytes", "large number", "lone surrogate"],
)
def test_what_is_no_plain_value_is_refused_without_naming_it(leaf: Any) -> None:
    with pytest.raises(StateError, match="bug in wlinfra") as caught:
        dump({"values": [{"key": leaf}]})
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_digest_does_not_show_itself() -> None:
    assert "abcdef" not in repr({"token": SecretDigest("abcdef")})


@given(st.dictionaries(keys, values, max_size=4))
def test_packed_values_are_the_values_and_are_recorded_the_same(recorded: dict[str, Any]) -> None:
    packed = PackedValues(recorded)
    assert packed == recorded
    assert dict(packed) == recorded
    assert load(dump({"values": packed, "more": recorded})) == {"values": recorded, "more": recorded}
    assert dump(packed) == dump(recorded)


def test_a_loaded_object_keeps_no_more_of_its_values_than_their_json() -> None:
    recorded = {"variables": [{"name": f"N{number}", "value": str(number)} for number in range(100)]}
    document = {"address": "item.a", "provider": "default", "kind": "item", "values": recorded}
    tracemalloc.start()
    several = [parse_object(document) for _ in range(20)]
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 20 * (len(dump(recorded)) + 1000)
    found = several[0]
    assert found.unpacked().values == recorded
    assert isinstance(found.unpacked().values, dict)
    assert found.unpacked() == found
