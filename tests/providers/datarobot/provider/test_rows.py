"""One row is all that an attribute needs: it is written, compared, checked by version, and declared again."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

import wlinfra as wl
from wlinfra.provider import Attribute, Effect
from wlinfra.resources.fields import Whole, attribute
from wlinfra_datarobot.attributes.artifact import ARTIFACT_ROWS
from wlinfra_datarobot.attributes.dialects import DIALECTS
from wlinfra_datarobot.attributes.rows import Requirement, Row, Shape
from wlinfra_datarobot.attributes.workload import WORKLOAD_ROWS

ROOT = Path(__file__).parents[4]
OLD, NEW = DIALECTS["2026-06"], DIALECTS["2026-10"]


class Burstable(wl.Workload):
    """A workload with an attribute that the platform might get one day."""

    burst_seconds: Whole | None = attribute(None, "How long it may burst.")


BURST = Row(
    declared="burst_seconds",
    wire="limits.burstSeconds",
    attribute=Attribute(effect=Effect.ROLLS, default=0),
    need=Requirement(has=lambda dialect: dialect is NEW, what="bursts", neutral=(None, 0)),
)
ROWS = Shape(rows=(*WORKLOAD_ROWS.rows, BURST))


def test_a_new_attribute_takes_its_class_and_one_row() -> None:
    workload = Burstable(name="chat", artifact="65f0c0ffee0123456789abcd", burst_seconds=5)
    written = ROWS.written(workload)
    assert written["limits"] == {"burstSeconds": 5}
    compared = ROWS.schema().fields["limits"].fields["burstSeconds"]  # type: ignore[index]  # the row made both
    assert (compared.effect, compared.default) == (Effect.ROLLS, 0)
    assert ROWS.sent(written, NEW) == (written, [])
    sent, gaps = ROWS.sent(written, OLD)
    assert (sent["limits"], [gap.fix for gap in gaps]) == ({}, ["Leave burst_seconds out."])
    assert Burstable(name="chat", **ROWS.declared(written)).burst_seconds == 5


def test_every_declared_attribute_has_a_row() -> None:
    options = set(wl.Resource.model_fields) - {"platform_name"}
    short = {"replicas", "autoscaling", "bundles", "cpu", "memory", "gpu", "allocations"}  # of the one group's runtime
    artifact = {row.declared for _, _, row in ARTIFACT_ROWS.paths()}
    workload = {row.declared for _, _, row in WORKLOAD_ROWS.paths()}
    assert set(wl.Artifact.model_fields) - options <= artifact
    assert set(wl.Workload.model_fields) - options - workload - short == {"tags"}  # which no documented call writes


def test_what_only_the_platform_sets_is_never_sent() -> None:
    spec = {"spec": {"type": "service", "containerGroups": [{"containers": [{"name": "main", "build": {}, "x": 1}]}]}}
    sent, _ = ARTIFACT_ROWS.sent(spec, NEW)
    assert sent == {"spec": {"containerGroups": [{"containers": [{"name": "main", "x": 1}]}]}}


@pytest.mark.parametrize("word", ["successThreshold", "burstSeconds"])
def test_the_emulator_takes_nothing_from_the_rows(word: str) -> None:
    emulator = ROOT / "providers" / "wlinfra_datarobot" / "emulator"
    assert not any(
        "attributes" in path.read_text() and "from ..attributes" in path.read_text() for path in emulator.glob("*.py")
    )
    assert any(word in path.read_text() for path in emulator.glob("*.py")) is (word == "successThreshold")


def test_the_reference_page_says_what_the_rows_say() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "reference_datarobot.py"))
    written = (ROOT / "docs" / "datarobot-attributes.md").read_text(encoding="utf-8")
    assert written == script["render"](), "run python scripts/reference_datarobot.py"
