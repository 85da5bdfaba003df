from __future__ import annotations

from typing import Any

import pytest

from wlinfra.diff.model import SENSITIVE
from wlinfra.diff.patterns import parse_pattern
from wlinfra.diff.project import keep_ignored, mask, project, redact
from wlinfra.diff.schema import Attribute, fields
from wlinfra.quantities import memory_bytes
from wlinfra.state.key import Digest
from wlinfra.state.model import SecretDigest
from wlinfra.values import UNKNOWN, Address, Ref, Secret

KEY = Digest(b"0123456789abcdef")
SECRET = Secret(lambda: "canary-text", describe="a test")
REF = Ref(Address("a.b"), "id")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        ("5", 5),
        ("512MB", 512_000_000),
        ("1.5GB", 1_500_000_000),
        ("1Ki", 1024),
        ("2GiB", 2 * 1024**3),
        ("2 gb", 2_000_000_000),
        ("lots", "lots"),
        ("1XB", "1XB"),
        (None, None),
    ],
)
def test_memory_is_a_number_of_bytes(value: Any, expected: Any) -> None:
    assert memory_bytes(value) == expected


def test_only_managed_paths_are_projected() -> None:
    schema = Attribute(
        fields=fields(
            memory=Attribute(normalize=memory_bytes),
            status=Attribute(computed=True),
            group=Attribute(fields=fields(a=Attribute(), b=Attribute())),
            env=Attribute(keyed_by="name", items=Attribute(fields=fields(name=Attribute(), value=Attribute()))),
            tags=Attribute(items=Attribute(), unordered=True),
        )
    )
    live = {
        "memory": "1MB",
        "status": "up",
        "group": {"a": 1, "b": 2},
        "env": [{"name": "y", "value": 1}, {"name": "x", "at": 3}],
        "tags": ["b", "a"],
        "other": 1,
    }
    managed = {
        "memory": 1,
        "status": "x",
        "group": {"a": 5},
        "env": [{"name": "y", "value": 2}, {"name": "x"}],
        "tags": [],
    }
    assert project(live, managed, schema) == {
        "env": [{"name": "x"}, {"name": "y", "value": 1}],
        "group": {"a": 1},
        "memory": 1_000_000,
        "status": None,
        "tags": ["a", "b"],
    }


def test_secrets_are_recorded_as_keyed_digests() -> None:
    assert redact({"a": [SECRET, "b"]}, KEY) == {"a": [SecretDigest(KEY("canary-text")), "b"]}
    assert redact(SECRET, Digest()) == SecretDigest("")


@pytest.mark.parametrize("leaf", [REF, UNKNOWN], ids=repr)
def test_what_is_not_known_yet_cannot_be_recorded(leaf: Any) -> None:
    with pytest.raises(ValueError, match="not known yet"):
        redact({"a": leaf}, KEY)


def test_values_are_shown_without_secrets_and_without_copies() -> None:
    plain = {"x": [1, {"y": 2}]}
    assert mask(plain) is plain
    shown = mask(
        {"a": SECRET, "b": [REF, SecretDigest("x")], "c": "hidden", "d": plain},
        Attribute(fields=fields(c=Attribute(sensitive=True))),
    )
    assert shown == {"a": SENSITIVE, "b": [UNKNOWN, SENSITIVE], "c": SENSITIVE, "d": plain}


ENV = Attribute(fields=fields(env=Attribute(keyed_by="name", items=Attribute())))


@pytest.mark.parametrize(
    ("ignored", "expected"),
    [
        ("a", {"a": "live", "list": [1, 2], "env": [{"name": "x", "value": "new"}]}),
        ("list[1]", {"a": "new", "list": [1, 9], "env": [{"name": "x", "value": "new"}]}),
        ("env.x.value", {"a": "new", "list": [1, 2], "env": [{"name": "x", "value": "live"}]}),
        ("extra", {"a": "new", "list": [1, 2], "env": [{"name": "x", "value": "new"}], "extra": 5}),
        ("missing", {"a": "new", "list": [1, 2], "env": [{"name": "x", "value": "new"}]}),
    ],
)
def test_calls_send_the_live_value_on_ignored_paths(ignored: str, expected: Any) -> None:
    desired = {"a": "new", "list": [1, 2], "env": [{"name": "x", "value": "new"}]}
    live = {"a": "live", "list": [8, 9], "env": [{"name": "y"}, {"name": "x", "value": "live"}], "extra": 5}
    assert keep_ignored(desired, live, [parse_pattern(ignored)], ENV) == expected


def test_a_live_secret_on_an_ignored_path_stays_hidden() -> None:
    kept = keep_ignored({"env": {"token": SECRET}}, {"env": {"token": "live-canary"}}, [("env",)])
    assert "live-canary" not in repr(kept)
    assert kept["env"]["token"].reveal() == "live-canary"


def test_a_live_secret_deep_in_a_value_without_a_schema_is_projected_as_its_text() -> None:
    live = {"containers": [{"env": [{"name": "TOKEN", "value": SECRET}], "port": 8080}]}
    assert project(live, live, Attribute()) == {
        "containers": [{"env": [{"name": "TOKEN", "value": "canary-text"}], "port": 8080}]
    }
