"""Whatever is declared comes back from its JSON: the same attributes, the same references, and the same set declared."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.generated_stacks import sketches

import wlinfra as wl
from wlinfra.resources.base import Resource


@pytest.mark.parametrize("dialect", ["2026-10", "2026-06"])
def test_declared_to_json_to_declared_is_the_identity(dialect: str, capsys: pytest.CaptureFixture[str]) -> None:
    counts: Counter[str] = Counter()

    @settings(
        max_examples=120,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def law(data: st.DataObject) -> None:
        known: dict[str, Resource] = {}
        for resource in data.draw(sketches(dialect)).resources():
            form = wl.to_form(resource)
            again = wl.from_form(type(resource), json.loads(json.dumps(form)), resources=known)
            assert (again.address, wl.to_form(again)) == (resource.address, form)
            assert again.__pydantic_fields_set__ == resource.__pydantic_fields_set__
            known[resource.address] = again
            counts[resource.type] += 1

    law()
    with capsys.disabled():
        print(f"\ndeclared forms, {dialect}: {dict(counts)}")
    assert counts.total() >= 250
