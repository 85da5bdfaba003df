"""An Output at any place of a declaration changes that place alone, whether it is known, unknown or secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pytest
from support.positions import MODELS, Place, at, places, put
from support.pulumi_programs import UNKNOWN, Hidden, run

import pulumi_wlinfra as wlinfra
import wlinfra as wl
from pulumi_wlinfra._base import Declared
from pulumi_wlinfra._values import from_wire
from pulumi_wlinfra.kubernetes import Manifest as PulumiManifest
from wlinfra.resources.model import Model
from wlinfra_kubernetes import Manifest

CLASSES: Mapping[type[Model], type[Declared]] = {
    wl.Artifact: wlinfra.Artifact,
    wl.Workload: wlinfra.Workload,
    Manifest: PulumiManifest,
}
KINDS: Mapping[str, tuple[Callable[[Any], pulumi.Output[Any]], Callable[[Any], Any]]] = {
    "known": (pulumi.Output.from_input, lambda value: value),
    "unknown": (lambda value: pulumi.Output.from_input(pulumi.UNKNOWN), lambda value: UNKNOWN),
    "secret": (pulumi.Output.secret, Hidden),
}


def cases(model: type[Model]) -> list[tuple[Mapping[str, Any], Place]]:
    found = [{**properties} for properties in MODELS[model]]
    for properties in found:
        properties.pop("name" if model is Manifest else "platformName", None)
    return [(properties, place) for properties in found for place in places(properties)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", CLASSES, ids=lambda model: model.__name__)
def test_an_output_at_any_place_changes_that_place_alone(model: type[Model], kind: str) -> None:
    made, sent_as = KINDS[kind]
    kind_of, tried = CLASSES[model], cases(model)

    def program() -> None:
        for number, (properties, place) in enumerate(tried):
            given = put(properties, place, made(from_wire(at(properties, place), "")))
            kind_of.declare(f"r{number}", from_wire(given, kind_of._shape), None)

    sent = run(program, preview=kind == "unknown")
    assert len(tried) > 10
    for number, (properties, place) in enumerate(tried):
        expected = put(properties, place, sent_as(at(properties, place)))
        assert sent[f"r{number}"].properties == expected, place
