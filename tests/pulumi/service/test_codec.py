"""Property values survive the way through the service, whatever is secret, unknown or both."""

from __future__ import annotations

import math
from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st
from support.pulumi_fake_bridge import shown

from wlinfra.pulumi.contract import SecretValue
from wlinfra.pulumi.service.codec import SENTINEL, SIGNATURE, decode, encode, find_assets
from wlinfra.values import UNKNOWN, Secret

SECRET = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
SENTINELS = (
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
)


def wire(value: Any) -> Struct:
    """Return a property ``x`` as JSON has it, without the codec."""
    struct = Struct()
    struct.update({"x": value})
    return struct


def wire_trees() -> st.SearchStrategy[Any]:
    """Trees as the engine sends them to a provider that takes secrets."""
    leaves = (
        st.none()
        | st.booleans()
        | st.text(max_size=8)
        | st.floats(allow_nan=False)
        | st.integers(-(2**53), 2**53).map(float)
        | st.just(SENTINEL)
    )

    def grow(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        secret = inner.map(lambda value: {SIGNATURE: SECRET, "value": value})
        asset = st.just({SIGNATURE: ASSET, "text": "hello"}) | st.just({SIGNATURE: ARCHIVE, "path": "./x"})
        return st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3) | secret | asset

    return st.recursive(leaves, grow, max_leaves=20)


@given(wire_trees())
def test_what_the_engine_sends_comes_back_as_it_was(tree: Any) -> None:
    struct = wire(tree)
    assert encode(decode(struct)).SerializeToString(deterministic=True) == struct.SerializeToString(deterministic=True)


@pytest.mark.parametrize("sentinel", SENTINELS)
def test_what_is_not_known_is_unknown_whatever_its_type_would_be(sentinel: str) -> None:
    read = decode(wire({"a": [sentinel, {"b": sentinel}]}))["x"]
    assert read["a"][0] is UNKNOWN
    assert read["a"][1]["b"] is UNKNOWN
    assert encode({"x": UNKNOWN}).fields["x"].string_value == SENTINEL


def test_secrets_hold_what_is_unknown_and_what_is_unknown_can_stand_beside_secrets() -> None:
    secret = {SIGNATURE: SECRET, "value": SENTINEL}
    tree = {SIGNATURE: SECRET, "value": {"token": "s3cret", "later": SENTINEL, "inner": secret}}
    read = decode(wire([secret, tree]))["x"]
    assert shown(read) == [
        ("secret", UNKNOWN),
        ("secret", {"token": "s3cret", "later": UNKNOWN, "inner": ("secret", UNKNOWN)}),
    ]


@pytest.mark.parametrize("value", [None, True, 7, "text", [1, "a"], {"a": 1}])
def test_a_secret_may_be_a_value_of_any_kind(value: Any) -> None:
    read = decode(wire({SIGNATURE: SECRET, "value": value}))["x"]
    assert isinstance(read, SecretValue)
    assert read.value == value
    assert str(read) == "(sensitive value)"


def test_a_secret_of_the_core_is_sent_as_a_secret() -> None:
    sent = encode({"x": Secret(lambda: "s3cret", describe="a test")})
    assert sent == wire({SIGNATURE: SECRET, "value": "s3cret"})


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({SIGNATURE: OUTPUT}, UNKNOWN),
        ({SIGNATURE: OUTPUT, "value": 3, "dependencies": ["urn:a"]}, 3),
        ({SIGNATURE: OUTPUT, "value": "a", "secret": True}, ("secret", "a")),
        ({SIGNATURE: OUTPUT, "secret": True}, ("secret", UNKNOWN)),
        ({SIGNATURE: OUTPUT, "value": "a", "secret": False}, "a"),
        ({SIGNATURE: RESOURCE, "urn": "urn:a", "id": "id-1", "packageVersion": "1.0.0"}, "id-1"),
        ({SIGNATURE: RESOURCE, "urn": "urn:a", "id": SENTINEL}, UNKNOWN),
        ({SIGNATURE: RESOURCE, "urn": "urn:a", "id": ""}, UNKNOWN),
        ({SIGNATURE: RESOURCE, "urn": "urn:a"}, "urn:a"),
        ({SIGNATURE: "a signature of later engines", "a": 1}, {SIGNATURE: "a signature of later engines", "a": 1}),
    ],
)
def test_outputs_and_resources_are_their_values(sent: Any, read: Any) -> None:
    assert shown(decode(wire(sent))["x"]) == read


@pytest.mark.parametrize(
    ("number", "kind"), [(3.0, int), (0.0, int), (-2.0, int), (2.5, float), (2.0**53, int), (1e300, float)]
)
def test_numbers_without_a_fraction_are_integers_as_far_as_they_are_exact(number: float, kind: type) -> None:
    read = decode(wire(number))["x"]
    assert type(read) is kind
    assert read == number


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_reach_the_check_as_they_are(number: float) -> None:
    read = decode(wire(number))["x"]
    assert repr(read) == repr(number)
    assert repr(encode({"x": read}).fields["x"].number_value) == repr(number)


def test_half_a_letter_of_a_platform_does_not_end_the_answer() -> None:
    assert encode({"x": "a\udce9"}).fields["x"].string_value == "a?"


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match="object is no property value"):
        encode({"x": object()})


def test_assets_are_found_wherever_they_are() -> None:
    asset = {SIGNATURE: ASSET, "text": "hello"}
    tree = {"a": [1, asset], "b": {"c.d": {SIGNATURE: SECRET, "value": {"e": asset}}}, "f": {SIGNATURE: ARCHIVE}}
    assert sorted(find_assets(decode(wire(tree))["x"])) == ["a[1]", 'b["c.d"].e', "f"]
