"""A secret at any place of an artifact or a workload: it is sent, and its text is in no journal, record or report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.api_client import ApiClient
from support.positions import ARTIFACTS, WITH_ARTIFACT, WORKLOADS, Place, at, places, put
from support.pulumi_engine import ARTIFACT, WORKLOAD, Engine, server, text_of

from wlinfra.pulumi.bridge.paths import differences
from wlinfra.pulumi.contract import SecretValue
from wlinfra.values import UNKNOWN
from wlinfra_datarobot.emulator import DataRobotEmulator

CANARY = "canary-7f3a9c"
NUMBER = 48613
NUMBERS = re.compile(r"(?<![\w.-])486[1-4]\d(?:\.0)?(?![\w.-])")
NAMES = {"name", "platformName"}
"""What a resource is called is shown."""
LEFT_OUT = {"repository", "tags", "priority", "security", "STORED"}
"""What the emulator refuses, or takes only with something stored there first."""
PART = 24
"""The gate takes every twenty-fourth place."""


def without(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: without(item) for key, item in value.items() if key not in LEFT_OUT}
    return [without(item) for item in value] if isinstance(value, list) else value


def declared(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in without(properties).items() if key not in NAMES}


def cases(part: int) -> list[tuple[str, dict[str, Any], Place]]:
    declarations = [(ARTIFACT, declared(one)) for one in ARTIFACTS if "codeRef" not in str(one)]
    declarations += [(WORKLOAD, {**declared(one), "artifact": server()}) for one in (*WORKLOADS, *WITH_ARTIFACT)]
    found = [(kind, properties, place) for kind, properties in declarations for place in places(properties)]
    return found[::part]


def with_canaries(engine: Engine, kind: str, properties: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """Return the properties with as many canaries at and below the place as the declaration takes."""
    subject, given = engine.subject(kind, "tried"), dict(properties)
    below = [one for one in places(properties) if one[: len(place)] == place and "bundles" not in one]
    for number, inner in enumerate(below):
        leaf = at(given, inner)
        for other in (f"{CANARY}-{number}", NUMBER + number):
            tried = put(given, inner, other) if type(other) is type(leaf) else given
            given = given if engine.bridge.check(subject, None, tried).failures else tried
    return given


def shown(engine: Engine, folder: Path, kind: str) -> str:
    """Return all that is in the journal, in the record and in what was reported."""
    kept = [path for path in folder.rglob("*") if path.is_file() and "lock" not in path.name]  # which has process ids
    files = [path.read_text(errors="replace") for path in kept]
    record = text_of({"record": engine.recorded(kind, "it").outputs["record"]})
    return "\n".join((*files, record, *engine.lines))


def created(engine: Engine, tmp_path: Path, part: int) -> int:
    """Create a resource with a secret at each place; return how many had a canary."""
    found = 0
    for index, (kind, properties, place) in enumerate(cases(part)):
        engine.provider_id = f"6f9619ff-8b86-d011-b42d-{index:012}"
        engine.restart()
        given = with_canaries(engine, kind, properties, place)
        engine.lines.clear()
        value = at(given, place)
        inputs = put(given, place, SecretValue(value))
        assert engine.up(kind, "it", inputs) == "create", place
        assert engine.up(kind, "it", inputs) == "same", place
        folder = tmp_path / "pulumi/wlinfra/shop/dev" / engine.provider_id
        assert folder.is_dir()
        text = shown(engine, folder, kind)
        assert CANARY not in text, place
        assert not NUMBERS.search(text), place
        found += CANARY in str(value) or bool(NUMBERS.search(str(value)))
        assert engine.up(kind, "it", given) == "same", place
        engine.destroy(kind, "it")
    return found


def test_a_secret_at_any_place_is_in_no_file_record_or_report(engine: Engine, tmp_path: Path) -> None:
    assert created(engine, tmp_path, PART) > 5


@pytest.mark.nightly
def test_a_secret_at_every_place_is_in_no_file_record_or_report(engine: Engine, tmp_path: Path) -> None:
    assert created(engine, tmp_path, 1) > 80


def test_a_secret_that_changes_is_sent_and_what_it_was_is_known(
    engine: Engine, emulator: DataRobotEmulator, tmp_path: Path
) -> None:
    inputs = server(description=SecretValue(CANARY))
    engine.up(ARTIFACT, "it", inputs)
    engine.restart()
    found = engine.diff(ARTIFACT, "it", server(description=SecretValue(f"{CANARY}-2")))
    assert [item.path for item in found.differences] == ["description"]
    assert engine.up(ARTIFACT, "it", server(description=SecretValue(f"{CANARY}-2"))) == "update"
    engine.restart()
    assert engine.up(ARTIFACT, "it", server(description=SecretValue(f"{CANARY}-2"))) == "same"
    assert CANARY not in shown(engine, tmp_path / "pulumi", ARTIFACT)
    recorded = engine.recorded(ARTIFACT, "it")
    seen = engine.bridge.read(engine.subject(ARTIFACT, "it"), recorded, 0)
    assert seen is not None
    assert list(differences(dict(seen.inputs), dict(recorded.inputs))) == []
    assert CANARY not in text_of({"record": seen.outputs["record"]})
    made = recorded.outputs["artifactId"]
    client = ApiClient(emulator.url)
    assert client.call("GET", f"/artifacts/{made}").body["description"] == f"{CANARY}-2"
    engine.restart()
    engine.destroy(ARTIFACT, "it")
    assert client.call("GET", f"/artifacts/{made}").status == 404


def test_an_unknown_value_has_the_strongest_effect_it_may_have(engine: Engine) -> None:
    inputs = {"artifact": server(), "replicas": 1, "bundles": ["cpu.small"], "description": "Chats."}
    engine.up(WORKLOAD, "it", inputs)
    recorded, subject = engine.recorded(WORKLOAD, "it"), engine.subject(WORKLOAD, "it")
    for place in (("replicas",), ("artifact", "containers", 0, "image")):
        news = put(inputs, place, UNKNOWN)
        assert [item.path for item in engine.diff(WORKLOAD, "it", news).differences]
        outputs = engine.bridge.preview_update(subject, recorded, news, ())
        assert outputs["endpoint"] == recorded.outputs["endpoint"]
        assert "roll" in engine.lines[-1]
