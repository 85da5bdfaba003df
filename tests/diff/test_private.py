"""The law of private values: a live one is shown or recorded only where it is known in plain text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wlinfra.diff.compare import compare, drift
from wlinfra.diff.private import conceal
from wlinfra.diff.schema import Attribute, fields
from wlinfra.state.key import Digest
from wlinfra.values import Json, Secret, map_leaves

ENV = Attribute(
    keyed_by="name",
    default=[],
    items=Attribute(fields=fields(name=Attribute(), value=Attribute(private=True))),
)
SCHEMA = Attribute(fields=fields(env=ENV, headers=Attribute(values=Attribute(private=True))))
DIGEST = Digest(b"k" * 32)

names = st.sampled_from(["A", "B", "C"])
variables = st.none() | st.dictionaries(names, st.sampled_from(["declared-1", "declared-2"]), max_size=3)
lives = st.dictionaries(names, st.sampled_from(["declared-1", "foreign-1", "foreign-2"]), max_size=3)


def values(found: dict[str, str] | None) -> Json:
    if found is None:
        return None
    return {"env": [{"name": name, "value": value} for name, value in found.items()], "headers": dict(found)}


def texts(value: Json) -> set[str]:
    found: set[str] = set()

    def look(leaf: Json) -> Json:
        found.update([leaf] if isinstance(leaf, str) else [])
        return leaf

    map_leaves(value, look)
    return found


@given(variables, lives, variables)
def test_foreign_values_are_shown_only_where_a_plain_one_is_declared_and_recorded(
    wanted: dict[str, str] | None, live: dict[str, str], recorded: dict[str, str] | None
) -> None:
    open_names = {name for name in live if name in (wanted or {}) and name in (recorded or {})}
    allowed = {live[name] for name in open_names}
    found = compare(
        values(wanted) or {}, values(live), values(recorded), SCHEMA, DIGEST, has_prior=recorded is not None
    )
    shown = set().union(*(texts(change.live) for change in found.changes), set())
    assert {text for text in shown if text.startswith("foreign")} <= allowed


@given(variables, lives)
def test_drift_shows_foreign_values_only_of_what_was_recorded(
    recorded: dict[str, str] | None, live: dict[str, str]
) -> None:
    allowed = {live[name] for name in live if name in (recorded or {})}
    shown = set().union(*(texts(change.live) for change in drift(values(recorded) or {}, values(live), SCHEMA, DIGEST)))
    assert {text for text in shown if text.startswith("foreign")} <= allowed


@given(variables, lives, variables)
def test_what_is_concealed_is_what_is_not_known(
    wanted: dict[str, str] | None, live: dict[str, str], recorded: dict[str, str] | None
) -> None:
    found = conceal(values(live), values(wanted), values(recorded), SCHEMA)
    for name, element in zip(live, found["env"], strict=True):
        known = {(wanted or {}).get(name), (recorded or {}).get(name)}
        is_open = live[name] in known or None not in known
        assert isinstance(element["value"], Secret) is not is_open
        assert isinstance(found["headers"][name], Secret) is not is_open
