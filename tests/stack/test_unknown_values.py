"""A tool's declaration may have an unknown value, or a secret, at every attribute and every level."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from support.positions import MODELS, WORKLOADS, Place, at, attributes_at, attributes_of, places, put

import wlinfra as wl
from wlinfra.errors import DeclarationError
from wlinfra.resources.model import Model
from wlinfra.stack.form import build
from wlinfra.values import UNKNOWN, Secret

PLACES = 236
"""Attributes, elements and what holds them, in declarations that have every attribute of every model."""


def cases() -> Iterator[tuple[type[Model], Mapping[str, Any], Place]]:
    for model, declarations in MODELS.items():
        for properties in declarations:
            for place in places(properties):
                yield model, properties, place


def built(model: type[Model], properties: Mapping[str, Any]) -> Model:
    own = wl.Artifact("server", containers=[wl.Container(image="a:1", port=8080)])
    return build(
        model, {"artifact": own, **properties} if "artifact" not in properties and model is wl.Workload else properties
    )


def test_the_declarations_have_every_attribute() -> None:
    for model, declarations in MODELS.items():
        found = {
            name for properties in declarations for place in places(properties) for name in attributes_at(model, place)
        }
        assert attributes_of(model) - found <= {"Manifest.platform_name"}, model.__name__


def test_an_unknown_value_may_stand_at_every_place() -> None:
    taken = [built(model, put(properties, place, UNKNOWN)).is_incomplete for model, properties, place in cases()]
    print(f"{sum(taken)} of {len(taken)} places take an unknown value")
    assert all(taken)
    assert len(taken) == PLACES


def test_it_may_stand_there_after_the_models_were_used_by_themselves() -> None:
    wl.Container(image="a:1", port=8080, readiness=wl.Probe(path="/"))
    made = build(
        wl.Artifact,
        {"name": "server", "containers": [{"image": UNKNOWN, "readiness": {"path": UNKNOWN}, "port": 8080}]},
    )
    (container,) = made.containers
    assert [container.image, getattr(container.readiness, "path", "")] == [UNKNOWN, UNKNOWN]


def test_a_secret_may_stand_at_every_place_and_is_not_shown() -> None:
    for model, properties, place in cases():
        value = at(properties, place)
        made = built(model, put(properties, place, secret(value)))
        if isinstance(value, str) and len(value) > 12:
            assert value not in repr(made), place


def test_a_secret_that_is_wrong_is_not_quoted() -> None:
    told = []
    for model, properties, place in cases():
        for wrong in ("canary-\0", {"canary": ["canary"]}, -98765):
            told.append(refusal(model, put(properties, place, secret(wrong))))
    assert sum(map(bool, told)) > PLACES
    assert not [text for text in told if "canary" in text or "98765" in text]


def refusal(model: type[Model], properties: Mapping[str, Any]) -> str:
    try:
        built(model, properties)
    except DeclarationError as error:
        return str(error)
    return ""


def secret(value: Any) -> Secret:
    return Secret(lambda: value, describe="a test")


def test_what_is_known_is_checked_beside_what_is_not() -> None:
    containers = [{"image": UNKNOWN, "port": "8080"}]
    with pytest.raises(DeclarationError, match=r"containers\[0\].port"):
        build(wl.Artifact, {"name": "server", "containers": containers})
    with pytest.raises(DeclarationError, match="Did you mean image"):
        build(wl.Artifact, {"name": "server", "containers": [{"imgae": UNKNOWN, "port": 8080}]})


def test_a_rule_between_known_values_is_told_beside_an_unknown_one() -> None:
    with pytest.raises(DeclarationError, match="either fixed or left to autoscaling"):
        build(wl.Workload, {**WORKLOADS[1], "replicas": 2, "importance": UNKNOWN})


def test_a_rule_that_an_unknown_value_may_keep_is_left_out() -> None:
    policy = {"metric": "cpuAverageUtilization", "target": 70, "min": UNKNOWN, "max": 3}
    assert build(wl.Workload, {"name": "chat", "artifact": "65f0", "autoscaling": [policy]}).is_incomplete


@pytest.mark.parametrize("option", ["name", "protect", "timeouts", "dependsOn", "replaceOn"])
def test_what_decides_how_the_plan_is_made_must_be_known(option: str) -> None:
    with pytest.raises(DeclarationError, match="not known when planning"):
        build(wl.Workload, {**WORKLOADS[0], option: UNKNOWN})


def test_the_models_stay_strict() -> None:
    with pytest.raises(DeclarationError, match="must be an integer"):
        wl.Workload("chat", artifact="65f0", replicas=UNKNOWN)  # type: ignore[arg-type]
    with pytest.raises(DeclarationError):
        wl.from_form(wl.Workload, {"name": "chat", "artifact": "65f0", "replicas": {"$unknown": {}}})
