from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wlinfra as wl
from wlinfra.resources.base import references
from wlinfra.values import Template, find_refs, parse_template, resolve_refs

texts = st.text(
    st.characters(exclude_characters="${}#", exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), max_size=20
)
names = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,20}", fullmatch=True)


class Bucket(wl.Resource):
    """What a provider's own package may define."""

    type = "bucket"

    region: str = "eu"

    @property
    def url(self) -> wl.Ref:
        return self.ref("url")


@given(texts, names, texts)
def test_a_reference_survives_an_f_string(before: str, name: str, after: str) -> None:
    chat = wl.Workload(name, artifact="65f0")
    parsed = parse_template(f"{before}{chat.endpoint}{after}{chat.id}")
    assert [ref.key for ref in find_refs(parsed)] == [(chat.address, "endpoint"), (chat.address, "id")]
    known = {(chat.address, "endpoint"): "https://x", (chat.address, "id"): "7"}
    assert resolve_refs(parsed, known) == f"{before}https://x{after}7"


CHAT = wl.Workload("chat", artifact="65f0")


@pytest.mark.parametrize(
    "use",
    [
        bool,
        lambda ref: ref == "https://x",
        lambda ref: ref < "x",
        lambda ref: ref + "/v1",
        lambda ref: "https://" + ref,
        int,
        list,
        lambda ref: f"{ref:>10}",
    ],
    ids=["truth", "equality", "order", "plus", "right plus", "number", "loop", "format"],
)
def test_using_a_reference_as_a_value_is_refused_with_advice(use: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError, match=r"workload\.chat\.endpoint is known .*after apply"):
        use(CHAT.endpoint)


def test_a_resource_stands_for_its_id() -> None:
    bucket = Bucket(name="models")
    workload = wl.Workload("chat", artifact=bucket)
    assert isinstance(workload.artifact, wl.Ref)
    assert workload.artifact.key == ("bucket.models", "id")


def test_a_resource_of_another_package_declares_like_any_other() -> None:
    with wl.scope("payments"), wl.scope("eu"):
        bucket = Bucket(name="models", region="us", retain=True)
    assert (bucket.address, bucket.url.key, bucket.lifecycle.retain) == (
        "payments.eu.bucket.models",
        ("payments.eu.bucket.models", "url"),
        True,
    )
    assert bucket.location is not None
    assert bucket.location.file.endswith("test_references.py")


def test_references_are_found_wherever_they_stand() -> None:
    bucket = Bucket(name="models")
    container = wl.Container(
        image="a",
        port=8080,
        env={"URL": f"{bucket.url}/x", "KEY": wl.credential(bucket.ref("key"), "password")},
        entrypoint=["serve", bucket.url],
        readiness=wl.Probe(path="/", headers={"X-Bucket": bucket.ref("name")}),
    )
    found = references(wl.Artifact("server", containers=[container], repository=bucket.ref("repository")))
    assert [type(item).__name__ for item in found] == ["Artifact"]
    attributes = [
        item.attribute
        for artifact in found
        if isinstance(artifact, wl.Artifact)
        for item in artifact.references()
        if isinstance(item, wl.Ref)
    ]
    assert attributes == ["url", "key", "url", "name", "repository"]


def test_a_reference_must_not_stand_where_the_plan_needs_the_value() -> None:
    with pytest.raises(wl.DeclarationError, match="Reference not allowed here"):
        wl.Workload("other", artifact="65f0", platform_name=f"{CHAT.id}")


def test_a_lookup_offers_every_output_as_a_reference() -> None:
    gateway = wl.lookup("workload", name="Gate way 2", project="p1")
    assert (gateway.address, gateway.lookup, gateway.platform_name, gateway.filters) == (
        "lookup.workload.Gate-way-2",
        True,
        "Gate way 2",
        {"project": "p1"},
    )
    assert gateway.anything.key == ("lookup.workload.Gate-way-2", "anything")


def test_a_lookup_is_by_name_or_by_id() -> None:
    with pytest.raises(wl.DeclarationError, match="either by its name or by its id"):
        wl.lookup("workload")


def test_an_output_keeps_references_and_refuses_open_secrets() -> None:
    output = wl.Output("all", {"url": f"{CHAT.endpoint}/v1", "id": CHAT, "n": 1})
    assert isinstance(output.value["url"], Template)
    assert [ref.attribute for ref in find_refs(output.value)] == ["endpoint", "id"]
    assert wl.Output("token", wl.secret_env("T"), sensitive=True).sensitive
    with pytest.raises(wl.DeclarationError, match="Secret in an output"):
        wl.Output("token", {"a": [wl.secret_env("T")]})


def test_a_bad_scope_is_refused() -> None:
    with pytest.raises(wl.DeclarationError, match="Bad scope name"), wl.scope("a.b"):
        pass
