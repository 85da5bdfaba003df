from __future__ import annotations

import copy
import itertools
from typing import Any

from deepdiff import DeepDiff
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wlinfra.diff.compare import compare, drift
from wlinfra.diff.leaves import same
from wlinfra.diff.model import AttributeChange
from wlinfra.diff.project import mask, project, redact
from wlinfra.diff.schema import Attribute, fields
from wlinfra.state.key import Digest
from wlinfra.values import Path, Secret, format_path, map_leaves

KEY = Digest(b"0123456789abcdef")
CANARY = "canary-text"
FREE = Attribute(free=True)

scalars = (
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, 2.5]) | st.sampled_from(["", "a", "b"])
)
names = st.sampled_from("abcd")


def documents(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    trees = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=12
    )
    return st.dictionaries(names, trees, max_size=4)


variables = st.lists(
    st.fixed_dictionaries({"name": names, "value": scalars}), max_size=4, unique_by=lambda variable: variable["name"]
)
SCHEMA = Attribute(
    fields=fields(
        a=Attribute(default="a"),
        b=Attribute(values=Attribute()),
        c=Attribute(items=Attribute(fields=fields(a=Attribute(default=1), b=Attribute()))),
        env=Attribute(keyed_by="name", items=Attribute(fields=fields(name=Attribute(), value=Attribute()))),
    )
)
typed = st.fixed_dictionaries(
    {},
    optional={
        "a": scalars,
        "b": st.dictionaries(names, scalars, max_size=3),
        "c": st.lists(st.dictionaries(st.sampled_from("ab"), scalars, max_size=2), max_size=3),
        "d": documents(scalars),
        "env": variables,
    },
)


def applied(live: Any, changes: tuple[AttributeChange, ...], desired: Any) -> Any:
    """Return the live object with every planned value put in; a list that changes is taken from what is wanted."""
    result = copy.deepcopy(live)
    for change in changes:
        put(result, change.path, change.planned, desired)
    return result


def put(place: Any, path: Path, value: Any, desired: Any) -> None:
    for part, following in itertools.pairwise(path):
        if isinstance(following, int) or part == "env":
            place[part] = copy.deepcopy(desired[part])
            return
        if not isinstance(place.get(part), dict):
            place[part] = {}
        place, desired = place[part], desired.get(part) or {}
    if value is None:
        place.pop(path[-1], None)
    else:
        place[path[-1]] = copy.deepcopy(value)


@given(documents(scalars))
def test_a_value_never_differs_from_itself(value: Any) -> None:
    assert compare({"x": value}, copy.deepcopy({"x": value}), None, Attribute(), KEY, has_prior=False).changes == ()


@given(typed)
def test_a_typed_value_never_differs_from_itself(value: Any) -> None:
    assert compare(value, copy.deepcopy(value), copy.deepcopy(value), SCHEMA, KEY, has_prior=True).changes == ()


@given(variables, st.randoms())
def test_the_order_of_a_keyed_list_has_no_meaning(elements: list[Any], random: Any) -> None:
    shuffled = list(elements)
    random.shuffle(shuffled)
    assert compare({"env": elements}, {"env": shuffled}, None, SCHEMA, KEY, has_prior=False).changes == ()
    assert project({"env": elements}, {"env": shuffled}, SCHEMA) == project(
        {"env": shuffled}, {"env": elements}, SCHEMA
    )


@given(typed, typed, typed)
def test_after_the_planned_values_are_applied_nothing_differs(desired: Any, live: Any, prior: Any) -> None:
    found = compare(desired, live, prior, SCHEMA, KEY, has_prior=True).changes
    after = applied(live, found, desired)
    assert compare(desired, after, prior, SCHEMA, KEY, has_prior=True).changes == ()


@settings(max_examples=200)
@given(documents(scalars), documents(scalars))
@example({"a": []}, {"a": [None]})
@example({"a": [None, 1, None]}, {"a": [1]})
def test_documents_differ_exactly_when_their_meaning_does(desired: Any, live: Any) -> None:
    found = compare(desired, live, None, FREE, KEY, has_prior=False).changes
    assert bool(found) is not same(desired, live, KEY)


flat = st.recursive(
    st.integers(0, 2) | st.sampled_from(["a", "b"]),
    lambda inner: st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200)
@given(st.dictionaries(names, flat, max_size=4), st.dictionaries(names, flat, max_size=4))
def test_documents_without_a_schema_differ_where_deepdiff_says(desired: Any, live: Any) -> None:
    found = {change.path for change in compare(desired, live, None, FREE, KEY, has_prior=False).changes}
    tree = DeepDiff(live, desired, view="tree", threshold_to_diff_deeper=0)
    assert found == {tuple(level.path(output_format="list")) for levels in tree.values() for level in levels}


@given(typed, typed)
def test_drift_is_empty_exactly_when_the_recorded_paths_are_as_recorded(prior: Any, live: Any) -> None:
    found = drift(prior, live, SCHEMA, KEY)
    assert bool(found) is bool(compare(prior, live, prior, SCHEMA, KEY, has_prior=True).changes)


@settings(max_examples=200)
@given(
    documents(scalars | st.just("SECRET")),
    documents(scalars | st.just("SECRET")),
    documents(scalars | st.just("SECRET")),
)
def test_no_result_shows_a_secret(desired: Any, live: Any, prior: Any) -> None:
    wanted = map_leaves(desired, lambda leaf: Secret(lambda: CANARY, describe="x") if leaf == "SECRET" else leaf)
    was = redact(
        map_leaves(prior, lambda leaf: Secret(lambda: CANARY, describe="x") if leaf == "SECRET" else leaf), KEY
    )
    has_secret = "SECRET" in repr((desired, prior))
    found = map_leaves(live, lambda leaf: CANARY if leaf == "SECRET" and has_secret else leaf)
    for schema in (Attribute(), FREE, SCHEMA):
        assert CANARY not in repr(compare(wanted, found, was, schema, KEY, has_prior=True))
    assert CANARY not in repr((mask(wanted), was))


@given(documents(scalars), documents(scalars))
def test_every_path_can_be_written(desired: Any, live: Any) -> None:
    changes = compare(desired, live, None, FREE, KEY, has_prior=False).changes
    written = [format_path(change.path) for change in changes]
    assert len(set(written)) == len(written)
