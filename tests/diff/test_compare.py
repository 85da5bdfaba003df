from __future__ import annotations

from typing import Any

import pytest

from wlinfra.diff.compare import Comparison, compare, drift
from wlinfra.diff.model import SENSITIVE, Origin
from wlinfra.diff.schema import Attribute, Effect, fields
from wlinfra.quantities import memory_bytes
from wlinfra.state.key import Digest
from wlinfra.state.model import SecretDigest
from wlinfra.values import UNKNOWN, Address, Ref, Secret, Template, format_path

KEY = Digest(b"0123456789abcdef")
NO_KEY = Digest()
TEXT = "canary-text"

SCHEMA = Attribute(
    fields=fields(
        name=Attribute(),
        description=Attribute(default=""),
        memory=Attribute(normalize=memory_bytes),
        status=Attribute(computed=True),
        identity=Attribute(effect=Effect.REPLACES),
        later=Attribute(effect=Effect.STORED),
        password=Attribute(sensitive=True),
        token=Attribute(write_only=True),
        env=Attribute(
            keyed_by="name",
            default=[],
            effect=Effect.ROLLS,
            items=Attribute(fields=fields(name=Attribute(), value=Attribute(), source=Attribute(default="string"))),
        ),
        bundles=Attribute(items=Attribute(), unordered=True),
        policies=Attribute(items=Attribute(fields=fields(metric=Attribute(), target=Attribute()))),
        labels=Attribute(values=Attribute()),
        runtime=Attribute(
            effect=Effect.ROLLS,
            fields=fields(replicas=Attribute(default=1), note=Attribute(effect=Effect.IN_PLACE), secret=Attribute()),
        ),
        free=Attribute(free=True),
    )
)


def secret(text: str = TEXT) -> Secret:
    return Secret(lambda: text, describe="a test")


def recorded(text: str = TEXT) -> SecretDigest:
    return SecretDigest(KEY(text))


def run(
    desired: Any, live: Any, prior: Any = None, *, digest: Digest = KEY, ignore: tuple[str, ...] = ()
) -> Comparison:
    return compare(desired, live, prior, SCHEMA, digest, has_prior=prior is not None, ignore=ignore)


def paths(comparison: Comparison) -> list[str]:
    return [format_path(change.path) for change in comparison.changes]


@pytest.mark.parametrize(
    ("desired", "live"),
    [
        pytest.param({"memory": "512MB"}, {"memory": 512_000_000}, id="one amount in two spellings"),
        pytest.param({"description": ""}, {}, id="a default left out by the platform"),
        pytest.param({"description": None}, {"description": "x"}, id="null is absent, so it is not ours"),
        pytest.param({"runtime": {"replicas": 1}}, {}, id="an object of defaults only"),
        pytest.param({"name": "a"}, {"name": "a", "labels": {"x": "y"}}, id="an attribute that was never ours"),
        pytest.param({"name": "a"}, {"name": "a", "status": "running"}, id="a computed attribute"),
        pytest.param({"status": "x"}, {"status": "y"}, id="a computed attribute that was declared"),
        pytest.param(
            {"env": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]},
            {"env": [{"name": "b", "value": "2", "source": "string"}, {"name": "a", "value": "1"}]},
            id="a keyed list in another order",
        ),
        pytest.param({"bundles": ["x", "y"]}, {"bundles": ["y", "x"]}, id="an unordered list in another order"),
        pytest.param({"env": []}, {}, id="an empty list and none"),
        pytest.param(
            {"policies": [{"metric": "m"}]},
            {"policies": [{"metric": "m", "target": 3}]},
            id="what the platform filled into an element",
        ),
        pytest.param({"free": {"a": 1, "b": None}}, {"free": {"a": 1.0}}, id="free values by meaning"),
        pytest.param({"token": "x"}, {}, id="a write-only attribute of which nothing is recorded"),
    ],
)
def test_equal_meaning_is_no_change(desired: Any, live: Any) -> None:
    assert run(desired, live).changes == ()


@pytest.mark.parametrize(
    ("desired", "live", "expected"),
    [
        pytest.param({"name": "a"}, {"name": "b"}, ["name"], id="a scalar"),
        pytest.param({"name": True}, {"name": 1}, ["name"], id="True is not 1"),
        pytest.param({"free": {"x": [True]}}, {"free": {"x": [1]}}, ["free.x[0]"], id="True is not 1, deep inside"),
        pytest.param(
            {"labels": {"a": "1"}},
            {"labels": {"a": "1", "b": "2"}},
            ["labels.b"],
            id="an entry too many in a map of ours",
        ),
        pytest.param({"env": [{"name": "a"}]}, {"env": [{"name": "b"}]}, ["env.a", "env.b"], id="one key for another"),
        pytest.param(
            {"env": [{"name": "a", "value": "1"}]},
            {"env": [{"name": "a", "value": "2"}]},
            ["env.a.value"],
            id="an element's attribute",
        ),
        pytest.param({"bundles": ["x", "x"]}, {"bundles": ["x", "y"]}, ["bundles"], id="an unordered list as a whole"),
        pytest.param(
            {"policies": [{"metric": "new"}, {"metric": "m"}, {"metric": "n"}]},
            {"policies": [{"metric": "m", "target": 1}, {"metric": "n", "target": 2}]},
            ["policies[0]"],
            id="an insert at the front",
        ),
        pytest.param({"policies": []}, {"policies": [{"metric": "m"}]}, ["policies[0]"], id="an element too many"),
        pytest.param({"name": {"a": 1}}, {"name": "a"}, ["name"], id="an object for a scalar"),
        pytest.param({"free": [1, 2, 3, 4]}, {"free": [2, 3, 4]}, ["free[0]"], id="an insert into a free list"),
        pytest.param({"free": {"a": {}}}, {"free": {}}, ["free.a"], id="an empty free object is no absence"),
    ],
)
def test_differences_are_found_at_their_paths(desired: Any, live: Any, expected: list[str]) -> None:
    assert paths(run(desired, live)) == expected


@pytest.mark.parametrize(
    ("prior", "live", "path", "planned"),
    [
        pytest.param({"description": "x"}, {"description": "x"}, "description", "", id="to its default"),
        pytest.param({"name": "x"}, {"name": "x"}, "name", None, id="to nothing"),
        pytest.param(
            {"runtime": {"replicas": 3}},
            {"runtime": {"replicas": 3, "note": "n"}},
            "runtime.replicas",
            1,
            id="inside an object that keeps the rest",
        ),
        pytest.param({"env": [{"name": "a"}]}, {"env": [{"name": "a"}]}, "env", [], id="a list as a whole"),
        pytest.param({"token": "x"}, {}, "token", None, id="a write-only attribute, unseen"),
    ],
)
def test_an_attribute_no_longer_declared_is_reset(prior: Any, live: Any, path: str, planned: Any) -> None:
    (change,) = run({}, live, prior).changes
    assert (format_path(change.path), change.planned, change.origin) == (path, planned, Origin.INTENDED)


def test_nothing_is_reset_when_it_has_its_default_already() -> None:
    assert (
        run(
            {}, {"description": "", "runtime": {"replicas": 1}}, {"description": "x", "runtime": {"replicas": 1}}
        ).changes
        == ()
    )


@pytest.mark.parametrize(
    ("desired", "live", "prior", "origin"),
    [
        pytest.param({"name": "new"}, {"name": "old"}, {"name": "old"}, Origin.INTENDED, id="the program changed"),
        pytest.param({"name": "old"}, {"name": "else"}, {"name": "old"}, Origin.DRIFT, id="somebody changed it"),
        pytest.param({"name": "new"}, {"name": "else"}, {"name": "old"}, Origin.BOTH, id="both changed"),
        pytest.param({"name": "new"}, {"name": "else"}, None, Origin.UNATTRIBUTED, id="nothing is recorded"),
        pytest.param({"memory": "1GB"}, {"memory": 5}, {"memory": 1_000_000_000}, Origin.DRIFT, id="by meaning"),
        pytest.param(
            {"labels": {}}, {"labels": {"a": "b"}}, {"labels": {}}, Origin.DRIFT, id="an entry somebody added"
        ),
    ],
)
def test_the_record_tells_who_made_the_difference(desired: Any, live: Any, prior: Any, origin: Origin) -> None:
    assert [change.origin for change in run(desired, live, prior).changes] == [origin]


@pytest.mark.parametrize(
    ("desired", "live", "effect"),
    [
        ({"name": "a"}, {}, Effect.IN_PLACE),
        ({"identity": "a"}, {}, Effect.REPLACES),
        ({"later": 1}, {"later": 2}, Effect.STORED),
        ({"env": [{"name": "a", "value": "1"}]}, {"env": [{"name": "a", "value": "2"}]}, Effect.ROLLS),
        ({"runtime": {"note": "a"}}, {"runtime": {"note": "b"}}, Effect.IN_PLACE),
        ({"runtime": {"replicas": 2}}, {"runtime": {}}, Effect.ROLLS),
    ],
)
def test_the_nearest_attribute_with_an_effect_decides(desired: Any, live: Any, effect: Effect) -> None:
    assert run(desired, live).effect is effect


@pytest.mark.parametrize(
    "open_value", [UNKNOWN, Ref(Address("a.b"), "id"), Template(("x", Ref(Address("a.b"), "id")))], ids=repr
)
def test_what_only_the_apply_will_tell_differs_as_unknown(open_value: Any) -> None:
    (change,) = run({"name": open_value, "free": {"x": 1}}, {"name": "n", "free": {"x": 1}}, {"name": "n"}).changes
    assert (change.path, change.live, change.planned) == (("name",), "n", UNKNOWN)


@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        ("name", ["env.a.value", "runtime.replicas"]),
        ("runtime", ["name", "env.a.value"]),
        ("env.*.value", ["name", "runtime.replicas"]),
        ("env.b", ["name", "env.a.value", "runtime.replicas"]),
    ],
)
def test_ignored_paths_are_left_alone_with_all_below(ignore: str, left: list[str]) -> None:
    desired = {"name": "a", "env": [{"name": "a", "value": "1"}], "runtime": {"replicas": 2}}
    live = {"name": "b", "env": [{"name": "a", "value": "2"}], "runtime": {"replicas": 3}}
    assert paths(run(desired, live, ignore=(ignore,))) == left


UNORDERED = Attribute(fields=fields(sizes=Attribute(unordered=True, items=Attribute(normalize=memory_bytes))))


@pytest.mark.parametrize(
    ("desired", "live", "differs"),
    [
        ([1, "1KB", True], [True, 1000, 1], False),
        ([1, 2], [2, True], True),
        ([1], [1, 2], True),
        ([secret(), "a"], ["a", TEXT], False),
    ],
)
def test_unordered_lists_are_compared_as_bags_of_meanings(desired: Any, live: Any, differs: bool) -> None:
    found = compare({"sizes": desired}, {"sizes": live}, None, UNORDERED, KEY, has_prior=False)
    assert bool(found.changes) is differs
    assert TEXT not in repr(found)


def test_a_keyed_list_whose_keys_do_not_tell_elements_apart_is_compared_by_place() -> None:
    desired = {"env": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}
    live = {"env": [{"name": "a", "value": "1"}, {"name": "a", "value": "3"}]}
    assert paths(run(desired, live)) == ["env[1].value"]


def test_ignored_paths_count_only_once_the_object_exists() -> None:
    assert paths(run({"name": "a"}, None, ignore=("name",))) == ["name"]


def test_drift_compares_recorded_paths_only() -> None:
    found = drift({"name": "a", "memory": "1MB"}, {"name": "b", "memory": 1_000_000, "cpu": 1}, SCHEMA, KEY)
    assert [(change.path, change.recorded, change.live, change.origin) for change in found] == [
        (("name",), "a", "b", Origin.DRIFT)
    ]


@pytest.mark.parametrize(
    ("desired", "live", "prior", "digest", "changed"),
    [
        pytest.param({"name": secret()}, {"name": TEXT}, None, KEY, False, id="equal to the live text"),
        pytest.param({"name": secret()}, {"name": "other"}, None, KEY, True, id="unlike the live text"),
        pytest.param(
            {"name": secret()},
            {"name": TEXT},
            {"name": recorded("old")},
            NO_KEY,
            False,
            id="equal to the live text without a key",
        ),
        pytest.param({"token": secret()}, {}, {"token": recorded()}, KEY, False, id="equal to what was recorded"),
        pytest.param({"token": secret()}, {}, {"token": recorded("old")}, KEY, True, id="unlike what was recorded"),
        pytest.param(
            {"name": secret()}, {}, {"name": recorded()}, KEY, False, id="not returned, equal to what was recorded"
        ),
        pytest.param(
            {"name": secret()},
            {"name": Secret(lambda: TEXT, describe="live")},
            {},
            KEY,
            False,
            id="equal to a hidden live text",
        ),
        pytest.param(
            {"name": secret()}, {"name": recorded()}, {}, KEY, False, id="equal to a digest in the live object's place"
        ),
        pytest.param({"token": secret()}, {}, {"name": "x"}, KEY, True, id="newly declared"),
    ],
)
def test_secrets_are_compared_without_being_seen(
    desired: Any, live: Any, prior: Any, digest: Digest, changed: bool
) -> None:
    found = run(desired, live, prior, digest=digest)
    assert bool([change for change in found.changes if change.path != ("name",) or "name" in desired]) is changed
    assert found.notes == ()
    assert TEXT not in repr(found)


@pytest.mark.parametrize(
    ("desired", "prior", "digest"),
    [
        pytest.param({"token": secret()}, {"token": recorded()}, NO_KEY, id="the key is lost"),
        pytest.param({"token": secret()}, {"token": SecretDigest("")}, KEY, id="it was recorded without a key"),
        pytest.param({"token": secret()}, None, KEY, id="nothing is recorded"),
    ],
)
def test_what_cannot_be_compared_is_told_and_changes_nothing(desired: Any, prior: Any, digest: Digest) -> None:
    found = run(desired, {}, prior, digest=digest)
    assert found.changes == ()
    assert [path for path, _ in found.notes] == [("token",)]


@pytest.mark.parametrize(
    ("desired", "live", "prior"),
    [
        pytest.param({"name": "plain"}, {"name": TEXT}, {"name": recorded()}, id="a secret that became plain"),
        pytest.param({}, {"name": TEXT}, {"name": recorded()}, id="a secret no longer declared"),
        pytest.param({"password": "new"}, {"password": TEXT}, {"password": TEXT}, id="a sensitive attribute"),
        pytest.param(
            {"env": []},
            {"env": [{"name": "a", "value": TEXT}]},
            {"env": [{"name": "a", "value": recorded()}]},
            id="a removed element",
        ),
        pytest.param(
            {"free": ["p", secret("new")]},
            {"free": [TEXT, "p"]},
            {"free": ["p", recorded()]},
            id="a free list in another order",
        ),
        pytest.param(
            {"free": {"a": [secret("new"), 1]}}, {"free": {"a": [0, TEXT, 1]}}, None, id="a free list of another length"
        ),
        pytest.param({"labels": {"b": secret()}}, {"labels": {"a": TEXT}}, None, id="a live text under another name"),
        pytest.param(
            {"name": [1]}, {"name": {"x": TEXT}}, {"name": recorded()}, id="another shape in a secret's place"
        ),
    ],
)
def test_no_side_of_a_secret_is_shown(desired: Any, live: Any, prior: Any) -> None:
    found = run(desired, live, prior)
    assert found.changes
    assert TEXT not in repr(found)
    assert any(
        SENSITIVE in (change.recorded, change.live, change.planned) or "sensitive" in repr(change)
        for change in found.changes
    )


def test_a_secret_whose_source_is_missing_is_not_compared() -> None:
    from wlinfra.errors import ConfigurationError

    def fetch() -> str:
        raise ConfigurationError.of("Secret not found", "There is no variable.")

    found = run({"token": Secret(fetch, describe="x")}, {}, {"token": recorded()})
    assert (found.changes, len(found.notes)) == ((), 1)


def test_a_long_list_with_an_insert_at_the_front_reports_one_change() -> None:
    live = [{"metric": str(index), "target": index} for index in range(10_000)]
    found = run({"policies": [{"metric": "new"}, *live], "free": [0, *live]}, {"policies": live, "free": live})
    assert paths(found) == ["policies[0]", "free[0]"]


def test_free_lists_that_differ_in_the_middle_are_told_apart_element_by_element() -> None:
    desired = {"free": {"rules": [{"a": 1}, {"b": 2}, {"c": 3}, {"z": 9}]}}
    live = {"free": {"rules": [{"a": 1}, {"b": 5}, {"z": 9}]}}
    assert all(path.startswith("free.rules[") for path in paths(run(desired, live)))
    assert "[0]" not in repr(paths(run(desired, live)))
